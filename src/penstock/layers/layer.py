"""What a layer's description can do."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import equinox as eqx
import jax

from penstock.options import Description

__all__ = ["Layer"]


@dataclass(frozen=True, repr=False)
class Layer(Description):
    """A layer described: how wide its output is, and how to build the module with weights."""

    @property
    @abc.abstractmethod
    def outputs(self) -> int:
        """Width of the output at each step."""

    @abc.abstractmethod
    def build(self, inputs: int, key: jax.Array) -> eqx.Module:
        """Draw the weights of a module that takes ``inputs`` features."""
