"""Training a network on arrays: the engine of the estimators, without an estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.sequences import Sequences, read_sequences
from penstock.errors import DataError, OptionError, nearest
from penstock.networks.network import Network
from penstock.training.buckets import bucket_bounds, in_buckets
from penstock.training.callbacks import Callback
from penstock.training.config import TrainSpec
from penstock.training.losses import CLASS_LOSSES, LOSSES, Loss
from penstock.training.optimizers import Optimizer
from penstock.training.options import TrainingOptions
from penstock.training.progress import with_progress_bar
from penstock.training.samples import Samples
from penstock.training.source import Source
from penstock.training.train import train_folds
from penstock.training.trained_network import TrainedNetwork, read_samples

__all__ = ["train"]


def train(
    network: Network,
    x: Any,
    y: Any,
    *,
    lengths: Any = None,
    validation: Any = None,
    loss: str | Loss = "mse",
    outputs: int | None = None,
    optimizer: str | Optimizer = "adam",
    batch: int = 32,
    epochs: int = 50,
    patience: int | None = None,
    target_loss: float | None = None,
    clip: float | None = None,
    learning_rate_decay: float = 1.0,
    members: int = 1,
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
    x : array or list of arrays
        ``[samples, time, features]``, or ``[samples, time]`` of one feature; or a list with one array
        ``[time, features]`` a sample, whose lengths may differ. Where the network begins with an embedding: token ids
        ``[samples, time]``, or a list of lists.
    y : array or list of arrays
        ``[samples]`` or ``[samples, outputs]``; numbers of classes ``[samples]`` for ``loss="cross_entropy"``. Where
        the network has outputs at every step, a sequence of targets a sample, as long as its sequence in `x`.
    lengths : array of int, optional
        True steps of each sample of a padded array, ``[samples]``.
    validation : tuple or mapping, optional
        ``(x, y)``, or a mapping of `x`, `y` and `lengths`, for early stopping.
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
    members : int, default=1
        Networks trained from different seeds.
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
    """
    if not isinstance(network, Network):
        raise OptionError(f"{network!r} is no network; allowed: Network([GRU(32)]) and the like.")
    if isinstance(loss, str) and loss not in LOSSES:
        raise OptionError(f"loss={loss!r} is unknown; {nearest(loss, LOSSES)}")
    options = TrainingOptions(
        optimizer=optimizer, batch=batch, epochs=epochs, patience=patience, target_loss=target_loss, clip=clip,
        learning_rate_decay=learning_rate_decay, members=members, seed=seed, progress=progress,
    )  # fmt: skip
    sequences = read_samples(network, x, lengths, "x")
    targets = _targets(network, y, sequences, lengths, "y")
    learn, watch = np.arange(len(sequences)), np.arange(0)
    if validation is not None:
        others, their_targets = _validation(network, validation)
        if others.features != sequences.features or _width(their_targets) != _width(targets):
            raise DataError(
                f"the validation samples have {others.features} features and {_width(their_targets)} targets, the "
                f"training samples {sequences.features} and {_width(targets)}."
            )
        watch = len(sequences) + np.arange(len(others))
        sequences = sequences.followed_by(others)
        if isinstance(targets, Sequences):
            assert isinstance(their_targets, Sequences)  # noqa: S101 (read for the same network)
            targets = targets.followed_by(their_targets)
        else:
            targets = np.concatenate([targets, their_targets])
    width = outputs or _outputs(loss, targets)
    sizes = sequences.lengths
    bounds = bucket_bounds(sizes[learn])
    train_buckets, validation_buckets = (
        {length: part[found] for length, found in in_buckets(sizes[part], bounds).items()} for part in (learn, watch)
    )
    source = Source.of_sequences(sequences)
    samples = Samples.of_sequences(source, targets, train_buckets, validation_buckets, np.ones(len(sequences)))
    (trained,) = train_folds(
        TrainSpec(network, options.train_config(loss), source.widths, width),
        [samples],
        epochs=epochs,
        members=members,
        seed=seed,
        callbacks=with_progress_bar(callbacks, progress),
    )
    return TrainedNetwork(network, trained.weights, trained.history, source.widths, width)


def _targets(
    network: Network, y: Any, sequences: Sequences, lengths: Any, name: str
) -> NDArray[np.float64] | Sequences:
    """Read one row of targets a sample, or one a step."""
    if network.return_sequences:
        targets = read_sequences(y, lengths=lengths, name=name)
        if targets.lengths.tolist() != sequences.lengths.tolist():
            raise DataError(f"the sequences of {name} are not as long as those of x; give one target a step.")
        return targets
    try:
        rows = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} holds what is no number: {error}; give numbers, classes counted from 0.") from error
    rows = rows[:, None] if rows.ndim == 1 else rows
    if rows.ndim != 2 or len(rows) != len(sequences) or not np.isfinite(rows).all():
        raise DataError(
            f"{name} has the shape {np.shape(y)}{'' if np.isfinite(rows).all() else ' and holds NaN or inf'}; allowed: "
            f"finite numbers [{len(sequences)}] or [{len(sequences)}, outputs], one row a sample."
        )
    return rows


def _validation(network: Network, validation: Any) -> tuple[Sequences, NDArray[np.float64] | Sequences]:
    if isinstance(validation, (tuple, list)) and len(validation) == 2:
        validation = {"x": validation[0], "y": validation[1]}
    if not isinstance(validation, Mapping) or not {"x", "y"} <= {*validation} <= {"x", "y", "lengths"}:
        raise OptionError("validation is neither (x, y) nor a mapping of 'x', 'y' and, for padded arrays, 'lengths'.")
    lengths = validation.get("lengths")
    sequences = read_samples(network, validation["x"], lengths, "the validation x")
    return sequences, _targets(network, validation["y"], sequences, lengths, "the validation y")


def _width(targets: NDArray[np.float64] | Sequences) -> int:
    return targets.features if isinstance(targets, Sequences) else targets.shape[1]


def _outputs(loss: str | Loss, targets: NDArray[np.float64] | Sequences) -> int:
    """Return how many values a network puts out for a loss of these targets."""
    if loss not in CLASS_LOSSES or loss == "bce":
        return _width(targets)
    classes = int((targets.values if isinstance(targets, Sequences) else targets).max()) + 1
    return max(classes - (loss == "ordered"), 1)
