"""Penstock's models as forecasting models of darts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from penstock.errors import DataError, OptionError
from penstock.estimator import Estimator
from penstock.extras import library

__all__ = ["DartsForecaster"]

_models: Any = library("darts.models.forecasting.forecasting_model", "darts", "penstock.adapters.darts")


class DartsForecaster(_models.GlobalForecastingModel):  # type: ignore[misc]  # darts is not typed
    """A model of series with darts' interface: backtests, searches, ensembles and pipelines take it.

    It forecasts up to ``model.horizon`` steps at once (darts' ``output_chunk_length``) and none beyond. Series are
    univariate. Several are fitted together; in ``predict`` they are matched by the names of their components where
    these differ, else by their number. Past and future covariates are the past and known covariates of models that
    use them.

    Parameters
    ----------
    model
        Any forecaster or baseline of Penstock. It is cloned.

    Attributes
    ----------
    model_
        The fitted model.

    Examples
    --------
    >>> import numpy as np
    >>> from darts import TimeSeries
    >>> from penstock.baselines.drift import Drift
    >>> series = TimeSeries.from_values(np.arange(20.0))
    >>> DartsForecaster(Drift(horizon=3)).fit(series).predict(2).values().ravel().tolist()
    [20.0, 21.0]
    """

    def __init__(self, model: Estimator) -> None:
        self.model = model
        super().__init__(add_encoders=None)

    def fit(
        self, series: Any, past_covariates: Any = None, future_covariates: Any = None, verbose: bool | None = None
    ) -> DartsForecaster:
        """Fit to one or several series.

        Parameters
        ----------
        series
            One ``TimeSeries`` or several.
        past_covariates, future_covariates
            One ``TimeSeries`` for each of these.
        verbose
            Not used: the model has an option `progress`.

        Returns
        -------
        This model.
        """
        for kind, given in (("past", past_covariates), ("known", future_covariates)):
            if given is not None and kind not in self.model.covariates:
                said = "past" if kind == "past" else "future"
                raise OptionError(f"{self.model.label} uses no {said} covariates; leave {said}_covariates= out.")
        super().fit(series, past_covariates, future_covariates, verbose=verbose)
        every, past, known = (_listed(each) for each in (series, past_covariates, future_covariates))
        names = [str(each.components[0]) for each in every]
        self.names_ = names if len(set(names)) == len(names) else [f"{n} {place}" for place, n in enumerate(names)]
        frame, _ = _long(every, self.names_, past, known)
        self.model_ = self.model.clone().fit(frame, past=_names("past", past), known=_names("known", known))
        return self

    def predict(
        self,
        n: int,
        series: Any = None,
        past_covariates: Any = None,
        future_covariates: Any = None,
        num_samples: int = 1,
        verbose: bool | None = None,
        predict_likelihood_parameters: bool = False,
        show_warnings: bool = True,
        random_state: int | None = None,
    ) -> Any:
        """Forecast the next `n` steps.

        Parameters
        ----------
        n
            Steps, at most the horizon of the model.
        series
            What to forecast from; left out: the series of the fit.
        past_covariates, future_covariates
            Covariates of these series; the future ones reach `model.horizon` steps beyond their ends.
        num_samples, verbose, predict_likelihood_parameters, show_warnings, random_state
            As in darts; there are no samples and no likelihood.

        Returns
        -------
        A ``TimeSeries``, or one for each series.
        """
        if series is None:
            series = self.training_series
            past_covariates = past_covariates or self.past_covariate_series
            future_covariates = future_covariates or self.future_covariate_series
        if series is None:
            raise OptionError("the model was fitted to several series; say which ones to forecast: series=.")
        super().predict(
            n, series, past_covariates, future_covariates, num_samples, verbose, predict_likelihood_parameters,
            show_warnings, random_state,
        )  # fmt: skip
        if n > self.model.horizon:
            raise OptionError(
                f"n={n} is beyond the {self.model.horizon} steps that the model forecasts; allowed: at most that, or "
                f"a model with horizon={n}."
            )
        every, past, known = (_listed(each) for each in (series, past_covariates, future_covariates))
        frame, future = _long(every, self._known_names(every), past, known)
        found = self.model_.predict(frame, future=future)["yhat"].to_numpy().reshape(len(every), -1)[:, :n]
        answers = [self._build_forecast_series(values[:, None], one) for values, one in zip(found, every, strict=True)]
        return answers if isinstance(series, Sequence) else answers[0]

    def _known_names(self, every: list[Any]) -> list[str]:
        """Tell which fitted series these are."""
        names = [str(each.components[0]) for each in every]
        if len(self.names_) == 1 and len(every) == 1:
            return self.names_
        if set(names) <= set(self.names_) and len(set(names)) == len(names):
            return names
        if len(every) == len(self.names_):
            return self.names_
        if self.model_.forecasts_new_series:
            return [f"{name} (new {place})" for place, name in enumerate(names)]
        raise DataError(
            f"{len(every)} series cannot be told among the {len(self.names_)} of the fit; give as many, or components "
            f"with these names: {', '.join(self.names_[:9])}."
        )

    @property
    def supports_multivariate(self) -> bool:
        """No: give several series."""
        return False

    @property
    def supports_past_covariates(self) -> bool:
        """Whether the model uses past covariates."""
        return "past" in self.model.covariates

    @property
    def supports_future_covariates(self) -> bool:
        """Whether the model uses known covariates."""
        return "known" in self.model.covariates

    @property
    def supports_sample_weight(self) -> bool:
        """No."""
        return False

    @property
    def supports_optimized_historical_forecasts(self) -> bool:
        """No: darts calls ``predict`` for each cutoff."""
        return False

    @property
    def output_chunk_length(self) -> int:
        """Steps that are forecast at once."""
        return self.model.horizon

    @property
    def min_train_samples(self) -> int:
        """Samples that a fit needs beside its first."""
        return max(self.model.rows_to_fit - self.model.rows_needed - self.model.horizon, 0) + 1

    @property
    def _target_window_lengths(self) -> tuple[int, int]:
        return self.model.rows_needed, self.model.horizon

    @property
    def extreme_lags(self) -> tuple[int | None, int | None, int | None, int | None, int | None, int | None, int]:
        """First and last rows of target and covariates that a forecast reads, from its first step."""
        first, last = -self.model.rows_needed, self.model.horizon - 1
        past = (first, -1) if self.uses_past_covariates else (None, None)
        known = (first, last) if self.uses_future_covariates else (None, None)
        return (first, last, *past, *known, 0)

    @property
    def _model_encoder_settings(self) -> tuple[int, int, bool, bool, None, None]:
        takes = self.supports_past_covariates, self.supports_future_covariates
        return (self.model.rows_needed, self.model.horizon, *takes, None, None)


def _listed(given: Any) -> list[Any]:
    return [] if given is None else list(given) if isinstance(given, Sequence) else [given]


def _names(kind: str, covariates: list[Any]) -> list[str]:
    return [f"{kind} {place}" for place in range(covariates[0].n_components)] if covariates else []


def _long(every: list[Any], names: list[str], past: list[Any], known: list[Any]) -> tuple[Any, Any]:
    """Return the rows of series as a long frame, and the rows of known covariates after them (None: there are none)."""
    parts, after = [], []
    for place, (series, name) in enumerate(zip(every, names, strict=True)):
        if series.n_components != 1:
            raise DataError(f"a series has {series.n_components} components; allowed: one, or several series.")
        times = series.time_index
        data: dict[str, Any] = {"unique_id": name, "ds": times, "y": series.values()[:, 0]}
        for kind, covariates in (("past", past), ("known", known)):
            if covariates:
                table = _table(kind, covariates[place])
                data |= {column: table[column].reindex(times).to_numpy() for column in table}
        parts.append(pd.DataFrame(data))
        if known:
            ahead = _table("known", known[place])
            ahead = ahead[ahead.index > times[-1]]
            after.append(ahead.reset_index(names="ds").assign(unique_id=name))
    return pd.concat(parts, ignore_index=True), pd.concat(after, ignore_index=True) if after else None


def _table(kind: str, covariates: Any) -> Any:
    return pd.DataFrame(np.asarray(covariates.values()), covariates.time_index, _names(kind, [covariates]))
