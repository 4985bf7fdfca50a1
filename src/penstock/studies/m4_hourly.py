"""m4-hourly: 414 hourly series of the M4 competition, with a daily and a weekly season.

One set of options, which follow from horizon and season alone, beside every baseline and the published figures.
"""

from __future__ import annotations

from penstock.studies.public_panels import run_panels
from penstock.studies.result import StudyResult
from penstock.studies.study import Request

__all__ = ["run"]


def run(request: Request) -> StudyResult:
    """Forecast the last rows of every series, and score all models."""
    return run_panels("m4-hourly", request, ("m4_hourly",))
