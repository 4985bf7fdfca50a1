"""What is learned of samples, and what each weighs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import described
from penstock.data.sequences import Sequences
from penstock.data.splits import keep_every_class, tail_length
from penstock.errors import DataError, OptionError, nearest

__all__ = ["Targets", "split_samples", "validation_arguments"]


@dataclass(frozen=True, eq=False)
class Targets:
    """What is learned of samples.

    Attributes
    ----------
    y
        A target for each sample, ``[samples, width]``, or a sequence of targets.
    weight
        What each sample weighs, ``[samples]``.
    outputs
        Outputs of the network.
    codes
        Number of each sample's class, ``[samples]``; None where a sample has no class.
    """

    y: NDArray[np.float64] | Sequences
    weight: NDArray[np.float64]
    outputs: int
    codes: NDArray[np.int64] | None = None

    def followed_by(self, others: Targets) -> Targets:
        """Put the targets of other samples behind these."""
        if isinstance(self.y, Sequences):
            assert isinstance(others.y, Sequences)  # noqa: S101 (read by the same estimator)
            y: NDArray[np.float64] | Sequences = self.y.followed_by(others.y)
        else:
            y = np.concatenate([self.y, others.y])
        return Targets(y, np.concatenate([self.weight, others.weight]), self.outputs)


def split_samples(
    count: int, validation: float, seed: int, codes: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split training samples at random, by the seed, into those to learn from and those for validation.

    Of each class among the class numbers `codes`, ``[samples]``, one sample at least is learned from.

    Examples
    --------
    >>> learn, watch = split_samples(10, 0.2, seed=0)
    >>> len(learn), len(watch), sorted([*learn, *watch]) == list(range(10))
    (8, 2, True)
    """
    held_out = tail_length(count, validation, 1)
    if validation and held_out >= count:
        raise DataError(
            f"{count} sample(s) are too few for validation={validation:g}, which leaves none to learn from; "
            "give more samples, or validation=0 for none."
        )
    order = np.random.default_rng([seed, count]).permutation(count)
    learn, watch = np.sort(order[held_out:]), np.sort(order[:held_out])
    return (learn, watch) if codes is None else keep_every_class(learn, watch, codes)


def validation_arguments(validation: Any) -> dict[str, Any]:
    """Return the arguments of a fit that validation samples, ``(X, y)`` or a mapping, are given by."""
    allowed = ("X", "y", "lengths", "padding", "categories", "extra")
    arguments: dict[str, Any] = {}
    if isinstance(validation, Mapping):
        wrong = [name for name in validation if name not in allowed]
        if wrong:
            raise OptionError(f"validation has no {wrong[0]!r}; {nearest(wrong[0], allowed)}")
        arguments = dict(validation)
    elif isinstance(validation, (tuple, list)) and len(validation) == 2:
        arguments = {"X": validation[0], "y": validation[1]}
    if "X" not in arguments or "y" not in arguments:
        raise OptionError(f"validation={described(validation)}; allowed: (X, y), or a mapping that holds 'X' and 'y'.")
    return arguments
