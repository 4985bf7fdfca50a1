"""What a search asks of a model, and what a model that searches tells."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.options import from_json, to_json
from penstock.strict_json import strict_json

__all__ = ["Searchable", "Trial", "restored_trials", "stored_trials"]


@dataclass(frozen=True)
class Trial:
    """One setting that was tried.

    Attributes
    ----------
    settings
        Options by name; none for the model as it was given.
    error
        Mean absolute error of its forecasts of the inner test rows, in mean absolute steps of each series; NaN where
        its training diverged, they were not finite, or it was halved.
    halved
        Epochs after which successive halving left it out; None: it was trained to its end.
    """

    settings: dict[str, Any]
    error: float
    halved: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the trial ready for JSON."""
        error = None if math.isnan(self.error) else self.error
        return {"settings": to_json(self.settings), "error": error, "halved": self.halved}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Trial:
        """Read what :meth:`to_json` gave."""
        error = math.nan if given["error"] is None else float(given["error"])
        return cls(from_json(given["settings"]), error, given["halved"])


def stored_trials(trials: Sequence[Trial]) -> dict[str, NDArray[Any]]:
    """Lay trials out as arrays, for the model file: arrays alone, so that an ensemble can keep a search."""
    settings = json.dumps([to_json(trial.settings) for trial in trials]).encode()
    return {
        "validation_errors": np.array([trial.error for trial in trials]),
        "halved": np.array([trial.halved or 0 for trial in trials]),
        "settings": np.frombuffer(settings, np.uint8),
    }


def restored_trials(arrays: Mapping[str, NDArray[Any]]) -> list[Trial]:
    """Read what :func:`stored_trials` gave.

    Raises
    ------
    ValueError
        Where settings are no options by name, or there are not as many as errors.
    """
    settings = from_json(strict_json(arrays["settings"].astype(np.uint8).tobytes()))
    if any(not isinstance(each, dict) for each in settings):
        raise ValueError("settings that were tried are no options by name")
    errors = arrays["validation_errors"].tolist()
    halved = arrays.get("halved", np.zeros(len(errors), np.int64)).tolist()  # older files hold none
    return [Trial(each, error, epochs or None) for each, error, epochs in zip(settings, errors, halved, strict=True)]


class Searchable:
    """A model whose settings can be fitted together; one whose options are given chose nothing."""

    @property
    def choice(self) -> str:
        """The options that a fit chose, in words; empty for models whose options are given."""
        return ""

    @property
    def settings_tried(self) -> int:
        """Settings that a fit chose among."""
        return 1

    @property
    def searched(self) -> Sequence[Trial]:
        """Every setting that a fit tried, with its error; none for models whose options are given."""
        return ()

    @property
    def settings_key(self) -> Hashable:
        """What settings have in common that are trained together, by `fit_settings`; None: each is fitted by itself."""
        return None

    def fit_settings(
        self, settings: Sequence[Self], trains: Sequence[Panel], halving: int | None = None
    ) -> list[tuple[list[Self] | None, int | None]]:
        """Fit copies of each of `settings`, which have one key, on each of several panels at once."""
        raise NotImplementedError(f"{type(self).__name__} has no settings_key, so each setting is fitted by itself")

    def forecast_settings(
        self, fitted: Sequence[Self], panel: Panel, origins: NDArray[np.int64], places: NDArray[np.int64]
    ) -> list[NDArray[np.float64]]:
        """Forecast ``[n, horizon]`` with each of several fitted settings of one model."""
        models: Sequence[Any] = fitted
        return [each.aggregate(each._forecast(panel, origins, places)) for each in models]
