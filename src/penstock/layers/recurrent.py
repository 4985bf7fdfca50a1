"""What the recurrent layers share, a cell that is unrolled and dropout; and the layer of any cell."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.cell import Cell
from penstock.errors import OptionError
from penstock.layers.dropout import keep_mask
from penstock.layers.layer import Layer
from penstock.layers.noise import derive
from penstock.layers.unroll import check_step, check_takes_mask, unroll
from penstock.options import option

__all__ = ["Recurrent", "RecurrentLayer", "RecurrentModule"]


class RecurrentModule(eqx.Module):
    """A cell that is unrolled over its input."""

    cell: Cell[Any]
    units: int = eqx.field(static=True)
    dropout: float = eqx.field(static=True, default=0.0)
    recurrent_dropout: float = eqx.field(static=True, default=0.0)

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
        reverse: bool = False,
    ) -> jax.Array:
        """Unroll the cell over inputs ``[batch, time, features]``.

        Parameters
        ----------
        x
            The inputs.
        lengths
            True steps of each sample, ``[batch]``; all if left out.
        sequence
            Whether to give the output of every step, or only that of the step walked last.
        key
            What dropout masks are drawn from, one of the inputs and one of the state for the whole sequence, as in
            Keras; without it nothing is dropped.
        reverse
            Whether to walk the true steps from the last to the first; outputs stay at their times.

        Returns
        -------
        ``[batch, time, units]``, or ``[batch, units]`` of the last step.
        """
        mask = x_mask = None
        if key is not None and (self.dropout or self.recurrent_dropout):
            if self.dropout:
                x_mask = keep_mask(derive(key, 0), self.dropout, (x.shape[0], x.shape[2]), x.dtype)
            if self.recurrent_dropout:
                mask = keep_mask(derive(key, 1), self.recurrent_dropout, (x.shape[0], self.units), x.dtype)
        return unroll(self.cell, x, lengths=lengths, mask=mask, x_mask=x_mask, reverse=reverse, sequence=sequence)[0]


@dataclass(frozen=True, repr=False)
class RecurrentLayer(Layer):
    """A recurrent layer described: `draw` says how its cell is built. :class:`Recurrent` takes a cell of your own."""

    over_time: ClassVar[bool] = True

    units: int = option(help="hidden units", at_least=1)
    dropout: float = option(
        0.0, "share of the inputs dropped in training, the same at every step", at_least=0, below=1, kw_only=True
    )
    recurrent_dropout: float = option(
        0.0, "share of the state dropped from the recurrent product in training", at_least=0, below=1, kw_only=True
    )

    @property
    def outputs(self) -> int:
        """Width of the output at each step."""
        return self.units

    @abc.abstractmethod
    def draw(self, inputs: int, key: jax.Array) -> Cell[Any]:
        """Draw the weights of the cell."""

    def build(self, inputs: int, key: jax.Array) -> RecurrentModule:
        """Draw the weights.

        Raises
        ------
        OptionError
            Where recurrent dropout is asked of a cell that knows none.
        """
        cell = self.draw(inputs, key)
        if self.recurrent_dropout:
            check_takes_mask(cell, f"{self!r}: ")
        return RecurrentModule(cell, self.units, self.dropout, self.recurrent_dropout)


@dataclass(frozen=True, init=False, repr=False)
class Recurrent(RecurrentLayer):
    """A layer of any cell, described: of your own, or of one of :mod:`penstock.cells`.

    Parameters
    ----------
    cell
        The class of the cell, or its name. It is made as ``cell(features, units, key, **options)``, and puts out
        ``[batch, units]``.
    units
        Hidden units.
    dropout, recurrent_dropout
        Shares dropped in training, as in every recurrent layer.
    options
        What else the cell takes, such as ``leak=0.1``.

    Notes
    -----
    A model file names the cell and its module: import the module before you load the file. A class that is defined
    again is another cell; layers that were made before keep the earlier one.

    Examples
    --------
    >>> class Sum(Cell):
    ...     decay: float
    ...     def __init__(self, features, units, key, decay=1.0):
    ...         self.decay = decay
    ...     def initial_state(self, batch):
    ...         return jnp.zeros((batch, 1))
    ...     def __call__(self, x, state):
    ...         state = self.decay * state + x.sum(-1, keepdims=True)
    ...         return state, state
    >>> layer = Recurrent(Sum, 1, decay=0.5)
    >>> layer
    Recurrent(Sum, 1, decay=0.5)
    >>> layer.build(1, jax.random.key(0))(jnp.ones((1, 3, 1))).tolist()
    [[[1.0], [1.5], [1.75]]]
    """

    cell: type[Cell[Any]] = field(kw_only=True)
    options: tuple[tuple[str, Any], ...] = ()

    def __init__(
        self,
        cell: type[Cell[Any]] | str,
        units: int,
        *,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        options: Iterable[tuple[str, Any]] = (),
        **more: Any,
    ) -> None:
        given = {**dict(options), **more}
        if not isinstance(cell, (str, type)) or (isinstance(cell, type) and not issubclass(cell, Cell)):
            raise OptionError(f"Recurrent: {cell!r} is no cell; allowed: a class derived from penstock.cells.Cell.")
        kind = Cell.kinds.find(cell) if isinstance(cell, str) else cell
        for name, value in (
            ("cell", kind), ("units", units), ("dropout", dropout), ("recurrent_dropout", recurrent_dropout),
            ("options", tuple(sorted(given.items()))),
        ):  # fmt: skip
            object.__setattr__(self, name, value)
        self.__post_init__()
        try:
            inspect.signature(kind).bind(1, units, None, **given)
        except TypeError as error:
            raise OptionError(
                f"{self!r}: {kind.__name__}(features, units, key, ...) does not take these: {error}."
            ) from error

    def stored(self) -> dict[str, Any]:
        """Return the fields by name, for a model file: the cell by its name."""
        return {**super().stored(), "cell": Cell.kinds.name_of(self.cell)}

    def __repr__(self) -> str:
        dropped = {name: rate for name in ("dropout", "recurrent_dropout") if (rate := getattr(self, name))}
        more = "".join(f", {name}={value!r}" for name, value in {**dropped, **dict(self.options)}.items())
        return f"Recurrent({self.cell.__name__}, {self.units}{more})"

    def draw(self, inputs: int, key: jax.Array) -> Cell[Any]:
        """Draw the weights of the cell, and have it take one step.

        Raises
        ------
        OptionError
            Where the step changes the state's shape, or puts out anything but ``[batch, units]``.
        """
        cell = self.cell(inputs, self.units, key, **dict(self.options))
        x = jnp.zeros((2, inputs))
        output = check_step(cell, x, jax.eval_shape(lambda: cell.initial_state(2)))
        if output.shape != (2, self.units):
            raise OptionError(
                f"{self!r}: for 2 samples the step puts out the shape {output.shape}; a layer of {self.units} units "
                f"needs {(2, self.units)}."
            )
        return cell
