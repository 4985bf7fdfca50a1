"""GARCH: the volatility ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.transforms import TRANSFORMS
from penstock.errors import DataError, OptionError
from penstock.estimator import Estimator
from penstock.options import option

__all__ = ["GARCH"]

Values = NDArray[np.float64]


@dataclass(repr=False, eq=False)
class GARCH(Estimator):
    """GARCH(p, q) of returns: ``yhat`` is the conditional standard deviation of each return ahead, NOT the return.

    r_t = μ + ε_t, σ²_t = ω + Σ α_i ε²_{t−i} + Σ β_j σ²_{t−j}, with Gaussian errors. arch's ``arch_model`` fits it on
    the training rows, each series for itself (scaled by their deviation). The series are returns, or prices that
    `transform` turns into them. Returns say nothing of how good such forecasts are, so a comparison refuses them.

    Where the series themselves measure volatility, as absolute returns, ``target="absolute"`` forecasts these: ``yhat``
    is E|r| = σ √(2/π). Their likelihood with μ = 0 is that of the returns, whose signs it does not look at. These
    forecasts can be compared with any other model's of the same series.

    The recursion starts from the training rows' backcast, fixed at the fit, so that no forecast depends on later rows.

    Attributes
    ----------
    coef_
        μ, ω, α_1 … α_p, β_1 … β_q, ``[series, 2 + p + q]``.
    backcast_
        σ² and ε² before the first row of each series.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> calm = np.random.default_rng(0).normal(size=500)
    >>> frame = pd.DataFrame({"ds": range(500), "y": 2 * calm})
    >>> GARCH().fit(frame).predict()["yhat"].round(0).tolist()
    [2.0]

    References
    ----------
    Bollerslev (1986), *Journal of Econometrics* 31.
    """

    p: int = option(1, "lags of the squared errors", at_least=1)
    q: int = option(1, "lags of the variance", at_least=1)
    transform: str = option("none", "what turns the series into returns", choices=TRANSFORMS)
    target: str = option(
        "returns", "what the series hold: returns (or prices), or absolute returns", choices=("returns", "absolute")
    )

    state_fields = ("coef", "backcast")

    @property
    def label(self) -> str:
        """Short name in tables."""
        return f"GARCH({self.p},{self.q})"

    @property
    def rows_needed(self) -> int:
        """The lags, and what the transform loses."""
        return max(self.p, self.q) + TRANSFORMS[self.transform].lost

    @property
    def rows_to_fit(self) -> int:
        """Enough returns for a variance that changes."""
        return 50 + TRANSFORMS[self.transform].lost

    @property
    def rows_kept(self) -> None:
        """All of them: the variance remembers its whole past."""
        return None

    @property
    def parameters(self) -> int:
        """The mean, the constant and the lags."""
        return 2 + self.p + self.q

    def __post_init__(self) -> None:
        """Refuse options that contradict each other."""
        super().__post_init__()
        if self.target == "absolute" and self.transform != "none":
            raise OptionError(
                f"GARCH: target='absolute' takes absolute returns as they are; allowed: transform='none', not "
                f"{self.transform!r}."
            )

    def not_scored(self, panel: Panel) -> str:
        """Say that returns are no measure of volatility."""
        if self.target == "absolute":
            return ""
        return (
            f"{self.label} forecasts the volatility of returns, not the returns; give absolute returns as the target, "
            "with GARCH(target='absolute')"
        )

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        from arch import arch_model

        returns = TRANSFORMS[self.transform].apply(train)
        lost = TRANSFORMS[self.transform].lost
        self.coef_, self.backcast_ = np.zeros((len(train), 2 + self.p + self.q)), np.empty(len(train))
        for series in range(len(train)):
            r = returns[train.span(series)][lost:]
            level = float(r.mean()) if self.target == "returns" else 0.0
            scale = float(np.sqrt(np.square(r - level).mean()))
            self._require_absolute(r, train.name(series))
            if scale <= 1e-12 * np.abs(r).max():
                raise DataError(
                    f"{self.label}: the returns{train.name(series)} are constant, without volatility; leave it out."
                )
            mean: Literal["Constant", "Zero"] = "Constant" if self.target == "returns" else "Zero"
            model = arch_model(r / scale, mean=mean, vol="GARCH", p=self.p, q=self.q, rescale=False)
            fit = model.fit(disp="off", show_warning=False, options={"maxiter": 1000})
            if fit.convergence_flag != 0 or not np.isfinite(fit.params).all():
                raise DataError(
                    f"{self.label} finds no likeliest parameters for the {len(r)} returns{train.name(series)}; give "
                    "more rows, fewer lags, or transform='log_return' if these are prices."
                )
            self.coef_[series, -len(fit.params) :] = fit.params
            self.coef_[series, 0] *= scale
            self.coef_[series, 1] *= scale**2
            self.backcast_[series] = model.volatility.backcast(r - level)  # as arch does for its own likelihood

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> Values:
        from scipy.signal import lfilter, lfiltic

        series, lost = panel.series_of(origins), TRANSFORMS[self.transform].lost
        returns = TRANSFORMS[self.transform].apply(panel)
        volatility = np.empty((len(origins), self.horizon))
        for place in np.unique(series):
            own = series == place
            rows = origins[own] - panel.offsets[place] - lost
            mu, omega, alpha, beta = np.split(self.coef_[fitted[place]], [1, 2, 2 + self.p])
            start = self.backcast_[fitted[place]]
            errors = np.square(returns[panel.span(place)][lost : lost + rows.max() + 1] - mu)
            before = np.concatenate([np.full(self.p, start), errors])
            shocks = omega + sum(weight * before[self.p - i : len(before) - i + 1] for i, weight in enumerate(alpha, 1))
            feedback = np.concatenate([[1.0], -beta])
            state = lfiltic([1.0], feedback, np.full(self.q, start))
            variance = np.concatenate([np.full(self.q, start), lfilter([1.0], feedback, shocks, zi=state)[0]])
            squares = before[self.p + rows[:, None] - np.arange(self.p)]  # ε² up to the cutoff, newest first
            variances = variance[self.q + rows[:, None] - np.arange(self.q)]
            for step in range(self.horizon):
                ahead = omega + (alpha * squares).sum(axis=1) + (beta * variances).sum(axis=1)
                volatility[own, step] = ahead
                squares = np.column_stack([ahead, squares[:, :-1]])  # what ε² is expected to be
                variances = np.column_stack([ahead, variances[:, :-1]])
        unit = 1.0 if self.target == "returns" else np.sqrt(2 / np.pi)
        return unit * np.sqrt(volatility)[None]

    def _require_absolute(self, r: Values, name: str) -> None:
        if self.target == "absolute" and (r < 0).any():
            raise DataError(
                f"{self.label}: target='absolute' needs absolute returns, but {int((r < 0).sum())} values{name} are "
                "negative; give their absolute values, or target='returns'."
            )
