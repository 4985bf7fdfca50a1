"""Messages of the command line name its own options."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from penstock.cli.messages import in_options, running
from penstock.cli.trade import TradeOptions
from penstock.errors import OptionError
from penstock.evaluation.positions import Quantile

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def command() -> None:
    def some(
        missing: str = "",
        cost_bps: str = "",
        level: str = "",
        trade: str = "",
        strict: bool = False,
        search: bool = True,
        values: str = "",
    ) -> None:
        """Do nothing."""

    app = typer.Typer()
    app.command()(some)
    running(typer.main.get_command(app))


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(
    ("python", "shell"),
    [
        ("carry it forward with missing='ffill'.", "carry it forward with --missing ffill."),
        ("missing='what ever' is unknown", "--missing 'what ever' is unknown"),
        ("strict=True makes it an error, search=False", "--strict makes it an error, --no-search"),
        ("leave level= out; level=80, level=[80, 95].", "leave --level out; --level 80, --level 80,95."),
        ("cost_bps=-1 is out of range", "--cost-bps -1 is out of range"),
        ("other='x', frame['missing'] = f(g(1), missing=True)", "other='x', frame['missing'] = f(g(1), missing=True)"),
        ("level=None stays", "level=None stays"),
        ("rule='signs' is unknown", "--trade signs is unknown"),
        ("say so: rule=Sign(values='returns').", "say so: rule=Sign(values='returns')."),
        ("give the rule values='returns'.", "give the rule --values returns."),
        ("give strict=True (--strict) to go on", "give --strict to go on"),
    ],
)
def test_arguments_become_options_and_code_stays(python: str, shell: str) -> None:
    assert in_options(python) == shell


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--metrics", ""), "--metrics names nothing; allowed: rmse, mae"),
        (("--models", ","), "--models names nothing; allowed: lstm"),
        (("--intervals", "own"), "--intervals says how intervals are made, and none are asked for; add --level 80"),
        (("--cost", "5"), "--cost is the cost of trades, and none are asked for; add --trade sign"),
        (("--values", "returns"), "--values says what the series hold that are traded, and none are; add --trade"),
        (("--horizon", "0"), "--horizon 0"),
        (("--known", "Note"), "leave --known out"),
        (("--season", "5", "--test", "9"), "note: --season has no effect: none of the scores has the scale of MASE"),
    ],
)
def test_options_that_ask_for_nothing(penstock: Run, prices: Path, words: tuple[str, ...], message: str) -> None:
    done = penstock("compare", "prices.csv", "--target", "Close", "--models", "drift", *words)
    assert message in done.stderr
    assert done.returncode == (0 if "note" in message else 2)


def test_what_the_series_hold_that_are_traded() -> None:
    assert TradeOptions("quantile", "returns").rule() == Quantile(values="returns")
    with pytest.raises(OptionError, match="values='retruns' is unknown; did you mean 'returns'"):
        TradeOptions("sign", "retruns").rule()


def test_where_no_pair_can_be_tested_a_sentence_says_why(penstock: Run, prices: Path) -> None:
    words = ("compare", "prices.csv", "--target", "Close", "--models", "drift,mean", "--horizon", "3", "--test", "3")
    done = penstock(*words)
    assert done.returncode == 0, done.stderr
    assert "No pair of models is tested: no test of the difference exists here:" in done.stdout
    assert "every pair" not in done.stdout
