"""A sequence for each sequence."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.data.scaling import Standardizer
from penstock.data.sequences import Sequences, read_sequences, read_vectors
from penstock.errors import DataError, OptionError
from penstock.layers.attention import AdditiveAttention
from penstock.layers.declared import GRU
from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.options import option
from penstock.saved import warn_not_finite
from penstock.sequences.estimator import SequenceEstimator
from penstock.sequences.targets import Targets
from penstock.sequences.tracks import codes_along, labels_along, labels_of, read_label_sequences
from penstock.storage import Arrays
from penstock.training.decode import Decoding, attend, decode_tokens, decode_values
from penstock.training.losses import VALUE_LOSSES
from penstock.training.raw_samples import RawSamples
from penstock.training.scheduled_sampling import ScheduledSampling
from penstock.values import from_plain, storable, stored_count

__all__ = ["SequenceToSequence"]


LOSSES = ("cross_entropy", *VALUE_LOSSES)


@dataclass(repr=False, eq=False)
class SequenceToSequence(SequenceEstimator):
    """An encoder-decoder that tells a sequence of labels, or of values, for each sequence, or for each vector.

    Labels are told one after the other until the end, which is learned too, so that lengths may differ. Values are told
    for as many steps as the longest that was learned from, or as are asked for.

    Attributes
    ----------
    classes_
        The labels.
    max_target_length_
        Steps of the longest target, the end included.

    Examples
    --------
    >>> X = [[1, 2, 3], [3, 1], [2, 2, 1], [1]] * 20
    >>> y = ["abc", "ca", "bba", "a"] * 20
    >>> from penstock.layers.embedding import Embedding
    >>> from penstock.training.optimizers import Adam
    >>> network = EncoderDecoder([Embedding(4, 4), GRU(8)], GRU(8), embedding=4)
    >>> model = SequenceToSequence(network, epochs=40, optimizer=Adam(0.05)).fit(X, y)
    >>> ["".join(each) for each in model.predict([[3, 1], [1]])]
    ['ca', 'a']
    """

    kind: ClassVar[str] = "sequence"

    network: EncoderDecoder = option(  # type: ignore[assignment]
        EncoderDecoder(GRU(32), GRU(32), AdditiveAttention(32), embedding=16), "its description", kw_only=False
    )
    loss: str = option("cross_entropy", "loss to minimise: of labels, or of values", choices=LOSSES, kw_only=True)
    scheduled_sampling: ScheduledSampling = option(
        ScheduledSampling(), "share of the true targets that the decoder is fed in training", kw_only=True
    )

    def predict(
        self,
        X: Any,
        *,
        lengths: Any = None,
        padding: str = "post",
        extra: Any = None,
        beam: int = 1,
        steps: int | None = None,
    ) -> Any:
        """Tell the sequence of each sample, each step fed with what was told before.

        Parameters
        ----------
        X, lengths, padding, extra
            As in :meth:`fit`.
        beam
            Beam width, for labels; 1 is greedy decoding.
        steps
            Steps after which a sequence ends in any case; as many as the longest that was learned from if left out.

        Returns
        -------
        A list of labels for each sample, or values ``[samples, steps]``, or ``[samples, steps, columns]``.
        """
        ready = self._ready(X, lengths=lengths, padding=padding, extra=extra)
        decoding = self._decoding(beam, steps)
        if self._tells_labels:
            return labels_along(decode_tokens(decoding, ready.weights, ready.source, ready.buckets)[0], self.classes_)
        scaled = decode_values(decoding, ready.weights, ready.source, ready.buckets).mean(axis=0)
        values = self.y_scaling_.inverse(scaled)
        warn_not_finite(values, type(self).__name__)
        return values[..., 0] if values.shape[-1] == 1 else values

    def attention(
        self, X: Any, *, lengths: Any = None, padding: str = "post", extra: Any = None
    ) -> list[NDArray[np.float64]]:
        """Give what each told label attends to, ``[labels and end, time]`` a sample; rows add up to one.

        Parameters
        ----------
        X
            Samples, as in :meth:`fit`.
        lengths, padding, extra
            As in :meth:`fit`.

        Returns
        -------
        For each sample the weights ``[labels and end, time]``.

        Raises
        ------
        OptionError
            Where the network does not attend, or gives values.
        """
        ready = self._ready(X, lengths=lengths, padding=padding, extra=extra)
        decoding = self._decoding(1, None)
        if not self._tells_labels or self.network.attention is None:
            raise OptionError(
                "attention is of networks that attend and give labels; build with EncoderDecoder(..., "
                "attention=DotAttention()), and fit labels."
            )
        tokens, _ = decode_tokens(decoding, ready.weights, ready.source, ready.buckets)
        ends = [min(int((row != decoding.outputs - 1).sum()) + 1, decoding.steps) for row in tokens]
        return [each[:end] for each, end in zip(attend(decoding, *ready, tokens), ends, strict=True)]

    def score(self, X: Any, y: Any, **samples: Any) -> float:
        """Give the share of samples that are told exactly; of values R², over all steps.

        Parameters
        ----------
        X
            Samples, as in :meth:`fit`.
        y
            Their true sequences.
        **samples
            ``lengths``, ``padding`` and ``extra``, as in :meth:`fit`.

        Returns
        -------
        The share of samples that are decoded exactly, or R².

        Raises
        ------
        DataError
            Where `y` does not hold a sequence for each sample.
        """
        if self._tells_labels:
            told = self.predict(X, **samples)
            pairs = zip(told, read_label_sequences(y, len(told)), strict=True)
            return float(np.mean([each == true for each, true in pairs]))
        truth = read_sequences(y, name="y")
        values = self.predict(X, steps=int(truth.lengths.max()), **samples)
        if len(values) != len(truth):
            raise DataError(f"y holds {len(truth)} sequences for {len(values)} samples; give one for each.")
        values = values.reshape(*values.shape[:2], -1)
        told = np.concatenate([each[:length] for each, length in zip(values, truth.lengths, strict=True)])
        return float(1 - ((told - truth.values) ** 2).sum() / ((truth.values - truth.values.mean(axis=0)) ** 2).sum())

    # ---- how ---------------------------------------------------------------------------------------------------------

    @property
    def _tells_labels(self) -> bool:
        return self.loss == "cross_entropy"

    @property
    def _loss(self) -> str:
        return self.loss

    @property
    def whole_network(self) -> EncoderDecoder:  # type: ignore[override]
        """The network that is trained."""
        return self.network

    def _decoding(self, beam: int, steps: int | None) -> Decoding:
        whole = {
            name: isinstance(value, Integral) and not isinstance(value, bool) and 0 < value < 1 << 31
            for name, value in (("beam", beam), ("steps", steps))
        }
        if not whole["beam"] or (beam > 1 and not self._tells_labels):
            raise OptionError(f"beam={beam!r} is not allowed; allowed: 1, or more where labels are predicted.")
        if steps is not None and not whole["steps"]:
            raise OptionError(f"steps={steps!r} is not allowed; allowed: a whole number from 1, or None.")
        return Decoding(self.network, self.inputs_, self.outputs_, steps or self.max_target_length_, beam)

    def _raw(self, X: Any, **samples: Any) -> RawSamples:
        if not self.network.encoder:
            X = read_vectors(X)
        return super()._raw(X, **samples)

    def _decoder_training(self, targets: Targets) -> tuple[int | None, ScheduledSampling | None]:
        always = self.scheduled_sampling.start == self.scheduled_sampling.end == 1
        assert isinstance(targets.y, Sequences)  # noqa: S101
        return int(targets.y.lengths.max()), None if always else self.scheduled_sampling

    def _fit_targets(self, y: Any, lengths: NDArray[np.int64], sample_weight: NDArray[np.float64] | None) -> Targets:
        if self._tells_labels:
            if self.network.autoregressive and not self.network.embedding:
                raise OptionError("labels are fed back as vectors; say how wide: EncoderDecoder(..., embedding=16).")
            tracks = read_label_sequences(y, len(lengths))
            self.classes_ = labels_of(tracks)
        else:
            if self.network.embedding:
                raise OptionError("values are fed back as they are; leave embedding=0 in the EncoderDecoder.")
            values = read_sequences(y, name="y").values
            self.y_scaling_ = Standardizer.fit(values, self.scale)
        targets = self._read_targets(y, lengths)
        assert isinstance(targets.y, Sequences)  # noqa: S101
        self.max_target_length_ = int(targets.y.lengths.max())
        weight = np.ones(len(lengths)) if sample_weight is None else sample_weight
        return Targets(targets.y, weight, targets.outputs)

    def _read_targets(self, y: Any, lengths: NDArray[np.int64]) -> Targets:
        weight = np.ones(len(lengths))
        if self._tells_labels:
            tracks = read_label_sequences(y, len(lengths))
            return Targets(codes_along(tracks, self.classes_, end=True), weight, len(self.classes_) + 1)
        values = read_sequences(y, name="y")
        if len(values) != len(lengths) or values.features != len(self.y_scaling_):
            raise DataError(f"y holds {len(values)} sequences of {values.features} columns for {len(lengths)} samples.")
        scaled = self.y_scaling_.transform(values.values)
        return Targets(Sequences(scaled, values.offsets), weight, values.features)

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        about, arrays = super()._extra_state()
        about["reach"] = self.max_target_length_
        if self._tells_labels:
            return {**about, "classes": storable(self.classes_, "labels")}, arrays
        return about, {**arrays, **self.y_scaling_.arrays("y.")}

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        self.max_target_length_ = stored_count(description["reach"], "steps of a target")
        if self._tells_labels:
            self.classes_ = labels_of([[from_plain(label)] for label in description["classes"]])
        else:
            self.y_scaling_ = Standardizer.of_arrays(arrays, "y.")
        super()._load_extra(description, arrays)
