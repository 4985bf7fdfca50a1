"""nn5: daily withdrawals from 111 cash machines, eight weeks ahead.

One set of options, which follow from horizon and season alone, beside every baseline and the published figures.
"""

from __future__ import annotations

from penstock.studies.public_panels import run_panels
from penstock.studies.result import StudyResult
from penstock.studies.study import Request

__all__ = ["run"]


def run(request: Request) -> StudyResult:
    """Forecast the last rows of every series, and score all models."""
    return run_panels("nn5", request, ("nn5_daily",))
