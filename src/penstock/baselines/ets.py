"""Exponential smoothing in its state space form, chosen automatically."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.library_model import LibraryModel, fitted_or_reason
from penstock.errors import OptionError
from penstock.fitted_choices import texts_in_words
from penstock.options import option

__all__ = ["ETS", "ets_model", "ets_state"]

Values = NDArray[np.float64]

_CODES = "NAMD"


@dataclass(repr=False, eq=False)
class ETS(LibraryModel):
    """ETS: error, trend and season of exponential smoothing, each additive, multiplicative or none, chosen by AICc.

    Each series is fitted for itself by maximum likelihood, in compiled code and in several processes where there are
    many; a series without positive values takes additive forms only. It needs
    ``pip install 'penstock[classical]'`` (statsforecast).

    Examples
    --------
    >>> ETS(12, horizon=6), ETS(12).label
    (ETS(season=12, horizon=6), 'ETS(12)')
    >>> ETS(12, horizon=2).fit(frame).forms  # doctest: +SKIP
    ['ETS(M,Ad,M)']

    References
    ----------
    Hyndman, Koehler, Ord & Snyder (2008), *Forecasting with Exponential Smoothing: The State Space Approach*; Hyndman &
    Khandakar (2008), *Automatic time series forecasting: the forecast package for R*, for how it is chosen.
    """

    model: str = option("ZZZ", "error (A, M), trend and season (N, A, M); Z: chosen by AICc")
    damped: bool | None = option(None, "whether the trend levels off; None: chosen")

    longest_season = 24

    def __post_init__(self) -> None:
        """Refuse a form that does not exist."""
        super().__post_init__()
        allowed = ("AMZ", "NAMZ", "NAMZ")
        if len(self.model) != 3 or any(part not in each for part, each in zip(self.model, allowed, strict=True)):
            raise OptionError(
                f"ETS: model={self.model!r} is no form; allowed: three letters, the error among A, M, Z, the trend and "
                "the season among N, A, M, Z, such as 'ZZZ' or 'MAM'."
            )
        if self.model[0] == "A" and "M" in self.model[1:]:
            raise OptionError(
                f"ETS: model={self.model!r} has an additive error and a multiplicative trend or season, which is not "
                f"stable; allowed: {'M' + self.model[1:]!r}."
            )

    @property
    def forms(self) -> list[str]:
        """The form of each fitted series, such as ``ETS(M,Ad,N)``."""
        found = []
        for series in range(len(self.ids_)):
            error, trend, season, damped = (_CODES[int(code)] for code in self._state(series)[:4])
            found.append(f"ETS({error},{trend}{'d' if damped == 'D' else ''},{season})")
        return found

    def _chosen_forms(self) -> dict[str, str]:
        return {"form": texts_in_words(self.forms)}

    @property
    def _fit_one(self) -> Callable[..., Values | str]:
        return _fit_ets

    def _options(self) -> dict[str, Any]:
        return {"model": self.model, "damped": self.damped}

    def _restored(self, state: Values, periods: tuple[int, ...]) -> Any:
        return ets_model(state)


def _fit_ets(y: Values, periods: tuple[int, ...], options: dict[str, Any]) -> Values | str:
    from statsforecast.models import AutoETS

    if not periods:  # nothing for the season to be estimated from
        options = {**options, "model": options["model"][:2] + "N"}
    return fitted_or_reason(lambda: ets_state(AutoETS(max(periods, default=1), **options).fit(y)))


def ets_state(fitted: Any) -> Values:
    """Put what a fitted AutoETS needs for forecasts into one array; :func:`ets_model` makes it again."""
    found = fitted.model_
    codes = [_CODES.index(each) for each in found["components"]]
    return np.array([*codes, found["m"], found["n_params"], *np.nan_to_num(found["par"])], dtype=np.float64)


def ets_model(state: Values) -> Any:
    """Make the library's model of what :func:`ets_state` gave."""
    from statsforecast.models import AutoETS

    model = AutoETS(int(state[4]))
    components, par = "".join(_CODES[int(code)] for code in state[:4]), state[6:].copy()
    for place, part in enumerate(components[1:], 1):
        par[place] = np.nan if part == "N" else par[place]  # no trend, no season, not damped: no parameter
    model.model_ = {
        "components": components,
        "m": int(state[4]),
        "n_params": int(state[5]),
        "par": par,
        "fit": None,
    }
    return model
