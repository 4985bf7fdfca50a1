"""Every study by its name."""

from __future__ import annotations

from penstock.errors import OptionError, nearest
from penstock.studies.dates import DATES
from penstock.studies.filings import FILINGS
from penstock.studies.hitters import HITTERS
from penstock.studies.imdb import IMDB
from penstock.studies.imdb_glove import IMDB_GLOVE
from penstock.studies.macro import MACRO
from penstock.studies.memory import MEMORY
from penstock.studies.mini_rnn import MINI_RNN
from penstock.studies.nyse import NYSE
from penstock.studies.simulated import SIMULATED
from penstock.studies.sp500 import SP500
from penstock.studies.stocks_direction import STOCKS_DIRECTION
from penstock.studies.stocks_returns import STOCKS_RETURNS
from penstock.studies.study import Study
from penstock.studies.trackers import TRACKERS
from penstock.studies.waves import WAVES
from penstock.studies.yelp import YELP

__all__ = ["STUDIES", "study_named"]

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        SP500,
        STOCKS_DIRECTION,
        STOCKS_RETURNS,
        MACRO,
        NYSE,
        HITTERS,
        TRACKERS,
        DATES,
        MINI_RNN,
        MEMORY,
        FILINGS,
        IMDB,
        IMDB_GLOVE,
        SIMULATED,
        YELP,
        WAVES,
    )
}  # fmt: skip
"""The studies, in the order in which they are listed."""


def study_named(name: str) -> Study:
    """Find a study, or name the nearest."""
    if name not in STUDIES:
        raise OptionError(f"there is no study {name!r}; {nearest(name, STUDIES)}")
    return STUDIES[name]
