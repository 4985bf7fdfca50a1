"""What a training is made of, by name: options in words, samples as the number of their rows and a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import jax
import numpy as np

from penstock.checkpoints import text_of
from penstock.cores import usable_cores
from penstock.kernels.choice import status
from penstock.training.config import TrainSpec
from penstock.training.samples import Samples
from penstock.version import __version__

__all__ = ["fingerprint", "machine"]


def fingerprint(spec: TrainSpec, folds: Sequence[Samples], **more: Any) -> dict[str, str]:
    """Describe a training, so that another one is told from it in words.

    Parameters
    ----------
    spec, folds
        The network and how it is trained, and the samples of each fold.
    more
        Further arguments by name; those that hold arrays are hashed.

    Returns
    -------
    Text by name, the same in every process.

    Examples
    --------
    >>> import penstock as ps
    >>> from penstock.training.config import TrainConfig
    >>> from penstock.training.source import Source
    >>> y = np.arange(20.0)
    >>> samples = Samples.of_windows(Source.of(y[:, None]), y, np.arange(9), np.array([12]), window=4)
    >>> spec = TrainSpec(ps.Network([ps.RNN(2)]), TrainConfig(), samples.source.widths, 1)
    >>> found = fingerprint(spec, [samples], epochs=5)
    >>> found["batch"], found["epochs"], found["the training samples"][:9]
    ('20', '5', '9 samples')
    """
    found = {name: text_of(getattr(spec, name)) for name in ("network", "inputs", "outputs")}
    found |= {field.name: text_of(getattr(spec.config, field.name)) for field in fields(spec.config)}
    found |= {name: text_of(value) for name, value in more.items() if not _held_arrays(value)}
    found |= {f"the {name}": _hash(value) for name, value in more.items() if _held_arrays(value)}
    counts = {
        part: sum(int(each.total) for fold in folds for each in getattr(fold, part).values())
        for part in ("train", "validation")
    }
    found["the training samples"] = f"{counts['train']} samples ({_hash([fold.train for fold in folds])})"
    found["the validation samples"] = f"{counts['validation']} samples ({_hash([fold.validation for fold in folds])})"
    found["the rows that the network reads"] = _hash([fold.source for fold in folds])
    found["the targets"] = _hash([fold.targets for fold in folds])
    found["the weights of the samples"] = _hash([fold.weight for fold in folds])
    return {**found, "penstock": __version__, "jax": jax.__version__}


def machine() -> str:
    """Name what computes, which decides the last digits of every result."""
    live = status()
    return f"{jax.default_backend()}, {usable_cores()} cores, kernels {live.path}{f' {live.isa}' if live.isa else ''}"


def _held_arrays(value: Any) -> bool:
    return any(isinstance(leaf, (np.ndarray, jax.Array)) for leaf in jax.tree.leaves(value))


def _hash(tree: Any) -> str:
    """Hash arrays and how they hang together."""
    leaves, structure = jax.tree.flatten(tree)
    digest = hashlib.sha256(text_of(structure).encode())
    for leaf in leaves:
        array = np.ascontiguousarray(leaf)
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(array.data.cast("B") if array.size else b"")
    return digest.hexdigest()[:16]
