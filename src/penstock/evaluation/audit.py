"""The audit: probes that change data and watch what a model's forecasts do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from penstock.argument_types import checked_types
from penstock.data.columns import COVARIATES, Columns
from penstock.data.reading.notes import note
from penstock.engines.choice import engine_of
from penstock.engines.in_use import engine_in_use
from penstock.engines.task import describable
from penstock.errors import DataError, OptionError, nearest
from penstock.estimator import Estimator
from penstock.evaluation.own_model import OwnModel
from penstock.evaluation.probes import FAIL, NOT_APPLICABLE, PASS, PROBES, Bench, Finding, determinism
from penstock.evaluation.subject import AuditedModel, Backtest, FrameRows, audited_model
from penstock.notebook import notebook_html
from penstock.report.table import Marked, Table

__all__ = ["Audit", "audit"]

_FEWEST = 20  # times without which there is nothing to cut a test from
_LONGEST_TEST = 60


@dataclass(frozen=True)
class Audit:
    """What the probes found.

    Attributes
    ----------
    model
        Name of the model.
    findings
        One finding a probe.
    """

    model: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether no probe failed."""
        return all(finding.outcome != FAIL for finding in self.findings)

    def __getitem__(self, probe: str) -> Finding:
        """Give the finding of a probe by its name."""
        found = {finding.probe: finding for finding in self.findings}
        if not isinstance(probe, str) or probe not in found:
            raise OptionError(f"there is no probe {probe!r}; {nearest(probe, found)}")
        return found[probe]

    def table(self) -> Table:
        """Lay the findings out as a table.

        Returns
        -------
        The findings as a table.
        """
        mark = {PASS: "pass", FAIL: "fail", NOT_APPLICABLE: "minor"}
        rows = [
            {"probe": each.probe, "": Marked(each.outcome, mark[each.outcome]), "what was found": each.sentence}
            for each in self.findings
        ]
        return Table(f"Audit of {self.model}", dict.fromkeys(("probe", "", "what was found"), "<"), rows)

    def to_json(self) -> dict[str, Any]:
        """Give the findings, ready for JSON.

        Returns
        -------
        The findings as lists and mappings.
        """
        found = {each.probe: {"outcome": each.outcome, "sentence": each.sentence} for each in self.findings}
        return {"model": self.model, "ok": self.ok, "findings": found}

    def __str__(self) -> str:
        """Lay the findings out as text."""
        table = self.table()
        return f"{table.title}\n{table}"

    def _repr_html_(self) -> str:
        return notebook_html(self.table().to_html(), [f"{self.table().title}: {'passed' if self.ok else 'failed'}."])


