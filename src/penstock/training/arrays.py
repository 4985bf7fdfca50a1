"""Training a network on arrays: the engine of the estimators, without an estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_choice, described
from penstock.data.sequences import Sequences
from penstock.errors import DataError, OptionError
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.training.array_samples import ArraySamples, read_targets
from penstock.training.callbacks import Callback, check_callbacks
from penstock.training.config import TrainSpec
from penstock.training.losses import CLASS_LOSSES, LOSSES, Loss
from penstock.training.optimizers import Optimizer
from penstock.training.options import TrainingOptions
from penstock.training.progress import with_progress_bar
from penstock.training.raw_samples import sample_weights
from penstock.training.schedules import Schedule
from penstock.training.start import start_weights
from penstock.training.train import train_folds
from penstock.training.trained_network import TrainedNetwork

__all__ = ["train"]


def train(
    network: Network,
    x: Any,
    y: Any,
    *,
    lengths: Any = None,
    categories: Any = None,
    extra: Any = None,
    sample_weight: Any = None,
    validation: Any = None,
    start: Any = None,
    loss: str | Loss = "mse",
    outputs: int | None = None,
    optimizer: str | Optimizer = "adam",
    batch: int = 32,
    epochs: int = 50,
    patience: int | None = None,
    target_loss: float | None = None,
    clip: float | None = None,
    learning_rate_decay: float = 1.0,
    schedule: str | Schedule | None = None,
    members: int | None = None,
    seed: int = 0,
    progress: bool | None = None,
    callbacks: Sequence[Callback] = (),
) -> TrainedNetwork:
    """Train a network on arrays as they are: no scaling, no split, no estimator.

    A whole epoch is one compiled call: shuffle, gather, forward, backward, update, validation loss. Members train side
    by side. With validation samples the weights with the lowest validation loss are kept, else the last ones.

    Parameters
    ----------
    network : Network
        The network's description.
    x : array, list of arrays or RowWindows
        ``[samples, time, features]``, or ``[samples, time]`` of one feature; or a list with one array
        ``[time, features]`` a sample, whose lengths may differ; or windows of rows that are not copied
        (:class:`penstock.training.RowWindows`). Where the network begins with an embedding: token ids
        ``[samples, time]``, or a list of lists.
    y : array or list of arrays
        ``[samples]`` or ``[samples, outputs]``; numbers of classes ``[samples]`` for ``loss="cross_entropy"``. Where
        the network has outputs at every step, a sequence of targets a sample, as long as its sequence in `x`.
    lengths : array of int, optional
        True steps of each sample of a padded array, ``[samples]``.
    categories : array of int, optional
        Id of each static category of each sample, counted from 0, ``[samples]`` or ``[samples, categories]``; the
        network says in `embeddings` how each is read.
    extra : array, optional
        Further numbers of each sample, ``[samples]`` or ``[samples, extra]``, which join what was read at the end.
    sample_weight : array, optional
        Weight of each sample in the loss, ``[samples]``.
    validation : tuple or mapping, optional
        Samples for early stopping: ``(x, y)``, or a mapping of `x`, `y` and, where they have any, `lengths`,
        `categories` and `extra`.
    start : TrainedNetwork, NetworkModule, list or weights, optional
        Weights to start from: what an earlier call gave, to go on from; a module of the network, or a list with one a
        member; or weights with an axis of members, such as an estimator's ``weights_``. The optimiser starts afresh.
        Left out, weights are drawn.
    loss : str or callable, default="mse"
        A name, or a function of targets and outputs ``[batch, outputs]`` that returns one loss a sample ``[batch]``.
    outputs : int, optional
        Outputs of the network; left out, as many as `y` has columns (classes, for ``"cross_entropy"``).
    optimizer : str or Optimizer, default="adam"
        Name or description.
    batch : int, default=32
        Samples a step.
    epochs : int, default=50
        Passes over the samples at most.
    patience : int, optional
        Epochs without a lower validation loss after which a member stops.
    target_loss : float, optional
        Validation loss at which a member stops.
    clip : float, optional
        Largest global norm of a step's gradient.
    learning_rate_decay : float, default=1.0
        Factor of the learning rate from one epoch to the next.
    schedule : str or Schedule, optional
        Factor of the learning rate over all steps of all epochs; left out, it is constant.
    members : int, optional
        Networks trained from different seeds; left out, as many as `start` holds, else 1.
    seed : int, default=0
        Seed of weights and shuffles.
    progress : bool, optional
        Whether to show a progress bar; left out, on a terminal only.
    callbacks : sequence of Callback, optional
        Hooks of the training loop.

    Returns
    -------
    TrainedNetwork
        The weights of all members and their losses.

    Raises
    ------
    OptionError
        For an option that is not allowed.
    DataError
        Where the arrays cannot be used; the message says why.
    TrainingError
        When a loss is no longer finite.

    Examples
    --------
    >>> from penstock.layers.declared import GRU
    >>> import jax.numpy as jnp
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(64, 10, 2))
    >>> y = x[:, -3:, 0].sum(axis=1)
    >>> trained = train(Network([GRU(4)]), x[:48], y[:48], validation=(x[48:], y[48:]), epochs=2, members=3)
    >>> trained.predict(x[48:]).shape, trained.history.validation_loss.shape
    ((3, 16, 1), (2, 3))
    >>> trained.module(member=1)(jnp.asarray(x[:2], jnp.float32)).shape
    (2, 1)
    >>> further = train(trained.network, x[:48], y[:48], start=trained, epochs=1)
    >>> further.members, bool(further.history.training_loss[0, 0] < trained.history.training_loss[0, 0])
    (3, True)
    """
    if not isinstance(network, Network):
        raise OptionError(f"{network!r} is no network; allowed: Network([GRU(32)]) and the like.")
    if not callable(loss):
        checked_choice("loss", loss, LOSSES)
    if outputs is not None and (not isinstance(outputs, Integral) or isinstance(outputs, bool) or outputs < 1):
        raise OptionError(f"outputs={described(outputs)}; allowed: a whole number from 1, or None.")
    check_callbacks(callbacks)
    options = TrainingOptions(
        optimizer=optimizer, batch=batch, epochs=epochs, patience=patience, target_loss=target_loss, clip=clip,
        learning_rate_decay=learning_rate_decay, schedule=schedule, members=1 if members is None else members,
        seed=seed, progress=progress,
    )  # fmt: skip
    samples = ArraySamples.read(network, x, lengths=lengths, categories=categories, extra=extra)
    targets, count = read_targets(network, y, samples, lengths, "y"), len(samples)
    weight = sample_weights(sample_weight, count)
    if validation is not None:
        others, their_targets = _validation(network, validation)
        if others.widths != samples.widths or _width(their_targets) != _width(targets):
            names = ("features", "categories", "further features", "targets")
            theirs, ours = (*others.widths, _width(their_targets)), (*samples.widths, _width(targets))
            said = [
                f"{a} {name}, the training samples {b}"
                for a, b, name in zip(theirs, ours, names, strict=True)
                if a != b
            ]
            raise DataError(f"the validation samples have {'; '.join(said)}; give the same.")
        samples = samples.followed_by(others)
        weight = None if weight is None else np.concatenate([weight, np.ones(len(others))])
        if isinstance(targets, Sequences):
            assert isinstance(their_targets, Sequences)  # noqa: S101 (read for the same network)
            targets = targets.followed_by(their_targets)
        else:
            targets = np.concatenate([targets, their_targets])
    sizes, width = samples.sizes, outputs or _outputs(loss, targets)
    known = getattr(start[0] if isinstance(start, list) and start else start, "inputs", None)
    if isinstance(known, Inputs):
        sizes = samples.sizes_within(known)
    if isinstance(start, TrainedNetwork):
        width = outputs or start.outputs
    source = samples.source(sizes)
    weights, count_members = start_weights(start, network, source.widths, width, members)
    (trained,) = train_folds(
        TrainSpec(network, options.train_config(loss), source.widths, width),
        [samples.training_samples(source, targets, weight, count)],
        epochs=epochs,
        members=count_members,
        seed=seed,
        weights=weights,
        callbacks=with_progress_bar(callbacks, progress),
    )
    return TrainedNetwork(network, trained.weights, trained.history, source.widths, width)


def _validation(network: Network, validation: Any) -> tuple[ArraySamples, NDArray[np.float64] | Sequences]:
    """Read the validation samples and their targets."""
    allowed = ("x", "y", "lengths", "categories", "extra")
    if isinstance(validation, (tuple, list)) and len(validation) == 2:
        validation = {"x": validation[0], "y": validation[1]}
    if not isinstance(validation, Mapping) or not {"x", "y"} <= {*validation} <= {*allowed}:
        raise OptionError(
            f"validation={described(validation)}; allowed: (x, y), or a mapping of 'x' and 'y', beside which it may "
            "hold 'lengths', 'categories' and 'extra'."
        )
    given = {name: value for name, value in validation.items() if name != "y"}
    samples = ArraySamples.read(network, given.pop("x"), **given, name="the validation x")
    return samples, read_targets(network, validation["y"], samples, given.get("lengths"), "the validation y")


def _width(targets: NDArray[np.float64] | Sequences) -> int:
    return targets.features if isinstance(targets, Sequences) else targets.shape[1]


def _outputs(loss: str | Loss, targets: NDArray[np.float64] | Sequences) -> int:
    """Return how many values a network puts out for a loss of these targets."""
    if loss not in CLASS_LOSSES or loss == "bce":
        return _width(targets)
    classes = int((targets.values if isinstance(targets, Sequences) else targets).max()) + 1
    return max(classes - (loss == "ordered"), 1)
