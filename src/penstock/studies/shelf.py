"""Every study by its name."""

from __future__ import annotations

from penstock.errors import OptionError, nearest
from penstock.studies.filings import FILINGS
from penstock.studies.imdb import IMDB
from penstock.studies.imdb_glove import IMDB_GLOVE
from penstock.studies.memory import MEMORY
from penstock.studies.mini_rnn import MINI_RNN
from penstock.studies.simulated import SIMULATED
from penstock.studies.sp500 import SP500
from penstock.studies.study import Study
from penstock.studies.yelp import YELP

__all__ = ["STUDIES", "study_named"]

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        MINI_RNN,
        MEMORY,
        SP500,
        IMDB,
        IMDB_GLOVE,
        YELP,
        FILINGS,
        SIMULATED,
    )
}  # fmt: skip
"""The studies, in the order in which they are listed."""


def study_named(name: str) -> Study:
    """Find a study, or name the nearest."""
    if name not in STUDIES:
        raise OptionError(f"there is no study {name!r}; {nearest(name, STUDIES)}")
    return STUDIES[name]
