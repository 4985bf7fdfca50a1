"""`penstock study`: run a published experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.output import JsonOption, ReportOption, check_paths, show
from penstock.errors import OptionError
from penstock.studies.shelf import STUDIES, study_named
from penstock.studies.study import Request

__all__ = ["study"]


def study(
    name: Annotated[str | None, typer.Argument(help="Name of the study; see --list.", show_default=False)] = None,
    protocol: Annotated[
        str, typer.Option(help="honest: no leak; published: as the source did it, with every leak named.")
    ] = "honest",
    edition: Annotated[int, typer.Option(help="Edition of the source.")] = 1,
    members: Annotated[int, typer.Option(min=1, help="Networks to train from different seeds.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights and shuffles.")] = 0,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Most epochs, if fewer than the source's are wanted.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Data file to read instead of the usual one.")
    ] = None,
    json: JsonOption = None,
    report: ReportOption = None,
    list_: Annotated[bool, typer.Option("--list", help="List the studies and end.")] = False,
) -> None:
    """Run a published experiment, under the honest protocol or as it was published."""
    if list_:
        for each in STUDIES.values():
            print(f"{each.name:<18}{each.summary}")  # noqa: T201
        return
    if name is None:
        raise OptionError("name a study, for example: penstock study sp500. See penstock study --list.")
    chosen = study_named(name)
    check_paths(json, report)
    result = chosen(Request(protocol, edition, members, seed, data, epochs))
    facts = result.facts
    windows = ", ".join(map(str, facts["windows"]))
    show(
        result.comparison,
        result.title,
        [
            f"{facts['rows']:,} rows from {facts['first']} to {facts['last']} ({facts['source']}); "
            f"windows ({windows}); {facts['train']:,} to train, {facts['test']} to test; "
            f"{facts['parameters']:,} parameters.",
            f"Published test figures: {result.published_in_words}.",
        ],
        [(json, result.write_json), (report, result.report)],
    )
