"""Estimators that read arrays and ragged lists: their `fit` and their `outputs`."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penstock.checkpoints import checkpoints, in_words
from penstock.sequences.core import SampleEstimator
from penstock.training.callbacks import Callback

__all__ = ["SequenceEstimator"]


@dataclass(repr=False, eq=False, kw_only=True)
class SequenceEstimator(SampleEstimator, abc.ABC):
    """A network that reads one sequence a sample."""

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        lengths: Any = None,
        padding: str = "post",
        categories: Any = None,
        extra: Any = None,
        sample_weight: Any = None,
        vectors: Any = None,
        validation: Any = None,
        callbacks: Sequence[Callback] = (),
        checkpoint: str | Path | None = None,
        resume: bool = False,
        checkpoint_minutes: float = 1.0,
    ) -> Self:
        """Fit afresh; earlier fits leave no trace.

        Parameters
        ----------
        X
            An array ``[samples, time, features]`` or ``[samples, time]`` of one feature, or a list with one array
            ``[time, features]`` a sample, whose lengths may differ. Where the network begins with an embedding: token
            ids, ``[samples, time]`` or a list of lists.
        y
            One target a sample.
        lengths, padding
            True steps of each sample of an array that was padded, and where its padding stands: ``post`` or
            ``pre``. Padding is not read.
        categories
            Labels of static categories of each sample, ``[samples, categories]``; the network says in `embeddings`
            how each is read.
        extra
            Further numbers of each sample, ``[samples, extra]``, which join the last step.
        sample_weight
            What the loss of each sample weighs.
        vectors
            Initial table of the embedding that the network begins with, ``[vocabulary, units]``.
        validation
            Samples for early stopping instead of a share cut from these: ``(X, y)``, or a mapping of this
            method's arguments. Never give it the samples that you will judge the model by.
        callbacks
            Hooks of the training loop.
        checkpoint, resume
            Folder in which the network is kept in training, and whether to go on with what it holds; the result
            is that of an uninterrupted fit (:func:`penstock.training.checkpoints`).
        checkpoint_minutes
            Minutes between two checkpoints at most; always where one takes less than a twentieth of the time.

        Returns
        -------
        This estimator.

        Raises
        ------
        DataError
            Where the samples cannot be used; the message says why.
        """
        samples = {"lengths": lengths, "padding": padding, "categories": categories, "extra": extra}
        further = {"sample_weight": sample_weight, "vectors": vectors, "validation": validation, "callbacks": callbacks}
        with checkpoints(checkpoint, resume=resume, minutes=checkpoint_minutes, what=in_words([self])):
            return self._fit_copy(lambda fitted: fitted._learn(X, y, **samples, **further))

    def outputs(
        self,
        X: Any,
        *,
        lengths: Any = None,
        padding: str = "post",
        categories: Any = None,
        extra: Any = None,
    ) -> NDArray[np.float64]:
        """Return what the network puts out, logits or scaled values, ``[members, samples, outputs]``.

        A sample's outputs do not depend on the other samples, bit for bit.

        Parameters
        ----------
        X
            Samples, as in :meth:`fit`.
        lengths, padding, categories, extra
            As in :meth:`fit`.

        Returns
        -------
        Outputs ``[members, samples, outputs]``.
        """
        return self._outputs(X, lengths=lengths, padding=padding, categories=categories, extra=extra)
