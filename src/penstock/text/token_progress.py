"""The progress of the training of a language model: tokens a second, perplexity, time left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penstock.training.callbacks import EpochEnd, StepsEnd
from penstock.training.progress import ProgressBar

__all__ = ["TokenProgress"]


class TokenProgress(ProgressBar):
    """Shows the epochs of a language model with tokens a second and perplexities.

    Parameters
    ----------
    tokens
        Tokens of an epoch.
    shown
        Whether to draw; None: on a terminal only.

    Attributes
    ----------
    tokens_per_second
        Speed of the last epoch, or of the one that is going on, its validation included where it has ended; all
        members together.
    """

    def __init__(self, tokens: int, shown: bool | None = None) -> None:
        super().__init__(shown)
        self.tokens, self.tokens_per_second = tokens, float("nan")

    def on_steps_end(self, event: StepsEnd) -> None:
        """Say how fast the epoch goes, and the perplexity so far."""
        self._measure(event.taken * len(event.training_loss), event.seconds)
        self.move_to(event.share, self._words(event.training_loss))

    def on_epoch_end(self, event: EpochEnd) -> NDArray[np.bool_] | None:
        """Advance by an epoch, with the perplexities of training and validation."""
        self._measure(event.share * int(event.running.sum()), event.seconds)
        held_out = float(np.exp(np.median(event.validation_loss)))
        self.advance(f"{self._words(event.training_loss)} · validation {held_out:.4g}")
        return None

    def _measure(self, epochs: float, seconds: float) -> None:
        self.tokens_per_second = self.tokens * epochs / max(seconds, 1e-9)

    def _words(self, losses: NDArray[np.float64]) -> str:
        return f"{self.tokens_per_second:,.0f} tokens/s · perplexity {float(np.exp(np.median(losses))):.4g}"
