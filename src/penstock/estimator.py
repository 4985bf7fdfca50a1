"""What every forecaster and baseline is: options, then fit, predict, save.

A model implements four methods on panels; frames, columns, checks and files are handled here once for all.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penstock.data.frames import Columns, FrameKind, read_panel
from penstock.data.panel import Panel
from penstock.errors import DataError, ModelFileError, OptionError, nearest
from penstock.options import Options, check_options, from_json, option, to_json
from penstock.storage import Arrays, read_model, write_model

__all__ = ["Estimator"]


@dataclass(repr=False, eq=False, kw_only=True)
class Estimator(Options, abc.ABC):
    """A model of series with scikit-learn's grammar; fitted attributes end in an underscore.

    Attributes
    ----------
    ids_
        Names of the series that were fitted.
    tail_
        The last training rows, from which ``predict()`` forecasts.
    """

    horizon: int = option(1, "steps ahead", at_least=1)

    # ---- what a model implements -------------------------------------------------------------------------------------

    @property
    @abc.abstractmethod
    def label(self) -> str:
        """Short name in tables."""

    @property
    @abc.abstractmethod
    def rows_needed(self) -> int:
        """Rows up to a cutoff without which no forecast can be made there."""

    @property
    def rows_to_fit(self) -> int:
        """Rows of each series without which no fit can be made."""
        return self.rows_needed

    @property
    def rows_made_of(self) -> str:
        """What :attr:`rows_to_fit` adds up from, for messages."""
        return ""

    @property
    def parameters(self) -> int:
        """Weights or coefficients that a fit chooses, for one series."""
        return 0

    @abc.abstractmethod
    def _fit(self, train: Panel, watched: Panel | None) -> None:
        """Fit afresh on `train`; `watched` holds the same rows followed by others for early stopping to watch."""

    @abc.abstractmethod
    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        """Forecast ``[members, n, horizon]`` from the flat rows `origins`, seeing nothing after them.

        `fitted` names, for each series of the panel, the fitted series that it is.
        """

    def _arrays(self) -> Arrays:
        """Give what was fitted, by name, for the model file."""
        return {}

    def _restore(self, arrays: Arrays) -> None:
        """Take back what :meth:`_arrays` gave."""

    # ---- what people call --------------------------------------------------------------------------------------------

    def fit(
        self,
        frame: Any,
        *,
        id: str = "unique_id",
        time: str = "ds",
        target: str = "y",
        validation: Any = None,
    ) -> Self:
        """Fit afresh on a long frame; earlier fits leave no trace.

        Parameters
        ----------
        frame
            pandas, polars or pyarrow frame: one row per series and time, in order.
        id, time, target
            Names of its columns. Without the default id column the frame is a single series.
        validation
            A frame of the rows that follow, for early stopping to watch instead of a tail cut from `frame`. Never give
            it the rows that you will judge the model by.

        Raises
        ------
        DataError
            Where the frame cannot be used; the message says why.
        """
        columns = Columns(id, time, target)
        train, kind = read_panel(frame, columns)
        watched = None if validation is None else _joined(train, read_panel(validation, columns)[0])
        return self.fit_panel(train, kind, watched)

    def fit_panel(self, train: Panel, kind: FrameKind, watched: Panel | None = None) -> Self:
        """Fit afresh on a panel that is already read; :meth:`fit` says what the arguments mean."""
        check_options(self)
        if watched is None:
            self.check_rows(train)
        self._fit(train, watched)
        self.ids_, self.kind_ = train.ids, kind
        self.fitted_options_ = self.get_params()
        self.tail_ = train.last(self.rows_needed + 24)  # a little more, to read the calendar from
        return self

    def check_rows(self, train: Panel) -> None:
        """Refuse training rows that are too few, before anything is fitted."""
        self._require_rows(train, train.offsets[1:] - 1, self.rows_to_fit, "training rows", self.rows_made_of)

    def predict(self, frame: Any = None) -> Any:
        """Forecast the `horizon` steps after the end of each series.

        Parameters
        ----------
        frame
            History to forecast from, newer than the training rows if you like; the training rows if left out.

        Returns
        -------
        A frame of the kind that was given to `fit` (or here): the id, the time, and ``yhat``.
        """
        self._require_fit()
        panel, kind = (self.tail_, self.kind_) if frame is None else read_panel(frame, self.kind_.columns)
        origins = panel.offsets[1:] - 1
        yhat = self.forecast_panel(panel, origins).mean(axis=0)
        times = [kind.next_times(panel.times[panel.span(series)], self.horizon) for series in range(len(panel))]
        ids = [name for name in panel.ids for _ in range(self.horizon)]
        return kind.frame({kind.columns.id: ids, kind.columns.time: np.concatenate(times), "yhat": yhat.ravel()})

    def forecast_panel(self, panel: Panel, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Forecast from many cutoffs of a panel at once.

        Parameters
        ----------
        panel
            The series; rows after a cutoff are not looked at for its forecast.
        origins
            Flat row of the last known value, ``[n]``.

        Returns
        -------
        Forecasts ``[members, n, horizon]`` in the units of the target.
        """
        self._require_fit()
        self._require_rows(panel, origins, self.rows_needed, "rows up to the cutoff")
        return self._forecast(panel, origins, self._fitted_series(panel))

    def _fitted_series(self, panel: Panel) -> NDArray[np.int64]:
        """Find each series among those fitted; a single series needs no name to be found."""
        if len(panel) == len(self.ids_) == 1 and None in (*panel.ids, *self.ids_):
            return np.zeros(1, dtype=np.int64)
        places = {name: place for place, name in enumerate(self.ids_)}
        unknown = [name for name in panel.ids if name not in places]
        if unknown:
            raise DataError(f"series {unknown[0]!r} was not among those fitted; {nearest(unknown[0], self.ids_)}")
        return np.array([places[name] for name in panel.ids])

    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file; :func:`penstock.load` reads it."""
        self._require_fit()
        wrong = [name for name in self.ids_ if not isinstance(name, (str, int, float, type(None)))]
        if wrong:
            raise OptionError(f"series are named by text or numbers in a model file, not by {wrong[0]!r}.")
        description = {
            "model": type(self).__name__,
            "options": {name: to_json(value) for name, value in self.get_params().items()},
            "ids": list(self.ids_),
            "frame": self.kind_.to_json(),
        }
        tail = {"y": self.tail_.y, "times": self.tail_.times.view(np.int64), "offsets": self.tail_.offsets}
        arrays = {**self._arrays(), **{f"tail.{name}": array for name, array in tail.items()}}
        write_model(path, description, arrays)

    @staticmethod
    def read(path: str | Path, models: dict[str, type[Estimator]]) -> Estimator:
        """Read a model file, looking its class up among `models`; people call :func:`penstock.load`."""
        description, arrays = read_model(path)
        name = description.get("model") if isinstance(description, dict) else None
        if name not in models:
            raise ModelFileError(
                f"{str(path)!r} holds a {name!r}, which this penstock does not know; {nearest(name, models)}"
            )
        try:
            options = {key: from_json(value) for key, value in description["options"].items()}
            model = models[name](**options)
            model.kind_ = FrameKind.from_json(description["frame"])
            model.ids_ = tuple(description["ids"])
            times = arrays["tail.times"] if model.kind_.counts_steps else arrays["tail.times"].view("datetime64[ns]")
            model.tail_ = Panel(arrays["tail.y"], times, arrays["tail.offsets"], model.ids_)
            if len(model.tail_.offsets) != len(model.ids_) + 1:
                raise ValueError(f"{len(model.ids_)} series are named, but {len(model.tail_.offsets) - 1} are stored")
            model._restore(arrays)
            model.fitted_options_ = model.get_params()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelFileError(f"{str(path)!r} does not hold a whole {name}: {error}") from error
        return model

    def _require_fit(self) -> None:
        if not hasattr(self, "ids_"):
            raise OptionError(f"this {type(self).__name__} is not fitted yet; call fit(frame) first.")
        changed = [name for name, value in self.get_params().items() if value != self.fitted_options_[name]]
        if changed:
            raise OptionError(
                f"{', '.join(changed)} of this {type(self).__name__} changed since its fit; call fit(frame) again."
            )

    def _require_rows(
        self, panel: Panel, origins: NDArray[np.int64], needed: int, what: str, made_of: str = ""
    ) -> None:
        series = panel.series_of(origins)
        known = origins - panel.offsets[series] + 1
        if (known < needed).any():
            worst = int(np.argmin(known))
            raise DataError(
                f"{self.label}: {int(known[worst])} {what}{panel.name(int(series[worst]))} are too few: {needed} are "
                f"needed{made_of and f' ({made_of})'}; give more rows, or a shorter window (fewer lags)."
            )


def _joined(train: Panel, ahead: Panel) -> Panel:
    """Put the rows of `ahead` behind those of `train`, series by series."""
    if set(train.ids) != set(ahead.ids):
        raise DataError(
            f"the validation frame has the series {ahead.ids}, the training frame {train.ids}; they must agree."
        )
    parts = []
    for series, name in enumerate(train.ids):
        before, after = train.span(series), ahead.span(ahead.ids.index(name))
        if ahead.times[after][0] <= train.times[before][-1]:
            raise DataError(
                f"the validation rows{train.name(series)} begin at {ahead.times[after][0]}, not after the training "
                f"rows, which end at {train.times[before][-1]}; give the rows that follow."
            )
        parts.append((before, after))
    return Panel(
        np.concatenate([values for b, a in parts for values in (train.y[b], ahead.y[a])]),
        np.concatenate([times for b, a in parts for times in (train.times[b], ahead.times[a])]),
        np.concatenate([[0], np.cumsum([(b.stop - b.start) + (a.stop - a.start) for b, a in parts])]),
        train.ids,
    )
