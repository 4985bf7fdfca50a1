"""What every comparison of models has: scores, tests of the difference, a table, a frame, JSON, a page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.argument_types import checked_types
from penstock.errors import OptionError, nearest
from penstock.evaluation.leaks import Leak
from penstock.evaluation.shown import ShownComparison
from penstock.evaluation.significance import Pairs, holm
from penstock.evaluation.table import Columns, score_table
from penstock.evaluation.verdict import SIGNIFICANT, ahead, verdict
from penstock.files import jsonable, write_json
from penstock.fitted_choices import used_options
from penstock.report.page import Page, write_page
from penstock.report.table import Table

if TYPE_CHECKING:
    from penstock.report.svg import Picture

__all__ = ["ComparisonResult", "entry_of", "require_trading", "unique_name"]


class ComparisonResult(ShownComparison, ABC):
    """Scores of models on the same rows, and whether they differ by more than chance.

    Attributes
    ----------
    models
        The models by name.
    baselines
        Names of the models that the others have to beat.
    leaks
        Ways in which test rows reached a model.
    rows
        One row a model: ``model``, its scores, the p-values of its difference from :attr:`reference` (``p_holm`` is
        corrected for the number of models), ``parameters``, ``fit_seconds``, and ``members``: their ``count`` and the
        median, lowest and highest of each score. NaN where a number does not exist.
    """

    rows: list[dict[str, Any]]

    if TYPE_CHECKING:  # fields of one subclass, properties of the other

        @property
        def baselines(self) -> tuple[str, ...]: ...  # noqa: D102

        @property
        def leaks(self) -> tuple[Leak, ...]: ...  # noqa: D102

        @property
        def models(self) -> Mapping[str, Any]: ...  # noqa: D102

    @property
    @abstractmethod
    def columns(self) -> Columns:
        """Key of each score that the table shows, its heading, and how its numbers are shown."""

    @property
    @abstractmethod
    def judged(self) -> tuple[str, bool]:
        """The score by which models are judged, and whether less of it is better."""

    @property
    @abstractmethod
    def reference(self) -> str | None:
        """The model that the others are tested against."""

    @property
    @abstractmethod
    def reference_words(self) -> str:
        """How sentences call the reference."""

    @property
    @abstractmethod
    def pairs(self) -> Pairs:
        """The test of every pair of models."""

    @property
    def findings(self) -> list[str]:
        """What holds when all models are judged together, in sentences."""
        return []

    @property
    def warnings(self) -> list[str]:
        """What makes the scores better than they should be, in sentences."""
        others = {name: getattr(model, "unexcluded_leak", "") for name, model in self.models.items()}
        return [leak.value for leak in self.leaks] + [f"{name} {said}." for name, said in others.items() if said]

    @property
    def notes(self) -> Sequence[str]:
        """How to read the table of scores, in sentences."""
        return ()

    @property
    def untested(self) -> str:
        """Why a difference has no p-value, where it has none."""
        return "no test of the difference exists here"

    @property
    def networks(self) -> list[str]:
        """Names of the models that were trained epoch by epoch."""
        return [name for name, model in self.models.items() if hasattr(model, "history_")]

    @property
    def scores(self) -> Any:
        """One row a model with every score, as a frame of the kind that was given."""
        return self._frame({key: [row[key] for row in self.rows] for key in self.rows[0] if key != "members"})

    @property
    def verdicts(self) -> dict[str, str]:
        """Say of every model but the reference, in a sentence, whether it beats the reference."""
        return {row["model"]: self.verdict(row["model"]) for row in self.rows if row["model"] != self.reference}

    @property
    def featured(self) -> list[str]:
        """Names of the networks and of the models that search; where there are none, of all but the reference."""
        searches = [name for name, model in self.models.items() if getattr(model, "searched", False)]
        named = [name for name in self.models if name in self.networks or name in searches]
        return named or [row["model"] for row in self.rows if row["model"] != self.reference]

    @property
    def said(self) -> list[str]:
        """The verdicts on networks and searches (else on all), and what holds when all models are judged together."""
        return [*(self.verdict(name) for name in self.featured), *self._ahead, *self.findings]

    @property
    def _ahead(self) -> list[str]:
        """Say which model is ahead of all that are featured, where one is that is not the reference."""
        score, lower = self.judged
        rows = sorted(self.rows, key=lambda row: (row[score] != row[score], row[score] if lower else -row[score]))
        ours = next((row for row in rows if row["model"] in self.featured), None)
        if ours is None or rows[0]["model"] == self.reference or not abs(ours[score] - rows[0][score]) > 0:
            return []
        return [ahead(rows[0], ours, score, *self.columns[score], self.pairs)]

    def row(self, name: str) -> dict[str, Any]:
        """Return the scores of a model.

        Parameters
        ----------
        name
            Name of a model.

        Returns
        -------
        Its scores.

        Raises
        ------
        OptionError
            Where there is no model of this name.
        """
        for row in self.rows:
            if row["model"] == name:
                return row
        raise OptionError(f"there is no model {name!r}; {nearest(name, [row['model'] for row in self.rows])}")

    def verdict(self, name: str) -> str:
        """Say in a sentence whether a model beats the reference.

        Parameters
        ----------
        name
            Name of a model.

        Returns
        -------
        The sentence.
        """
        row = self.row(name)
        if self.reference in (None, name):
            return f"{name} has no baseline to beat."
        assert self.reference is not None  # noqa: S101
        tested = sum(each["p_holm"] == each["p_holm"] for each in self.rows)
        score, lower = self.judged
        heading, form = self.columns[score]
        return verdict(
            row, self.row(self.reference), tested, score=score, heading=heading, form=form, lower=lower,
            against=self.reference_words, untested=self.untested,
        )  # fmt: skip

    def standing(self, row: Mapping[str, Any]) -> str:
        """Say whether a row is ``better`` or ``worse`` than the reference by more than chance, or neither.

        Parameters
        ----------
        row
            Scores of a model.

        Returns
        -------
        ``better``, ``worse``, or an empty text.
        """
        if self.reference is None or not row["p_holm"] < SIGNIFICANT:  # also where no test exists
            return ""
        score, lower = self.judged
        return "better" if (row[score] < self.row(self.reference)[score]) == lower else "worse"

    def table(self) -> Table:
        """Lay the scores out.

        Returns
        -------
        The table.
        """
        return score_table(self.rows, self.columns, [self.standing(row) for row in self.rows], self.notes)

    def tables(self) -> list[Table]:
        """Return every table of the page, the scores first."""
        return [self.table()]

    def to_json(self) -> dict[str, Any]:
        """Return the scores and how they came about, ready for JSON; a score that does not exist is null."""
        return {
            "models": {name: repr(model) for name, model in self.models.items()},
            "settings": self.settings(),
            "rows": jsonable(self.rows),
            "verdicts": self.verdicts,
            "findings": self.findings,
            "pairs": jsonable(self.pairs.to_json()),
        }

    def write_json(self, path: str | Path) -> Path:
        """Write :meth:`to_json` to a file, whole or not at all.

        Parameters
        ----------
        path
            File to write.

        Returns
        -------
        The path.
        """
        return write_json(path, self.to_json())

    def settings(self) -> dict[str, str]:
        """Return what was compared, name by name: every option, and what fits chose."""
        return {name: used_options(model) for name, model in self.models.items()}

    def pictures(self) -> list[Picture]:
        """Return the pictures of the page."""
        return []

    @checked_types("title", "facts")
    def report(self, path: str | Path, title: str = "Comparison", facts: Mapping[str, str] | None = None) -> Path:
        """Write one self-contained HTML page: verdict, scores, tests, settings, pictures.

        Parameters
        ----------
        path
            File to write.
        title
            Title of the page.
        facts
            What else the page says about data and settings, by name.

        Returns
        -------
        The path of the page.
        """
        return write_page(path, lambda: self._page(title, facts, self.tables(), self.pictures()))

    def _page(
        self, title: str, facts: Mapping[str, str] | None, tables: Sequence[Table], pictures: Sequence[Picture]
    ) -> Page:
        return Page(
            title=title,
            lead=self.said if self.featured else ["Only the baseline was scored.", *self.findings],
            tables=tables,
            warnings=self.warnings,
            facts={**(facts or {}), **self.settings()},
            pictures=pictures,
        )

    @abstractmethod
    def _frame(self, columns: Mapping[str, Any]) -> Any:
        """Build a frame of the kind that was given."""

    def _correct(self, rows: list[dict[str, Any]], pvalue: str) -> None:
        """Keep the rows, with their p-values corrected for the number of models."""
        for row, p in zip(rows, holm([row[pvalue] for row in rows]), strict=True):
            row["p_holm"] = p
        object.__setattr__(self, "rows", rows)


def unique_name(name: str, taken: Collection[str]) -> str:
    """Return a name that is not taken: itself, or with a number.

    Examples
    --------
    >>> unique_name("AR(5)", {"AR(5)": 1, "AR(5) #2": 2}), unique_name("Naive", [])
    ('AR(5) #3', 'Naive')
    """
    every = (f"{name} #{number}" if number > 1 else name for number in count(1))
    return next(each for each in every if each not in taken)


def require_trading(trading: Any) -> Any:
    """Return what :meth:`Comparison.trade` gives; refuse anything else."""
    if trading is not None and not hasattr(trading, "strategies"):
        raise OptionError(f"trading={str(trading)[:60]!r} is no trading of forecasts; give result.trade('sign').")
    return trading


def entry_of(entries: Mapping[str, Any], name: Any) -> Any:
    """Return the entry of a model of a comparison; refuse a name that it does not hold."""
    if not isinstance(name, str) or name not in entries:
        raise OptionError(f"there is no model {name!r} in this comparison; {nearest(name, entries)}")
    return entries[name]
