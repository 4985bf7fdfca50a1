"""Text from a language model: token by token, drawn or by beam search."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.data.reading.notes import note
from penstock.networks.inputs import Inputs
from penstock.networks.language import LanguageNetwork
from penstock.programs import keep_programs
from penstock.text.documents import PADDING, UNKNOWN

__all__ = ["NextTokens", "beam_search", "draw_tokens", "write_texts"]

Floats = NDArray[np.float64]


@keep_programs(16)
def _step(network: LanguageNetwork, inputs: Inputs) -> Any:
    """Compile a step: weights and state of all members, and a token a text in; log-probabilities and state out."""

    def member(weights: Any, state: Any, ids: jax.Array) -> tuple[jax.Array, Any]:
        module = network.with_weights(weights, inputs, 1)
        hidden, after = module.walk(module.layers[0](ids[:, None]), state)
        return jax.nn.log_softmax(hidden[:, 0] @ module.table.T + module.bias), after

    def step(weights: Any, state: Any, ids: jax.Array) -> tuple[jax.Array, Any]:
        each, after = jax.vmap(member, in_axes=(0, 0, None))(weights, state, ids)
        return jax.scipy.special.logsumexp(each, axis=0) - math.log(len(each)), after

    return jax.jit(step)


class NextTokens:
    """The distribution of the token that follows texts, the mean of the members'.

    Parameters
    ----------
    network, weights
        The description, and weights whose leaves are ``[members, ...]``.
    inputs
        What the network reads.
    texts
        Texts side by side.
    """

    def __init__(self, network: LanguageNetwork, weights: Any, inputs: Inputs, texts: int) -> None:
        self._run, self._weights = _step(network, inputs), jax.device_put(weights)
        each: Any = jax.vmap(lambda own: network.with_weights(own, inputs, 1).initial_state(texts))
        self._state, self.texts = each(self._weights), texts

    def read(self, ids: NDArray[np.int64]) -> Floats:
        """Read a token of each text ``[texts]``; return the log-probability of each that may follow.

        Parameters
        ----------
        ids
            The tokens.

        Returns
        -------
        ``[texts, vocabulary]``; the unknown word is left out.
        """
        found, self._state = self._run(self._weights, self._state, np.asarray(ids, np.int32))
        logs = np.array(found, np.float64)
        logs[:, UNKNOWN] = -np.inf
        return logs

    def read_all(self, start: NDArray[np.int64]) -> Floats:
        """Read the boundary and the tokens that every text begins with.

        Parameters
        ----------
        start
            The tokens ``[n]``.

        Returns
        -------
        As :meth:`read` after the last of them.
        """
        for token in (PADDING, *start.tolist()):
            logs = self.read(np.full(self.texts, token))
        return logs

    def select(self, texts: NDArray[np.int64]) -> None:
        """Go on with some of the texts, each as often as it stands there, ``[texts]``."""
        self._state = jax.tree.map(lambda leaf: leaf[:, texts], self._state)


def draw_tokens(
    model: NextTokens, start: NDArray[np.int64], tokens: int, temperature: float, seed: int
) -> list[list[int]]:
    """Draw the tokens of each text one after the other, up to its end.

    Parameters
    ----------
    model, start
        The model, and the tokens that every text begins with.
    tokens
        Tokens to draw at most.
    temperature
        What the logits are divided by: below 1 the likely tokens become likelier; 0 takes the likeliest.
    seed
        Of the draws.

    Returns
    -------
    The tokens of each text, without `start`.
    """
    generator = np.random.default_rng(seed)
    logs, ended, found = model.read_all(start), np.zeros(model.texts, bool), list[NDArray[np.int64]]()
    for _ in range(tokens):
        uniform = generator.random((model.texts, 1))
        if temperature:
            share = np.exp((logs - logs.max(axis=1, keepdims=True)) / temperature)
            total = np.cumsum(share, axis=1)
            drawn = (total <= uniform * total[:, -1:]).sum(axis=1)
        else:
            drawn = logs.argmax(axis=1)
        drawn = np.where(ended, PADDING, drawn)
        ended |= drawn == PADDING
        found.append(drawn)
        if ended.all():
            break
        logs = model.read(drawn)
    return [[int(token) for token in text if token != PADDING] for text in np.transpose(found)]


def beam_search(model: NextTokens, start: NDArray[np.int64], tokens: int) -> list[list[int]]:
    """Search the most probable texts, at most as many as the model has side by side, the best first.

    Parameters
    ----------
    model, start
        The model, whose texts are the beams, and the tokens that every text begins with.
    tokens
        Tokens at most; a text may end before.

    Returns
    -------
    The tokens of each text, without `start`, by the sum of their log-probabilities; fewer than beams where there are no
    more texts of so many tokens.
    """
    logs, width = model.read_all(start), model.texts
    found, ended = np.zeros((width, 0), np.int64), np.zeros(width, bool)
    score = np.where(np.arange(width) == 0, 0.0, -np.inf)  # all beams are one text yet
    for _ in range(tokens):
        logs[ended] = -np.inf
        logs[ended, PADDING] = 0
        total = (score[:, None] + logs).ravel()
        best = np.argsort(-total, kind="stable")[:width]
        beam, drawn = np.divmod(best, logs.shape[1])
        score, ended = total[best], ended[beam] | (drawn == PADDING)
        found = np.concatenate([found[beam], drawn[:, None]], axis=1)
        if ended.all():
            break
        model.select(beam)
        logs = model.read(drawn)
    return [[int(token) for token in text if token != PADDING] for text in found[score > -np.inf]]


def write_texts(
    fitted: Any, start: str, tokens: int, count: int, temperature: float, beam: int | None, seed: int
) -> list[str]:
    """Do what :meth:`penstock.text.LanguageModel.generate` says, of a fitted model."""
    vocabulary = fitted.vocabulary_
    begin = np.zeros(0, np.int64)
    if start.strip():
        begin = vocabulary.whole().encode([start]).values
        unknown = int((begin == UNKNOWN).sum())
        if unknown:
            note(f"{unknown} of the {len(begin)} words of start= are unknown to the model.")
    if fitted.reverse:
        begin = begin[::-1]
    model = NextTokens(fitted.whole_network, fitted.weights_, Inputs(), beam or count)
    found = beam_search(model, begin, tokens) if beam else draw_tokens(model, begin, tokens, temperature, seed)
    if len(found) < count:
        note(f"there are {len(found):,} texts of at most tokens={tokens}, not count={count:,}.")
    whole = ([vocabulary.words[token] for token in [*begin.tolist(), *text]] for text in found[:count])
    return [" ".join(words[::-1] if fitted.reverse else words) for words in whole]
