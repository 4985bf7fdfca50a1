"""Help and defaults of the options of classes, repeated so that a command's help imports none of the classes.

The classes are what is true: a test compares every line with what they declare.
"""

from __future__ import annotations

from typing import Any

import typer

__all__ = [
    "DEFAULTS",
    "HELP",
    "INTERVALS",
    "METRICS",
    "MISSING",
    "RULES",
    "SCORES",
    "TRADED",
    "WEIGHTS",
    "flag",
    "number_or_word",
]

MISSING = ("error", "ffill", "indicator")
RULES = ("sign", "quantile", "volatility")
TRADED = ("prices", "returns")
INTERVALS = ("conformal", "adaptive", "own")
WEIGHTS = ("series", "size")
SCORES = ("rmse", "mae", "r2", "pearson", "spearman")
METRICS = (
    "rmse", "mae", "mase", "rmsse", "smape", "mape", "wape", "r2", "pearson", "spearman", "owa", "pinball", "wql",
    "crps", "coverage", "width", "interval_score", "msis",
)  # fmt: skip

DEFAULTS: dict[str, dict[str, Any]] = {
    "Forecaster": {
        "window": 63,
        "stateful": False,
        "seed": 0,
        "transform": "none",
        "scale": "minmax",
        "loss": "mse",
        "optimizer": "rmsprop",
        "batch": 20,
        "epochs": 500,
        "patience": 25,
        "validation": 0.1,
        "members": 1,
        "clip": None,
    },
    "RollingOrigin": {
        "horizon": 1,
        "test": 252,
        "step": 1,
        "refit": None,
        "train": None,
        "purge": 0,
        "embargo": 0,
        "align": "times",
    },
    "TradingOptions": {
        "cost_bps": 0.0,
    },
    "Tuned": {
        "trials": 16,
        "sampler": "random",
        "halving": None,
        "storage": None,
    },
    "Tokens": {
        "vocabulary": 20000,
        "length": 400,
        "truncation": "pre",
        "phrases": False,
        "min_count": 1,
    },
    "TextClassifier": {
        "units": 100,
        "epochs": 50,
        "patience": 5,
        "batch": 32,
        "members": 1,
        "seed": 0,
    },
    "LanguageModel": {
        "units": 256,
        "tied": True,
        "sampled": 1024,
        "steps": 100,
        "reverse": False,
        "embedding_dropout": 0.0,
        "weight_dropout": 0.0,
        "output_dropout": 0.0,
        "epochs": 10,
        "patience": 2,
        "batch": 32,
        "validation": 0.05,
        "seed": 0,
    },
}
"""The defaults, by class and option."""

HELP = {
    "Forecaster": {
        "window": "input length in steps",
        "stateful": (
            "carry the state along the whole series, in training too, where `window` is how far gradients go back"
        ),
        "seed": "seed of weights and shuffles",
        "transform": "change of variable before scaling (none, log, difference, log_return)",
        "scale": (
            "scaling, fitted on training rows; or each window by its own level and spread "
            "(minmax, standard, none, window)"
        ),
        "loss": (
            "loss to minimise, in scaled units; it says what is forecast (mse, mae, huber, "
            "direction, pinball, gaussian, student)"
        ),
        "optimizer": "optimiser, by name or described (sgd, rmsprop, adam, adamw)",
        "batch": "samples a step",
        "epochs": "passes over the samples at most",
        "patience": "epochs to wait for a lower validation loss; None: never stop",
        "validation": "validation tail of training rows: a share below 1, or rows, or one horizon; 0: none (horizon)",
        "members": "networks trained from different seeds; the answer is the mean of theirs",
        "clip": "largest norm of a gradient",
    },
    "RollingOrigin": {
        "horizon": "steps ahead",
        "test": "last times of the frame, kept for testing",
        "step": "steps from one cutoff to the next",
        "refit": "cutoffs after which models are fitted afresh; None: fitted once",
        "train": "newest rows of each series to fit on; None: all",
        "purge": "last training rows left out, since their targets reach beyond the cutoff",
        "embargo": "further training rows left out before these",
        "align": (
            "whose last rows are the test: those of all series together, by time, or each series' own (times, series)"
        ),
    },
    "Tuned": {
        "trials": "settings tried, beside the model as it is given",
        "sampler": "how settings are chosen (random, grid, tpe)",
        "halving": (
            "epochs after which, and then after twice as many and so on, the worse half of the settings that train "
            "together is left out; None: all are trained to the end"
        ),
        "storage": (
            "file that keeps the trials, so that a killed search goes on and several processes share it; None: none"
        ),
    },
    "TradingOptions": {
        "cost_bps": "cost of each side, in basis points of what is traded",
    },
    "Tokens": {
        "vocabulary": "ids in all: padding, unknown, and the most frequent words",
        "length": "tokens that are kept of a document; None: all",
        "truncation": "where tokens of a longer document are dropped: from its beginning or its end (post, pre)",
        "phrases": "join pairs of words that come together often, such as new_york",
        "min_count": "occurrences below which a word gets no number",
    },
    "TextClassifier": {
        "units": "width of a word's vector",
        "epochs": "passes over the samples at most",
        "patience": "epochs to wait for a lower validation loss; None: never stop",
        "batch": "samples a step",
        "members": "networks trained from different seeds; the answer is the mean of theirs",
        "seed": "seed of weights and shuffles",
    },
    "LanguageModel": {
        "units": "width of a word's vector",
        "tied": "whether the output has the word vectors as its weights",
        "sampled": "words drawn for the softmax of a training step; None, or no fewer than there are: all",
        "steps": "tokens of a part, through which the gradient goes back",
        "reverse": "read documents from the end to the beginning",
        "embedding_dropout": "share of the words whose vectors are zero in a step",
        "weight_dropout": "share of the recurrent weights dropped in a step",
        "output_dropout": "share of the top layer's outputs dropped, the same at every step",
        "epochs": "passes over the samples at most",
        "patience": "epochs to wait for a lower validation loss; None: never stop",
        "batch": "places of the stream that are read side by side",
        "validation": "training documents for validation: a share below 1, or a number; 0: none",
        "seed": "seed of weights and shuffles",
    },
}
"""One line of help, with the names it allows, by class and option."""


def flag(owner: str, name: str, **more: Any) -> Any:
    """Return a command's flag for an option of a class, with the help that the class declares."""
    return typer.Option(help=HELP[owner][name], **more)


def number_or_word(given: str) -> float | str:
    """Read a number; leave a word, which the option checks itself."""
    try:
        return float(given)
    except ValueError:
        return given