@checked_types("test", "seed")
def audit(
    model: Any,
    frame: Any,
    *,
    id: str = "unique_id",
    time: str = "ds",
    target: str = "y",
    past: str | Sequence[str] = (),
    known: str | Sequence[str] = (),
    static: str | Sequence[str] = (),
    missing: str = "error",
    calendar: str | None = None,
    horizon: int | None = None,
    test: int | None = None,
    backtest: Backtest | None = None,
    seed: int = 0,
    engine: Any = None,
    address: str | None = None,
) -> Audit:
    """Probe a model for leaks and other faults that make its scores worthless.

    Probes: *determinism*, *random state*, *refit freshness*, *future-blindness*, *scaler leak*, *freshness* of every
    step ahead, *shuffled target*, *bad input*. The model that is passed in stays as it is; its twins are fitted a dozen
    times or so.

    Parameters
    ----------
    model
        A Penstock model; an object with ``fit(frame)`` and ``predict(frame)`` (or ``predict()``), of any library, that
        can be deep-copied; or a function ``forecast(frame, horizon)`` that fits and returns the values to come. Frames
        in answers hold forecasts in the column ``yhat``, or in their last column of numbers.
    frame
        pandas, polars or pyarrow frame: one row per series and time, in order; a few hundred rows are enough.
    id, time, target
        Names of the frame's columns.
    past, known, static
        Columns of covariates, as in ``fit``, for Penstock models; each takes those that it uses.
    missing
        What to do where values are missing, as in ``fit``, for Penstock models.
    calendar
        The exchange whose trading days the rows hold, as in ``fit``.
    horizon
        Steps ahead, for Penstock models and functions; the model's own if above 1, else 4.
    test
        Last times of the frame to backtest on; if left out, a fifth of all, but at most 60.
    backtest
        For an object of another library, how it evaluates itself: ``backtest(model, frame, test)`` gives its forecasts
        ``[cutoffs, ...]`` for the last `test` times, the first made when none of them was known. Without it, what that
        library's evaluation looks at cannot be seen.
    seed
        Seed of the changes that probes make.
    engine, address
        Where Penstock's models are fitted, as in :func:`penstock.compare`: backtests, and the parts of fits that have
        some (the settings of a search, the models of an ensemble). The findings are the same.

    Returns
    -------
    The findings, one a probe; its ``ok`` says whether none failed.

    Raises
    ------
    OptionError
        Where `horizon` or `test` is out of range, or an engine cannot be given the model.
    DataError
        Where the frame cannot be used, or is too short.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from penstock.baselines.autoregression import AR
    >>> frame = pd.DataFrame({"ds": range(80), "y": np.sin(np.arange(80.0)) + np.arange(80) % 3})
    >>> audit(AR(2), frame).ok
    True
    >>> def peeks(frame, horizon):
    ...     return np.random.normal(size=horizon)
    >>> print(audit(peeks, frame)["determinism"].outcome)
    fail
    """
    columns = Columns(id, time, target, past, known, static)  # type: ignore[arg-type]
    if horizon is not None and (isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 1):
        raise OptionError(f"horizon={horizon!r} is not allowed; allowed: a whole number from 1.")
    if seed < 0:
        raise OptionError(f"seed={seed} is not allowed; allowed: a whole number from 0.")
    rows = FrameRows.read(frame, columns, missing, calendar)
    if carried := int(np.isnan(rows.y).sum()):
        note(f"{len(rows.y):,} rows, {carried:,} of them carried forward.")
    if isinstance(model, Estimator):
        subject: AuditedModel = OwnModel(model, columns, horizon, rows, {"missing": missing, "calendar": calendar})
    else:
        subject = audited_model(model, columns, horizon, backtest)
    unused = [kind for kind in COVARIATES if getattr(columns, kind) and kind not in getattr(model, "covariates", ())]
    if unused and isinstance(model, Estimator):
        note(f"{subject.label} uses no {' and no '.join(unused)} covariates, and is audited without them.")
    times = len(rows.calendar)
    if times < _FEWEST:
        raise DataError(f"{times} times are too few for an audit: at least {_FEWEST} are needed; give more rows.")
    least = getattr(subject, "horizon", 1)
    test = max(min(times // 5, _LONGEST_TEST), least) if test is None else test
    if not least <= test <= times - 2:
        raise OptionError(f"test={test} is out of range; allowed: from {least} (the horizon) to {times - 2}.")
    train = rows.until(rows.calendar[-test - 1])
    every, there = int(rows.series.max()) + 1, np.unique(train.series)
    if len(there) < every:
        if not len(there):
            raise DataError(f"no series has rows before the {test} times of the test; choose a smaller test.")
        note(f"{every - len(there)} of {every} series have no rows before the test and are left out.")
        rows, train = rows.only(there), train.only(there)
    bench = Bench(subject, rows, train, test, seed)
    if engine is not None and (reason := _stays(model)):
        raise OptionError(f"{subject.label} cannot be given to another process: {reason}; leave engine= out.")
    findings = []
    with engine_of(engine, address) as chosen, engine_in_use(chosen):
        for probe in PROBES:
            findings.append(probe(bench))
            if probe is determinism:
                bench = replace(bench, steady=findings[-1].outcome == PASS)
    return Audit(subject.label, tuple(findings))


def _stays(model: Any) -> str:
    """Say why a model can be fitted in this process alone; empty where it can travel."""
    return describable(model) if isinstance(model, Estimator) else "it is not one of Penstock's models"
