"""Every study by its name; what a study imports is imported when it runs."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from penstock.errors import OptionError, nearest
from penstock.studies.options import (
    DatesOptions,
    FilingOptions,
    GloveOptions,
    HittersOptions,
    ImdbOptions,
    MemoryOptions,
    MiniOptions,
    ReturnOptions,
    Sp500Options,
    StockOptions,
    TrackerOptions,
    WavesOptions,
    YelpOptions,
)
from penstock.studies.study import Request, Study

if TYPE_CHECKING:
    from penstock.studies.result import StudyResult

__all__ = ["STUDIES", "resolve_study"]


def _run_of(module: str) -> Callable[[Request], StudyResult]:
    """Return the function ``run`` of a study's module, which is imported when the study runs."""

    def run(request: Request) -> StudyResult:
        found: StudyResult = import_module(f"penstock.studies.{module}").run(request)
        return found

    return run


_ALL = (
    Study(
        "sp500",
        "LSTM on the level of the S&P 500, one day ahead, against the last value",
        _run_of("sp500"),
        editions=(1, 2),
        options=Sp500Options,
        source="Jansen, Machine Learning for Algorithmic Trading: univariate time-series regression",
    ),
    Study(
        "stocks-direction",
        "stacked LSTM with ticker embedding: will a stock rise next week?",
        _run_of("stocks_direction"),
        members=2,
        options=StockOptions,
        source="Jansen, Machine Learning for Algorithmic Trading: stacked LSTM with feature embeddings, classification",
    ),
    Study(
        "stocks-returns",
        "stacked LSTM with ticker embedding: the next week's return of many stocks",
        _run_of("stocks_returns"),
        members=2,
        options=ReturnOptions,
        source="Jansen, Machine Learning for Algorithmic Trading: stacked LSTM with feature embeddings, regression",
    ),
    Study(
        "macro",
        "stacked LSTM on consumer sentiment and industrial production, against a VAR on equal terms",
        _run_of("macro"),
        editions=(1, 2),
        members=10,
        source="Jansen, Machine Learning for Algorithmic Trading: multivariate time-series regression",
    ),
    Study(
        "nyse",
        "log trading volume: AR, RNN, nonlinear AR, and the search over lags that the source leaves open",
        _run_of("nyse"),
        members=10,
        source="James et al., An Introduction to Statistical Learning with Python, 10.5.2 and 10.9.6",
    ),
    Study(
        "hitters",
        "salaries of baseball players: linear, lasso, relaxed lasso, a small network; one split and a hundred",
        _run_of("hitters"),
        members=20,
        options=HittersOptions,
        source="James et al., An Introduction to Statistical Learning with Python, 10.6 and 10.9.1",
    ),
    Study(
        "trackers",
        "moving averages, Kalman filters, least squares and an LSTM following one price, and how late each is",
        _run_of("trackers"),
        editions=(1, 2),
        protocols=("honest",),
        members=5,
        options=TrackerOptions,
        source="Jansen, Machine Learning for Algorithmic Trading, and others: qualitative",
    ),
    Study(
        "dates",
        "free-form dates to ISO dates by encoder-decoder, with attention and without",
        _run_of("dates"),
        protocols=("honest",),
        members=1,
        options=DatesOptions,
        source="generated data; Bahdanau, Cho & Bengio (2015), Luong, Pham & Manning (2015)",
    ),
    Study(
        "mini-rnn",
        "three weights that continue short sequences, and what training makes of them",
        _run_of("mini_rnn"),
        protocols=("honest",),
        options=MiniOptions,
        source="three weights w1 = 1.4, w2 = −.5, w3 = 1.4, ReLU",
    ),
    Study(
        "memory",
        "adding and copying over 10 to 500 steps: which cells still learn, and the gradients that say why",
        _run_of("memory"),
        protocols=("honest",),
        members=1,
        options=MemoryOptions,
        source="Hochreiter & Schmidhuber (1997); Le, Jaitly & Hinton (2015); Arjovsky, Shah & Bengio (2016)",
    ),
    Study(
        "filings",
        "return after an earnings call: bidirectional GRU on the text, against zero and ridge on words",
        _run_of("filings"),
        members=3,
        options=FilingOptions,
        source="Jansen, Machine Learning for Algorithmic Trading, SEC filings",
    ),
    Study(
        "imdb",
        "polarity of film reviews: GRU and LSTM with learned and trained word vectors, against bags of words",
        _run_of("imdb"),
        editions=(1, 2),
        members=3,
        options=ImdbOptions,
        source="Jansen, Machine Learning for Algorithmic Trading, and James et al., ISLP, chapter 10",
    ),
    Study(
        "imdb-glove",
        "polarity of film reviews from frozen word vectors: GloVe, and word2vec of the reviews",
        _run_of("imdb_glove"),
        editions=(1, 2),
        members=3,
        options=GloveOptions,
        source="Jansen, Machine Learning for Algorithmic Trading, sentiment with pretrained vectors",
    ),
    Study(
        "simulated",
        "AR(1) series twelve steps ahead against the truth, and coverage of intervals on series whose law is known",
        _run_of("simulated"),
        protocols=("honest",),
        source="simulated here",
    ),
    Study(
        "yelp",
        "polarity of reviews of businesses: small GRUs with word vectors of their own, against bags of words",
        _run_of("yelp"),
        members=3,
        options=YelpOptions,
        source="Jansen, Machine Learning for Algorithmic Trading, word2vec on Yelp",
    ),
    Study(
        "waves",
        "one to many: three numbers unfold into a wave, told once or at every step",
        _run_of("waves"),
        protocols=("honest",),
        members=1,
        options=WavesOptions,
        source="generated data",
    ),
)

STUDIES: dict[str, Study] = {study.name: study for study in _ALL}
"""The studies, in the order in which they are listed."""


def resolve_study(name: str) -> Study:
    """Find a study, or name the nearest."""
    if name not in STUDIES:
        raise OptionError(f"there is no study {name!r}; {nearest(name, STUDIES)}")
    return STUDIES[name]
