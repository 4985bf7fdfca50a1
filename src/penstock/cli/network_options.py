"""The options of a network and of its training, for the commands that fit one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Annotated, Any

import typer

from penstock.cli.declared import DEFAULTS, HELP, flag, number_or_word
from penstock.cli.messages import note_unused
from penstock.cli.models import is_network

__all__ = ["NetworkOptions", "note_without_network"]

_USUAL = DEFAULTS["Forecaster"]


@dataclass(frozen=True)
class NetworkOptions:
    """What was asked of a network: alike for the one that is compared and the one that is kept."""

    window: Annotated[int, flag("Forecaster", "window")] = _USUAL["window"]
    stateful: Annotated[bool, typer.Option("--stateful", help=HELP["Forecaster"]["stateful"])] = False
    transform: Annotated[str, flag("Forecaster", "transform")] = _USUAL["transform"]
    scale: Annotated[str | None, flag("Forecaster", "scale", show_default="window; with --stateful minmax")] = (
        None  # prices have no level of their own to be scaled to
    )
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
        scale = self.scale or ("minmax" if self.stateful else "window")  # a carried state has no window to be scaled by
        return {**vars(self), "scale": scale, "validation": number_or_word(self.validation)}


def note_without_network(context: Any, models: Iterable[str]) -> None:
    """Say that options of networks have no effect where no model is one."""
    asked = list(models)
    if not any(map(is_network, asked)):
        which = f"the model {asked[0]} is none" if len(asked) == 1 else f"none of {', '.join(asked)} is one"
        note_unused(context, [each.name for each in fields(NetworkOptions)], f"networks alone have such, and {which}")
