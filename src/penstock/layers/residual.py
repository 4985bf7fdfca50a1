"""Connections that skip layers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax

from penstock.cells.padding import last_step, without_padding
from penstock.errors import OptionError
from penstock.layers.chain import Chain, ChainModule
from penstock.layers.layer import Layer
from penstock.layers.merge import MERGES, merge
from penstock.options import option

__all__ = ["Residual", "ResidualModule"]


class ResidualModule(eqx.Module):
    """What layers put out, merged with what went in."""

    inner: ChainModule
    merge: str = eqx.field(static=True)

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map ``[batch, time, features]`` to ``[batch, time, width]``, or ``[batch, width]`` of the last true step."""
        x = without_padding(x, lengths)
        out = self.inner(x, lengths=lengths, sequence=sequence, key=key)
        return merge(self.merge, x if sequence else last_step(x, lengths), out)


@dataclass(frozen=True, init=False, repr=False)
class Residual(Layer):
    """Layers with a connection around them, described.

    With the merge ``"sum"`` the layers learn what to add to their input (He et al. 2016, equation 1), so they must be
    as wide as it is; with ``"concat"`` whatever comes after reads input and output side by side (a skip connection, as
    in Graves 2013).

    Parameters
    ----------
    layers
        The layers, bottom first.
    merge
        ``sum`` adds input and output, ``concat`` puts them side by side.

    Examples
    --------
    >>> from penstock.layers.declared import GRU
    >>> from penstock.layers.layer_norm import LayerNorm
    >>> Residual([LayerNorm(), GRU(8)])
    Residual([LayerNorm(), GRU(8)])
    >>> Residual(GRU(8), merge="concat").width(3)
    11
    """

    over_time: ClassVar[bool] = True

    layers: tuple[Layer, ...]
    merge: str = option("sum", "how input and output become one", choices=MERGES)

    def __init__(self, layers: Iterable[Layer] | Layer, merge: str = "sum") -> None:
        object.__setattr__(self, "layers", Chain.of("Residual", layers).layers)
        object.__setattr__(self, "merge", merge)
        self.__post_init__()

    def __repr__(self) -> str:
        merge = "" if self.merge == "sum" else f", merge={self.merge!r}"
        return f"Residual({list(self.layers)!r}{merge})"

    @property
    def outputs(self) -> None:
        """As :meth:`width` says."""

    def width(self, inputs: int) -> int:
        """Give the width of the output: of the input, or of both."""
        return inputs if self.merge == "sum" else inputs + Chain(self.layers).width(inputs)

    def build(self, inputs: int, key: jax.Array) -> ResidualModule:
        """Draw the weights.

        Raises
        ------
        OptionError
            Where input and output are to be added, but differ in width.
        """
        inner = Chain(self.layers)
        if self.merge == "sum" and inner.width(inputs) != inputs:
            raise OptionError(
                f"{self!r} adds {inner.width(inputs)} outputs to {inputs} inputs; make them equally wide, or use "
                "merge='concat'."
            )
        return ResidualModule(inner.build(inputs, key), self.merge)
