"""The options by which a command trades forecasts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.declared import RULES, TRADED

if TYPE_CHECKING:
    from penstock.evaluation.positions import Rule

__all__ = ["TradeOptions"]


@dataclass(frozen=True)
class TradeOptions:
    """The rule by which forecasts become positions."""

    trade: Annotated[str | None, typer.Option(help=f"Trade the forecasts by a rule ({', '.join(RULES)}).")] = None
    values: Annotated[
        str | None,
        typer.Option(help=f"What the series hold that are traded ({', '.join(TRADED)}); left out: {TRADED[0]}."),
    ] = None

    def rule(self) -> Rule | None:
        """Return the rule; None where nothing is traded."""
        from penstock.errors import OptionError
        from penstock.evaluation.positions import resolve_rule

        if self.trade is None:
            if self.values is not None:
                raise OptionError("--values says what the series hold that are traded, and none are; add --trade sign.")
            return None
        rule = resolve_rule(self.trade)
        return rule if self.values is None else replace(rule, values=self.values)
