"""Which words moved a score: by leaving each out, and by its gradient; and what the network held as it read."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.data.sequences import Sequences
from penstock.errors import DataError, OptionError, nearest
from penstock.networks.fitted import fitted_network
from penstock.networks.module import NetworkModule, Vectors
from penstock.report.heat import heat_picture
from penstock.report.page import Page, Passage, Reported, Section
from penstock.report.table import Table
from penstock.text.documents import UNKNOWN
from penstock.text.estimator import TextEstimator
from penstock.text.vocabulary import Word
from penstock.training.losses import cumulative_logits
from penstock.training.raw_samples import read_samples

__all__ = ["Explanation", "explain"]

Values = NDArray[np.float64]
_UNITS_SHOWN = 12
_ROWS_SHOWN = 10
_TOKENS_SHOWN, _TOKENS_NAMED = 600, 40  # in the picture of the state
_SPANS = 1000  # parts of a document that are left out one after the other
_AT_ONCE = 256  # documents that are scored together


@dataclass(frozen=True, eq=False)
class Explanation(Reported):
    """What moved the score of one document; each array holds one number for each of its tokens.

    Attributes
    ----------
    text, words
        The document, and where its tokens stand in it.
    meaning, score
        What the score is, and its value.
    occlusion
        The score less that of the document without the token.
    gradient
        Gradient × input: the sum over a token's vector of the score's derivative times the value.
    running
        The score of the document up to and with the token.
    states
        What the units of the top recurrent layer of the first member put out at each token, ``[units, tokens]``.
    attention
        What each token weighs where the network pools by attention, the mean of the members; else None.
    """

    text: str
    words: tuple[Word, ...]
    meaning: str
    score: float
    occlusion: Values
    gradient: Values
    running: Values
    states: Values
    attention: Values | None

    @property
    def tokens(self) -> list[str]:
        """The tokens as they stand in the text."""
        return [self.text[word.start : word.end] for word in self.words]

    def top(self, count: int = 10) -> list[tuple[str, float]]:
        """Give the tokens whose absence moves the score most, with what each adds to it.

        Parameters
        ----------
        count
            How many words.

        Returns
        -------
        Words with what they moved the score by.
        """
        order = np.argsort(-np.abs(self.occlusion), kind="stable")[:count]
        return [(self.tokens[place], float(self.occlusion[place])) for place in order]

    def page(self) -> Page:
        """Lay the explanation out: the text highlighted both ways, the score and the state over the words.

        Returns
        -------
        The page.
        """
        sections = [
            Section("Which words moved the score", passages=self._passages()),
            Section(
                "As the network reads",
                [f"The {self.meaning} after each token, and the units that move most, of the first member."],
                pictures=[self._picture()],
            ),
        ]
        order = np.argsort(-np.abs(self.occlusion), kind="stable")[:_ROWS_SHOWN]
        rows = [[self.tokens[k], str(k + 1), f"{self.occlusion[k]:+.3f}", f"{self.gradient[k]:+.3f}"] for k in order]
        table = Table.of("The words that count most", ["token", "place", "left out", "gradient × input"], rows)
        agree = float(np.corrcoef(self.occlusion, self.gradient)[0, 1]) if len(self.words) > 2 else float("nan")
        lead = [f"The {self.meaning} is {self.score:+.3f} over {len(self.words):,} tokens that were read."]
        if np.isfinite(agree):
            lead.append(f"Leaving words out and gradient × input agree with a correlation of {agree:.2f}.")
        return Page("Which words moved the score", lead, sections=sections, tables=[table])

    def _passages(self) -> list[Passage]:
        toward = f"Blue words push the {self.meaning} up, orange ones down; the strongest has the full colour."
        passages = [
            Passage(
                "Leaving each word out", f"{toward} What the score loses without the word.", self._spans(self.occlusion)
            ),
            Passage(
                "Gradient × input", f"{toward} What the score would lose to first order.", self._spans(self.gradient)
            ),
        ]
        if self.attention is not None:
            caption = "What each word weighs in the mean that attention takes; weights add up to one."
            passages.append(Passage("Attention", caption, self._spans(self.attention)))
        return passages

    def _spans(self, values: Values) -> list[tuple[str, float]]:
        most = float(np.abs(values).max()) or 1.0
        spans, end = [], 0
        for word, value in zip(self.words, values, strict=True):
            spans += [(self.text[end : word.start], 0.0), (self.text[word.start : word.end], float(value) / most)]
            end = word.end
        return [*spans, (self.text[end:], 0.0)]

    def _picture(self) -> Any:
        most = np.argsort(-self.states.std(axis=1), kind="stable")[:_UNITS_SHOWN]
        every = -(-len(self.words) // _TOKENS_SHOWN)
        caption = f"Above: the {self.meaning} after each token. Below: the state of the units, blue above zero."
        if every > 1:
            caption += f" One token of {every} is shown."
        return heat_picture(
            "Score and state over the words", caption, {f"{len(most)} units": self.states[np.sort(most), ::every]},
            curves={self.meaning: self.running[::every]},
            steps=self.tokens if len(self.words) <= _TOKENS_NAMED else None,
        )  # fmt: skip


def explain(
    model: TextEstimator, text: str, label: Any = None, *, categories: Any = None, extra: Any = None
) -> Explanation:
    """Explain the score of one document.

    In a document of more than 1,000 tokens neighbours are left out together, in 1,000 spans, and share what that
    changes.

    Parameters
    ----------
    model
        A fitted :class:`~penstock.text.TextClassifier` or :class:`~penstock.text.TextRegressor`; the mean of its
        members is explained.
    text
        The document.
    label
        The class whose log-odds are explained; the last one if left out. Where labels are ordered the expected step is
        explained, for values the value.
    categories, extra
        Its columns, as in `predict`, each ``[columns]``.

    Returns
    -------
    What each word of the text moved the score by.

    Raises
    ------
    OptionError
        Where `model` is no estimator of text, or does not know `label`.
    DataError
        Where the document holds no word.

    References
    ----------
    Zeiler & Fergus (2014) for occlusion; Shrikumar et al. (2017), section 2, for gradient × input.

    Examples
    --------
    >>> from penstock.layers.declared import GRU
    >>> from penstock.networks.network import Network
    >>> from penstock.text import TextClassifier, Tokens
    >>> texts, labels = ["a good film", "good fun", "a bad film", "bad bore"] * 10, [1, 1, 0, 0] * 10
    >>> model = TextClassifier(Network([GRU(4)]), tokens=Tokens(20), units=4, epochs=30, patience=None, validation=0)
    >>> found = explain(model.fit(texts, labels), "a good film")
    >>> found.tokens, found.top(1)[0][0]
    (['a', 'good', 'film'], 'good')
    """
    if not isinstance(model, TextEstimator):
        raise OptionError(f"a TextClassifier or TextRegressor is explained, not a {type(model).__name__}.")
    model._require_fit()
    shown, words = model.vocabulary_.locate(text)
    if not words:
        raise DataError("the document holds no word, so no word moved its score.")
    ids = np.array([word.id for word in words], dtype=np.int64)
    rows: dict[str, Any] = {"categories": categories, "extra": extra}
    rows = {name: None if given is None else np.asarray(given).reshape(1, -1) for name, given in rows.items()}
    meaning, scored = _score_of(model, label)

    def scores(parts: list[NDArray[np.int64]]) -> Values:
        offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
        repeated: dict[str, Any] = {
            name: None if given is None else np.repeat(given, len(parts), axis=0) for name, given in rows.items()
        }
        outputs = model._outputs(Sequences(np.concatenate(parts), offsets), **repeated)
        return np.asarray(jax.vmap(jax.vmap(scored))(jnp.asarray(outputs)), dtype=np.float64).mean(axis=0)

    spans = np.array_split(np.arange(len(ids)), min(len(ids), _SPANS))
    widths = np.array([len(span) for span in spans])
    without = (np.delete(ids, span) if len(ids) > 1 else np.array([UNKNOWN]) for span in spans)
    every = chain([ids], without, (ids[: span[-1] + 1] for span in spans))
    found = np.concatenate([scores(part) for part in iter(lambda: list(islice(every, _AT_ONCE)), [])])
    lost, running = found[0] - found[1 : len(spans) + 1], found[len(spans) + 1 :]
    given = read_samples(Sequences(ids, np.array([0, len(ids)])), model.whole_network, **rows)
    piece = model.encoder_.source(given).read(jnp.array([0]), len(ids))
    modules = [fitted_network(model, member) for member in range(model.members)]
    gradients = [_gradient(module, piece, scored) for module in modules]
    weighed = [each for module in modules if (each := _walk(module, piece.x)[1]) is not None]
    return Explanation(
        shown, tuple(words), meaning, float(found[0]), np.repeat(lost / widths, widths), np.mean(gradients, axis=0),
        np.repeat(running, widths), _walk(modules[0], piece.x)[0], np.mean(weighed, axis=0) if weighed else None,
    )  # fmt: skip


def _score_of(model: Any, label: Any) -> tuple[str, Callable[[jax.Array], jax.Array]]:
    """Say what the score is, and give it for the outputs ``[outputs]`` of one document."""
    if model.kind == "regressor":
        if label is not None:
            raise OptionError("a regressor has no labels; leave label= out.")
        return "value", lambda outputs: outputs[0] * model.y_scaling_.scale[0] + model.y_scaling_.shift[0]
    if model._loss == "ordered":
        return "expected step of the scale", lambda outputs: jnp.sum(jax.nn.sigmoid(cumulative_logits(outputs)))
    classes = model.classes_.tolist()
    if label is not None and not (isinstance(label, Hashable) and label in classes):
        raise OptionError(f"label={label!r} was not among those fitted; {nearest(label, classes)}")
    place = len(classes) - 1 if label is None else classes.index(label)
    meaning = f"log-odds of {classes[place]!r}"
    if len(classes) == 2:
        return meaning, lambda outputs: outputs[0] * (1 if place else -1)
    others = np.delete(np.arange(len(classes)), place)
    return meaning, lambda outputs: outputs[place] - jax.scipy.special.logsumexp(outputs[others])


def _gradient(module: NetworkModule, piece: Any, scored: Callable[[jax.Array], jax.Array]) -> Values:
    vectors = module.look_up(piece.x, piece.categories)

    def score(x: jax.Array) -> jax.Array:
        return scored(module.read(Vectors(x, vectors.categories), extra=piece.extra)[0])

    return np.asarray(jnp.sum(jax.grad(score)(vectors.x) * vectors.x, axis=-1)[0], dtype=np.float64)


def _walk(module: NetworkModule, ids: jax.Array) -> tuple[Values, Values | None]:
    """Give what the top layer over time puts out ``[units, tokens]``, and the weights of attention if it pools."""
    x: Any = ids
    for place, (layer, over_time) in enumerate(zip(module.layers, module.over_time, strict=True)):
        if hasattr(layer, "weights"):
            return np.asarray(x[0].T, dtype=np.float64), np.asarray(layer.weights(x)[0], dtype=np.float64)
        last = not any(module.over_time[place + 1 :])
        x = layer(x, sequence=True) if over_time else layer(x)  # type: ignore[operator]
        if last and over_time:
            break
    return np.asarray(x[0].T, dtype=np.float64), None
