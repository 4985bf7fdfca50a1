"""The options of the studies, which the command line reads without importing the studies themselves."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.options import Description, option

IMDB_PARTS = ("all", "gru", "islp", "ours", "baselines")
_VECTORS = "file of word vectors; trained on the reviews, and written to it, where it is not there"


@dataclass(frozen=True, repr=False)
class Sp500Options(Description):
    """Options of the study sp500."""

    audit: bool = option(True, "probe the network for leaks, under the honest protocol")
    transformer: bool = option(True, "train a transformer encoder too, which takes most of the time")


@dataclass(frozen=True, repr=False)
class StockOptions(Description):
    """Options of the studies of stocks."""

    stale_share: float = option(
        0.0,
        "share of tickers whose price is frozen from a random week on, as delisted ones padded",
        at_least=0,
        below=1,
    )
    batch: int = option(256, "samples a step", at_least=1)
    every: int = option(1, "learn from every so many-th window only, which is faster: neighbours overlap", at_least=1)
    clip: float = option(0.01, "share of the returns that is clipped at either end", at_least=0, below=0.5)
    clip_all: bool | None = option(
        None, "find the clipping bounds on all rows, test rows included; left out: under the published protocol"
    )
    newest_first: bool | None = option(
        None, "feed each window newest week first; left out: under the published protocol"
    )


@dataclass(frozen=True, repr=False)
class ReturnOptions(StockOptions):
    """Options of the study: those of all studies of stocks, and the cost."""

    cost: float = option(10.0, "basis points paid of each side of what is traded", at_least=0)


@dataclass(frozen=True, repr=False)
class HittersOptions(Description):
    """Options of the study hitters."""

    splits: int = option(100, "random splits beside the published one", at_least=2)


@dataclass(frozen=True, repr=False)
class TrackerOptions(Description):
    """Options of the study trackers."""

    ticker: str = option("AAPL", "stock that edition 2 follows")


@dataclass(frozen=True, repr=False)
class DatesOptions(Description):
    """Options of the study dates."""

    train: int = option(20_000, "days to learn from", at_least=100)
    units: int = option(64, "units of encoder and decoder", at_least=1)


@dataclass(frozen=True, repr=False)
class MiniOptions(Description):
    """Options of the study mini-rnn."""

    units: int = option(24, "units of the wider network", at_least=1)
    steps: int = option(100_000, "length of the long sequence", at_least=2)


@dataclass(frozen=True, repr=False)
class MemoryOptions(Description):
    """Options of the study memory."""

    longest: int = option(500, "longest sequences to try", at_least=10)
    samples: int = option(10_000, "training sequences", at_least=100)


@dataclass(frozen=True, repr=False)
class FilingOptions(Description):
    """Options of the study filings."""

    tokens: int = option(20_000, "tokens read of a document, from its beginning", at_least=1)
    phrases: bool = option(False, "join pairs of words that come together often, such as cash_flow")
    rows: int | None = option(None, "last documents, where fewer are wanted", at_least=50)


@dataclass(frozen=True, repr=False)
class ImdbOptions(Description):
    """Options of the study imdb."""

    part: str = option(
        "all", "the source's GRU, ISLP's four models, our own, the baselines, or all", choices=IMDB_PARTS
    )
    vectors: str | None = option(None, _VECTORS)
    rows: int | None = option(None, "reviews of each split, where fewer are wanted", at_least=40)


@dataclass(frozen=True, repr=False)
class GloveOptions(Description):
    """Options of the study imdb-glove."""

    vectors: str | None = option(None, _VECTORS)
    glove: str | None = option(None, "file of GloVe's vectors; left out: PENSTOCK_DATA or a download")
    rows: int | None = option(None, "reviews of each split, where fewer are wanted", at_least=40)


@dataclass(frozen=True, repr=False)
class YelpOptions(Description):
    """Options of the study yelp."""

    folds: int = option(5, "folds in which each review is tested once", at_least=2)
    rows: int | None = option(None, "first reviews of the full data set that are read", at_least=100)
    vectors: str | None = option(None, "file of word vectors for a further network, such as GloVe's")


@dataclass(frozen=True, repr=False)
class WavesOptions(Description):
    """Options of the study waves."""

    train: int = option(2_000, "waves to learn from", at_least=50)
    units: int = option(48, "units of the recurrent layer", at_least=1)
