"""What every model does with shards: fit by its own means or not at all, forecast file by file, Parquet to Parquet."""

from __future__ import annotations

import abc
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import described
from penstock.checkpoints import checkpoints, in_words
from penstock.data.columns import Columns
from penstock.data.panel import Panel
from penstock.data.shards import Shards
from penstock.errors import OptionError
from penstock.fitting import check_columns, fitted_places
from penstock.saved import SavedSeries
from penstock.shard_forecasts import ahead_of, forecast_files
from penstock.storage import Arrays

__all__ = ["ShardedSeries"]


class ShardedSeries(SavedSeries, abc.ABC):
    """A model that forecasts shards, and may be fitted on them.

    Attributes
    ----------
    shards_
        Files, series and rows that it was fitted on; None: it was fitted on a frame.
    """

    shards_: dict[str, int] | None = None

    @property
    @abc.abstractmethod
    def label(self) -> str:
        """Short name in tables."""

    @property
    @abc.abstractmethod
    def forecasts_new_series(self) -> bool:
        """Whether series can be forecast that were not among those fitted."""

    def fit_predict(self, shards: Shards, *, out: str | Path, level: float | Sequence[float] = ()) -> list[Path]:
        """Fit a copy on each file of some shards, and forecast the steps after the end of its series.

        For models that fit each series by itself, such as :class:`penstock.Theta`: of the fits nothing is kept.

        Parameters
        ----------
        shards
            The files. Each is fitted by itself; of a model that learns from several series together, such as a network,
            from those of one file.
        out
            Folder of the forecasts, a Parquet file for each file, of the same name; files that are there already are
            not made again.
        level
            Coverage of the intervals that are wanted, in percent.

        Returns
        -------
        The files that hold the forecasts.

        Raises
        ------
        DataError
            Where a file cannot be used, or two hold rows of one series.
        OptionError
            Where `out` holds something else.
        """
        if not isinstance(shards, Shards):
            raise OptionError(f"fit_predict takes shards, not {described(shards)}; of a frame: fit(frame).predict().")
        columns = shards.columns
        names = {"id": columns.id, "time": columns.time, "target": columns.target}
        covariates = {"past": columns.past, "known": columns.known, "static": columns.static}
        if columns.known:
            raise OptionError(
                f"fit_predict does not know the rows ahead of known={list(columns.known)}; leave known= out."
            )

        def forecast(frame: Any, _: int) -> Any:
            fitted: Any = self.clone()
            fitted.fit(frame, **names, **covariates, missing=shards.missing, calendar=shards.calendar)
            return fitted.predict(level=level)

        made_of = f"fitted on each file: {self!r}, level={level}, {columns}, {shards.missing}, {shards.calendar}"
        return forecast_files(shards, out, forecast, made_of, self.label)

    def _fit_from_shards(
        self,
        shards: Shards,
        columns: Columns,
        beside: dict[str, Any],
        callbacks: Sequence[Any],
        checkpoint: Any,
        resume: bool,
        minutes: float,
    ) -> Self:
        """Fit on shards as :meth:`fit` does; refuse arguments that are said where the shards are made."""
        if columns != Columns():
            raise OptionError(
                "the columns of shards are named where they are made: ps.Shards(files, id=..., time=...)."
            )
        beside = {**beside, "missing": None if beside["missing"] == "error" else beside["missing"]}
        if odd := [name for name, value in beside.items() if value is not None]:
            where = "say it where they are made: ps.Shards(files, ...)"
            where = where if odd[0] in ("missing", "calendar") else "leave it out"
            raise OptionError(f"{odd[0]}= stands beside shards; {where}.")
        check_columns(self, shards.columns)
        what = {**in_words([self]), "files": str(len(shards))}
        with checkpoints(checkpoint, resume=resume, minutes=minutes, what=what):
            return self._fit_copy(lambda fitted: fitted._fit_shards(shards, callbacks))

    def _fit_shards(self, shards: Shards, callbacks: Sequence[Any]) -> None:
        """Fit afresh on the files of some shards, one after the other."""
        raise OptionError(
            f"{self.label} is not fitted on shards: it would keep something of every series. Fit and forecast file by "
            "file: model.fit_predict(shards, out='folder'); or fit a Forecaster with scale='window', which keeps none."
        )

    def _predict_shards(self, shards: Shards, out: Any, future: Any, level: Any) -> list[Path]:
        """Forecast every file of some shards into a folder."""
        self._require_fit()
        columns = self.kind_.columns
        if shards.columns != columns:
            raise OptionError(
                f"the shards have {shards.columns}, but the model was fitted with {columns}; give these to ps.Shards."
            )
        if shards.missing != self.kind_.missing:
            raise OptionError(
                f"the shards have missing={shards.missing!r}, but the model was fitted with "
                f"missing={self.kind_.missing!r}; give the same to ps.Shards."
            )
        ahead = None if future is None else ahead_of(shards, future)

        def forecast(frame: Any, place: int) -> Any:
            rows = None if ahead is None else ahead.frame(place)
            return self.predict(frame, future=rows, level=level)  # type: ignore[attr-defined]

        return forecast_files(shards, out, forecast, f"model {self._digest()}, level={level}", self.label, ahead)

    def _digest(self) -> str:
        """Return a hash of the options and of all that was fitted."""
        try:
            description, arrays = self.packed()
        except OptionError:  # no file holds it, such as a loss of the user's own; of this process it is known
            description, arrays = {"model": repr(self)}, self._arrays()
        digest = hashlib.sha256(json.dumps(description, sort_keys=True, default=str).encode())
        for name in sorted(arrays):
            digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
        return digest.hexdigest()[:32]

    def _fitted_series(self, panel: Panel) -> NDArray[np.int64]:
        """Find each series among those fitted; after a fit on shards all are new."""
        if self.shards_ is not None:
            return np.full(len(panel), -1)
        return fitted_places(panel.ids, self.ids_, new=self.forecasts_new_series)

    def _require_rows(self, frame: Any, out: Any) -> None:
        """Refuse to forecast without rows where the model was fitted on shards, and a folder where there are none."""
        if out:
            raise OptionError(
                "out= is the folder of the forecasts of shards; leave it out, and write what is returned."
            )
        if frame is None and self.shards_ is not None:
            raise OptionError(
                f"this {self.label} was fitted on shards, whose rows it does not keep; give the rows: predict(frame), "
                "or predict(ps.Shards(files), out='folder')."
            )

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        described, arrays = super()._extra_state()
        return described | ({} if self.shards_ is None else {"shards": self.shards_}), arrays

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        super()._load_extra(description, arrays)
        held = description.get("shards")
        self.shards_ = None if held is None else {name: int(held[name]) for name in ("files", "series", "rows")}
