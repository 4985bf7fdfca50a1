"""Other people's models in a comparison: objects and functions, and forecasts that were made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.data.columns import Columns
from penstock.data.panel import Panel
from penstock.data.times import show_time
from penstock.errors import DataError
from penstock.estimator import Estimator
from penstock.evaluation.forecast_table import ForecastTable
from penstock.evaluation.subject import FrameRows, audited_model
from penstock.options import option

__all__ = ["GivenForecasts", "OtherModel", "as_estimator"]

Values = NDArray[np.float64]
Origins = NDArray[np.int64]


@dataclass(repr=False, eq=False)
class OtherModel(Estimator):
    """An object or a function of another library, asked as :func:`penstock.audit` asks it.

    It is given the rows up to each cutoff and nothing else. What reads a history (``predict(frame)``) is fitted once a
    fold; whatever does not is fitted afresh at every cutoff.
    """

    model: object = option(help="the object or function", kw_only=False)

    unexcluded_leak: ClassVar[str] = (
        "is other people's code, which was given the rows up to each cutoff and no later ones; what it read or learned "
        "elsewhere before (other files, an earlier fit, weights that came with it) cannot be excluded"
    )
    rows_needed = 2
    parameters = 0

    @property
    def label(self) -> str:
        """Short name in tables."""
        return audited_model(self.model, Columns(), self.horizon).label

    @property
    def fit_notes(self) -> tuple[str, ...]:
        """How often it is fitted."""
        subject = audited_model(self.model, Columns(), self.horizon)
        return () if subject.reads_history else ("fitted afresh at every cutoff, since it reads no newer rows",)

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        self.train_ = train

    def _forecast(self, panel: Panel, origins: Origins, fitted: Origins) -> Values:
        columns = self.kind_.columns
        subject = audited_model(self.model, columns, self.horizon)
        trained = subject.fit(self._rows(self.train_)) if subject.reads_history else None
        found = np.empty((len(origins), self.horizon))
        series = panel.series_of(origins)
        places = np.zeros(len(origins), dtype=np.int64)  # a series' own cutoffs, one after the other
        for own in np.unique(series):
            mine = np.flatnonzero(series == own)
            places[mine] = np.argsort(np.argsort(origins[mine]))
        for round_ in np.unique(places):
            mine = np.flatnonzero(places == round_)
            mine = mine[np.argsort(series[mine])]
            rows = self._rows(panel.with_series(series[mine]).before(_ends(panel, series[mine], origins[mine])))
            values = (trained or subject.fit(rows))(rows)
            self._check(values, panel, series[mine], panel.times[origins[mine]])
            found[mine] = values
        return found[None]

    def _rows(self, panel: Panel) -> FrameRows:
        columns = self.kind_.columns
        ids = [name for name, rows in zip(panel.ids, panel.lengths, strict=True) for _ in range(rows)]
        frame = self.kind_.frame({columns.id: ids, columns.time: panel.times, columns.target: panel.y})
        return FrameRows.read(frame, columns)

    def _check(self, values: Values, panel: Panel, series: Origins, cutoffs: NDArray[Any]) -> None:
        if values.shape[1] != self.horizon:
            raise DataError(
                f"{self.label} gave {values.shape[1]} forecasts a series, but {self.horizon} are needed, the horizon "
                "of the split; return the values of the next steps, in order."
            )
        if not np.isfinite(values).all():
            place = int((~np.isfinite(values)).any(axis=1).argmax())
            raise DataError(
                f"{self.label} forecast NaN or infinity{panel.name(int(series[place]))} from the cutoff "
                f"{show_time(cutoffs[place])}; give numbers only, or leave that series out of the frame."
            )


def _ends(panel: Panel, series: Origins, origins: Origins) -> Origins:
    """Return the rows behind these cutoffs in a panel of these series alone."""
    lengths = panel.lengths[series]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    ends: Origins = starts + origins - panel.offsets[series] + 1
    return ends


@dataclass(repr=False, eq=False)
class GivenForecasts(Estimator):
    """Forecasts that were made elsewhere, looked up by series, cutoff and time."""

    table: ForecastTable = option(help="the forecasts", kw_only=False)

    unexcluded_leak: ClassVar[str] = (
        "was forecast elsewhere; that no forecast saw a value after its cutoff cannot be checked"
    )
    rows_needed = 1
    rows_to_fit = 2
    parameters = 0

    @property
    def label(self) -> str:
        """Short name in tables."""
        return self.table.name

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        """Fit nothing."""

    def _forecast(self, panel: Panel, origins: Origins, fitted: Origins) -> Values:
        return self.table.values("yhat", panel, origins, self.horizon)[None]

    def _bounds(self, panel: Panel, origins: Origins, fitted: Origins, levels: tuple[float, ...]) -> Values:
        return np.stack(
            [
                [self.table.values(f"{side}-{level:g}", panel, origins, self.horizon) for side in ("lo", "hi")]
                for level in levels
            ]
        )


def as_estimator(given: Any, columns: Columns, horizon: int, name: str | None) -> Estimator:
    """Make an estimator of what a comparison was given: a model, a frame of forecasts, or other people's model.

    Raises
    ------
    DataError
        Where a frame of forecasts cannot be used.
    OptionError
        Where it is none of these.
    """
    if isinstance(given, Estimator):
        return given
    if isinstance(nw.from_native(given, eager_only=True, pass_through=True), nw.DataFrame):
        return GivenForecasts(ForecastTable.read(given, columns, name or "forecasts"))
    audited_model(given, columns, horizon)
    return OtherModel(given)
