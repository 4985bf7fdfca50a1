"""A forecaster that is fitted on shards: statistics file by file, then training on the samples of each in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.frames import FrameKind
from penstock.data.panel import Panel
from penstock.data.shards import Shards
from penstock.engines.task import SharedPanel
from penstock.errors import OptionError
from penstock.forecaster.common import Common, CommonOfParts
from penstock.forecaster.prepared import Prepared
from penstock.forecaster.streams import Streams
from penstock.options import check_options
from penstock.training.config import TrainSpec
from penstock.training.history import Trained
from penstock.training.progress import with_progress_bar
from penstock.training.shard_samples import ShardSamples, room_in
from penstock.training.shards import train_shards
from penstock.values import storable

__all__ = ["ShardFits"]

KEPT = 1000
"""Series, spread over all files, whose last rows a fit on shards keeps: intervals are taken from their tails."""


class ShardFits(Streams):
    """What :class:`penstock.forecaster.Forecaster` does with shards."""

    def prepare(self, train_panel: Panel, validation: Panel | None = None, common: Common | None = None) -> Prepared:
        """Cut samples from panels, as :class:`penstock.forecaster.Forecaster` does."""
        raise NotImplementedError

    def finish(self, prepared: Prepared, trained: Trained) -> None:
        """Keep what was prepared and what training gave, as :class:`penstock.forecaster.Forecaster` does."""
        raise NotImplementedError

    def spec(self, prepared: Prepared, series: int) -> TrainSpec:
        """Return what is trained on prepared samples of so many series, and how."""
        config = self._train_config(gaps=prepared.reader.gaps)
        return TrainSpec(self.network, config, prepared.samples.source.widths, self.outputs(series))

    def _fit_shards(self, shards: Shards, callbacks: Sequence[Any]) -> None:
        check_options(self)
        self._check_shards(shards)
        with TemporaryDirectory(prefix="penstock-shards-") as folder:
            read = _Reading(self, shards, Path(folder))
            common = read.common()
            samples = read.samples(common)
            self.require_tail(tails=sum(samples.validation) > 0)
            kept = read.kept()
            prepared = self.prepare(kept, common=replace(common, whole=False))
            spec = self.spec(prepared, len(kept))
            trained = self._read_weights(spec.inputs, spec.outputs) or train_shards(
                spec,
                samples,
                epochs=self.epochs,
                members=self.members,
                seed=self.seed,
                callbacks=with_progress_bar(callbacks, self.progress),
            )
        self.finish(prepared, trained)
        self.ids_, self.kind_, self.fitted_options_ = kept.ids, read.kind(), self.get_params()
        self.tail_ = kept.last(self.rows_kept)
        self.shards_ = {"files": len(shards), "series": read.series, "rows": read.rows}

    def _shard_notes(self) -> list[str]:
        """Say what a fit on shards keeps of its series."""
        if self.shards_ is None or len(self.ids_) == self.shards_["series"]:
            return []
        kept, series = len(self.ids_), self.shards_["series"]
        return [f"the last rows of {kept:,} of the {series:,} series are kept; intervals are taken from their tails"]

    def _check_shards(self, shards: Shards) -> None:
        """Refuse options that need something of every series at once."""
        if not self.forecasts_new_series:
            raise OptionError(
                f"{self.label}: scale={self.scale!r} keeps numbers of each series; on shards, whose series are not "
                "kept, windows are scaled by themselves: scale='window'."
            )
        if self.balance == "series":
            raise OptionError(f"{self.label}: balance='series' weighs windows by all series; on shards balance='rows'.")
        if shards.columns.id in shards.columns.static:
            raise OptionError(
                f"{self.label}: static={shards.columns.id!r} learns a vector of each series, which shards do not keep; "
                "leave it out."
            )


class _Reading:
    """The files read once, and what is kept of them until training: panels, then samples, in a folder."""

    def __init__(self, model: ShardFits, shards: Shards, folder: Path) -> None:
        self.model, self.shards, self.folder = model, shards, folder
        self.series = self.rows = 0
        self._kept: list[Panel] = []
        self._rhythms: dict[Any, Any] = {}
        self._seen: list[set[Any]] = [set() for _ in shards.columns.static]
        self._first: FrameKind | None = None

    def common(self) -> Common:
        """Read every file; return what holds for all series."""
        model, parts = self.model, CommonOfParts(self.model)
        for place, frame in self.shards.frames():
            panel, kind = self.shards.panel(place, frame, self._first)
            del frame
            with self.shards.naming_file(place):
                kept = np.flatnonzero(model.long_enough(panel))
                panel = panel if len(kept) == len(panel) else panel.with_series(kept)
                model.check_rows(panel)
                model.require_covariates(panel)
                storable(panel.ids, f"the id column {kind.columns.id!r}")
                parts.add(model.with_calendar(panel))
            self._first = self._first or kind
            self.series, self.rows = self.series + len(panel), self.rows + panel.rows
            self._kept.append(panel.with_series(self._examples(panel)))
            self._rhythms |= {name: kind.rhythms.of(name) for name in self._kept[-1].ids}
            with room_in(self.folder):
                self._file(place).write_bytes(SharedPanel(panel, kind).content)
        self.shards.require_whole()
        return parts.common()

    def samples(self, common: Common) -> ShardSamples:
        """Cut the samples of every file, and put them in the folder in the place of its panel."""
        samples = ShardSamples(self.folder)
        for place in range(len(self.shards)):
            panel = SharedPanel.of(self._file(place).read_bytes()).panel
            self._file(place).unlink()
            with self.shards.naming_file(place):
                samples.add(self.model.prepare(panel, common=common).samples)
        return samples

    def _examples(self, panel: Panel) -> NDArray[np.int64]:
        """Choose the series that are kept of a file: some, and the first that has a new static value."""
        count = min(-(-KEPT // len(self.shards)), len(panel))
        chosen = set(np.linspace(0, len(panel) - 1, count).astype(int).tolist())
        for column, seen in zip(panel.static.T.tolist(), self._seen, strict=True):
            for series, value in enumerate(column):
                if value not in seen:
                    seen.add(value)
                    chosen.add(series)
        return np.array(sorted(chosen), dtype=np.int64)

    def kept(self) -> Panel:
        """Return the series that are kept, as one panel."""
        panels = self._kept
        lengths = np.concatenate([panel.lengths for panel in panels])
        by_row: dict[str, Any] = {
            name: np.concatenate([getattr(panel, name) for panel in panels])
            for name in ("y", "times", "past", "known", "filled")
        }
        return replace(
            panels[0],
            **by_row,
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            ids=tuple(name for panel in panels for name in panel.ids),
            static=np.concatenate([panel.static for panel in panels]),
            ahead=np.concatenate([panel.ahead for panel in panels]),
        )

    def kind(self) -> FrameKind:
        """Return how the files were read, with the rhythms of the series that are kept."""
        assert self._first is not None  # noqa: S101 (there is a file)
        common = self._first.rhythms.common
        others = {name: rhythm for name, rhythm in self._rhythms.items() if rhythm not in (None, common)}
        kind = self._first.only(self.model.covariates)
        return replace(kind, rhythms=replace(kind.rhythms, others=others))

    def _file(self, place: int) -> Path:
        return self.folder / f"panel-{place:05}"
