"""The options of a network and of its training, for the commands that fit one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from penstock.cli.declared import DEFAULTS, flag, number_or_word

__all__ = ["NetworkOptions"]

_USUAL = DEFAULTS["Forecaster"]


@dataclass(frozen=True)
class NetworkOptions:
    """What was asked of a network: alike for the one that is compared and the one that is kept."""

    window: Annotated[int, flag("Forecaster", "window")] = _USUAL["window"]
    transform: Annotated[str, flag("Forecaster", "transform")] = _USUAL["transform"]
    scale: Annotated[str, flag("Forecaster", "scale")] = "window"  # prices have no level of their own to be scaled to
    loss: Annotated[str, flag("Forecaster", "loss")] = _USUAL["loss"]
    optimizer: Annotated[str, flag("Forecaster", "optimizer")] = _USUAL["optimizer"]
    batch: Annotated[int, flag("Forecaster", "batch")] = _USUAL["batch"]
    epochs: Annotated[int, flag("Forecaster", "epochs")] = _USUAL["epochs"]
    patience: Annotated[int, flag("Forecaster", "patience")] = _USUAL["patience"]
    validation: Annotated[str, flag("Forecaster", "validation")] = str(_USUAL["validation"])
    members: Annotated[int, flag("Forecaster", "members")] = 5  # a spread, not one lucky seed
    clip: Annotated[float | None, flag("Forecaster", "clip")] = _USUAL["clip"]
    seed: Annotated[int, flag("Forecaster", "seed")] = _USUAL["seed"]

    def given(self) -> dict[str, Any]:
        """Give them as the options of a forecaster."""
        return {**vars(self), "validation": number_or_word(self.validation)}
