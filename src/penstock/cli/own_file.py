"""The options by which commands read a user's own file."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["DayFirst", "Decimal", "Id", "MonthFirst", "Sort", "Target", "Time", "Wide", "Zone", "day_first"]

Time = Annotated[str | None, typer.Option(help="Column of the time; left out: ds, or the only one of dates.")]
Target = Annotated[
    str | None, typer.Option(help="Column of the values to forecast; left out: y, or the only one of numbers.")
]
Id = Annotated[str, typer.Option(help="Column that names the series, if there are several.")]
DayFirst = Annotated[bool, typer.Option("--dayfirst", help="Dates are day, month, year (03/01/2022 is in January).")]
MonthFirst = Annotated[bool, typer.Option("--monthfirst", help="Dates are month, day, year.")]
Zone = Annotated[str | None, typer.Option(help="Time zone on whose clock days are counted, such as America/New_York.")]
Decimal = Annotated[str, typer.Option(help="Decimal mark, . or , where 1,234 can be read in two ways.")]
Wide = Annotated[bool, typer.Option("--wide", help="Each column of numbers is a series.")]
Sort = Annotated[bool, typer.Option("--sort", help="Sort the rows by time first.")]


def day_first(dayfirst: bool, monthfirst: bool) -> bool | None:
    """Tell the order of dates that was asked for; None where none was."""
    from penstock.errors import OptionError

    if dayfirst and monthfirst:
        raise OptionError("--dayfirst and --monthfirst exclude each other; give one.")
    return dayfirst if dayfirst or monthfirst else None
