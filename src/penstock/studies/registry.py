"""Every study by its name; what a study imports is imported when it runs."""

from __future__ import annotations

from penstock.errors import OptionError, nearest
from penstock.studies import options
from penstock.studies.study import Study

__all__ = ["STUDIES", "resolve_study"]

_ALL = (
    Study(
        "sp500",
        "LSTM on the level of the S&P 500, one day ahead, against the last value",
        editions=(1, 2),
        options=options.Sp500Options,
        source="Jansen, Machine Learning for Algorithmic Trading: univariate time-series regression",
    ),
    Study(
        "stocks-direction",
        "stacked LSTM with ticker embedding: will a stock rise next week?",
        members=2,
        options=options.StockOptions,
        source="Jansen, Machine Learning for Algorithmic Trading: stacked LSTM with feature embeddings, classification",
    ),
    Study(
        "stocks-returns",
        "stacked LSTM with ticker embedding: the next week's return of many stocks",
        members=2,
        options=options.ReturnOptions,
        source="Jansen, Machine Learning for Algorithmic Trading: stacked LSTM with feature embeddings, regression",
    ),
    Study(
        "macro",
        "stacked LSTM on consumer sentiment and industrial production, against a VAR on equal terms",
        editions=(1, 2),
        members=10,
        source="Jansen, Machine Learning for Algorithmic Trading: multivariate time-series regression",
    ),
    Study(
        "nyse",
        "log trading volume: AR, RNN, nonlinear AR, and the search over lags that the source leaves open",
        members=10,
        source="James et al., An Introduction to Statistical Learning with Python, 10.5.2 and 10.9.6",
    ),
    Study(
        "hitters",
        "salaries of baseball players: linear, lasso, relaxed lasso, a small network; one split and a hundred",
        members=20,
        options=options.HittersOptions,
        source="James et al., An Introduction to Statistical Learning with Python, 10.6 and 10.9.1",
    ),
    Study(
        "trackers",
        "moving averages, Kalman filters, least squares and an LSTM following one price, and how late each is",
        editions=(1, 2),
        protocols=("honest",),
        members=5,
        options=options.TrackerOptions,
        source="Jansen, Machine Learning for Algorithmic Trading, and others: qualitative",
    ),
    Study(
        "dates",
        "free-form dates to ISO dates by encoder-decoder, with attention and without",
        protocols=("honest",),
        members=1,
        options=options.DatesOptions,
        source="generated data; Bahdanau, Cho & Bengio (2015), Luong, Pham & Manning (2015)",
    ),
    Study(
        "mini-rnn",
        "three weights that continue short sequences, and what training makes of them",
        protocols=("honest",),
        options=options.MiniOptions,
        source="three weights w1 = 1.4, w2 = −.5, w3 = 1.4, ReLU",
    ),
    Study(
        "memory",
        "adding and copying over 10 to 500 steps: which cells still learn, and the gradients that say why",
        protocols=("honest",),
        members=1,
        options=options.MemoryOptions,
        source="Hochreiter & Schmidhuber (1997); Le, Jaitly & Hinton (2015); Arjovsky, Shah & Bengio (2016)",
    ),
    Study(
        "filings",
        "return after an earnings call: bidirectional GRU on the text, against zero and ridge on words",
        members=3,
        options=options.FilingOptions,
        source="Jansen, Machine Learning for Algorithmic Trading, SEC filings",
    ),
    Study(
        "imdb",
        "polarity of film reviews: GRU and LSTM with learned and trained word vectors, against bags of words",
        editions=(1, 2),
        members=3,
        options=options.ImdbOptions,
        source="Jansen, Machine Learning for Algorithmic Trading, and James et al., ISLP, chapter 10",
    ),
    Study(
        "imdb-glove",
        "polarity of film reviews from frozen word vectors: GloVe, and word2vec of the reviews",
        editions=(1, 2),
        members=3,
        options=options.GloveOptions,
        source="Jansen, Machine Learning for Algorithmic Trading, sentiment with pretrained vectors",
    ),
    Study(
        "simulated",
        "AR(1) series twelve steps ahead against the truth, and coverage of intervals on series whose law is known",
        protocols=("honest",),
        source="simulated here",
    ),
    Study(
        "yelp",
        "polarity of reviews of businesses: small GRUs with word vectors of their own, against bags of words",
        members=3,
        options=options.YelpOptions,
        source="Jansen, Machine Learning for Algorithmic Trading, word2vec on Yelp",
    ),
    Study(
        "waves",
        "one to many: three numbers unfold into a wave, told once or at every step",
        protocols=("honest",),
        members=1,
        options=options.WavesOptions,
        source="generated data",
    ),
    Study(
        "m3",
        "2,829 series of the M3 competition: the usual network, ps.forecast, baselines and published figures",
        protocols=("honest",),
        members=3,
        source="Makridakis & Hibon (2000), The M3-Competition: results, conclusions and implications",
    ),
    Study(
        "m4-hourly",
        "414 hourly series of the M4 competition: the usual network, ps.forecast, baselines and published figures",
        protocols=("honest",),
        members=3,
        source="Makridakis, Spiliotis & Assimakopoulos (2020), The M4 Competition: 100,000 time series",
    ),
    Study(
        "nn5",
        "daily withdrawals from 111 cash machines, 56 days ahead: the usual network, ps.forecast and published figures",
        protocols=("honest",),
        members=3,
        source="the NN5 competition (2008); Hewamalage, Bergmeir & Bandara (2021), Recurrent neural networks for "
        "time series forecasting",
    ),
    Study(
        "etth1",
        "oil temperature and loads of a transformer, 96 to 720 hours ahead, by SegRNN, beside published figures",
        protocols=("honest",),
        members=5,
        source="Zhou et al. (2021), Informer; Lin et al. (2023), SegRNN",
    ),
)

STUDIES: dict[str, Study] = {study.name: study for study in _ALL}
"""The studies, in the order in which they are listed."""


def resolve_study(name: str) -> Study:
    """Find a study, or name the nearest."""
    if name not in STUDIES:
        raise OptionError(f"there is no study {name!r}; {nearest(name, STUDIES)}")
    return STUDIES[name]
