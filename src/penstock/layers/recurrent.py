"""What the recurrent layers share, a cell that is unrolled and dropout; and the layer of any cell."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field
from typing import Annotated, Any, ClassVar, get_args, get_origin, get_type_hints

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.argument_types import described
from penstock.arguments import check_arguments
from penstock.cells.cell import Cell
from penstock.errors import OptionError
from penstock.layers.dropout import keep_mask
from penstock.layers.layer import Layer
from penstock.layers.noise import fold_in
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
        drawn = self._dropout_masks(x, key)
        return unroll(self.cell, x, lengths=lengths, **drawn, reverse=reverse, sequence=sequence)[0]

    def walk(
        self, x: jax.Array, state: Any, *, lengths: jax.Array | None = None, key: jax.Array | None = None
    ) -> tuple[jax.Array, Any]:
        """Unroll the cell from a state.

        Parameters
        ----------
        x
            Inputs ``[batch, time, features]``.
        state
            State before the first step, as ``cell.initial_state`` or an earlier call gave it.
        lengths
            True steps of each sample, ``[batch]``; all if left out.
        key
            What dropout masks are drawn from; without it nothing is dropped.

        Returns
        -------
        Outputs of every step ``[batch, time, units]``, and the state after the last true one.
        """
        return unroll(self.cell, x, state, lengths=lengths, **self._dropout_masks(x, key))

    def _dropout_masks(self, x: jax.Array, key: jax.Array | None) -> dict[str, Any]:
        """Draw the masks of dropout for a sequence."""
        drawn: dict[str, Any] = {}
        if key is not None and self.dropout:
            drawn["x_mask"] = keep_mask(fold_in(key, 0), self.dropout, (x.shape[0], x.shape[2]), x.dtype)
        if key is not None and self.recurrent_dropout:
            drawn["mask"] = keep_mask(fold_in(key, 1), self.recurrent_dropout, (x.shape[0], self.units), x.dtype)
        return drawn


@dataclass(frozen=True, repr=False)
class RecurrentLayer(Layer):
    """A recurrent layer described: a cell over time. :class:`Recurrent` takes any cell without a class of its own.

    A class that is given a cell declares the options of the cell's constructor, those behind `features`, `units` and
    `key`, as its own: with their defaults and, where they are annotated by :func:`penstock.options.option`, their help
    and their bounds. Another layer says in `draw` how its cell is built.

    Parameters
    ----------
    units
        Hidden units.
    dropout
        Share of the inputs dropped in training, the same at every step.
    recurrent_dropout
        Share of the state dropped from the recurrent product in training.

    Examples
    --------
    >>> from penstock.cells.leaky import LeakyCell
    >>> class Slow(RecurrentLayer, cell=LeakyCell):
    ...     '''Leaky units.'''
    >>> Slow(8, leak=0.1, dropout=0.2)
    Slow(8, leak=0.1, dropout=0.2)
    >>> Slow(8, leak=2.0)
    Traceback (most recent call last):
    penstock.errors.OptionError: Slow: leak=2.0 is out of range; allowed: a number above 0 and below 1
    """

    over_time: ClassVar[bool] = True
    traced: ClassVar[tuple[str, ...]] = ("dropout", "recurrent_dropout")
    cell_class: ClassVar[type[Cell[Any]] | None] = None
    cell_options: ClassVar[Mapping[str, str]] = {}
    """The layer's options that its cell's constructor takes, each with the name of the argument."""

    units: int = option(help="hidden units", at_least=1)
    dropout: float = option(
        0.0, "share of the inputs dropped in training, the same at every step", at_least=0, below=1, kw_only=True
    )
    recurrent_dropout: float = option(
        0.0, "share of the state dropped from the recurrent product in training", at_least=0, below=1, kw_only=True
    )

    def __init_subclass__(
        cls, cell: type[Cell[Any]] | None = None, names: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        """Declare the options of `cell`; `names` are those of the layer where the cell has others."""
        if cell is not None:
            _declare(cls, cell, names or {})
        super().__init_subclass__(**kwargs)
        if cell is not None:
            dataclass(frozen=True, repr=False)(cls)

    @property
    def outputs(self) -> int:
        """Width of the output at each step."""
        return self.units

    def build_cell(self, inputs: int, key: jax.Array) -> Cell[Any]:
        """Draw the weights of the cell.

        Parameters
        ----------
        inputs
            Width of the input at each step.
        key
            JAX key that the weights are drawn from.

        Returns
        -------
        The cell with weights.
        """
        if self.cell_class is None:
            raise NotImplementedError(f"{type(self).__name__} names no cell and does not say how one is drawn")
        options = {argument: getattr(self, name) for name, argument in self.cell_options.items()}
        return self.cell_class(inputs, self.units, key, **options)

    def build(self, inputs: int, key: jax.Array) -> RecurrentModule:
        """Draw the weights.

        Raises
        ------
        OptionError
            Where recurrent dropout is asked of a cell that knows none.
        """
        cell = self.build_cell(inputs, key)
        if self.recurrent_dropout:
            check_takes_mask(cell, f"{self!r}: ")
        return RecurrentModule(cell, self.units, self.dropout, self.recurrent_dropout)


def _declare(cls: type[RecurrentLayer], cell: type[Cell[Any]], names: Mapping[str, str]) -> None:
    """Make fields of a layer's class of the options of a cell's constructor."""
    hints = get_type_hints(cell.__init__, include_extras=True)
    fields: dict[str, Any] = {}
    options: dict[str, str] = {}
    for argument, parameter in list(inspect.signature(cell).parameters.items())[3:]:  # features, units, key
        name = names.get(argument, argument)
        kind, *declared = get_args(hints[argument]) if get_origin(hints[argument]) is Annotated else [hints[argument]]
        by_name = parameter.kind is parameter.KEYWORD_ONLY
        rules: Mapping[str, Any] = next((each.metadata for each in declared if isinstance(each, Field)), {})
        setattr(cls, name, field(default=parameter.default, metadata=rules, kw_only=by_name))
        fields[name], options[name] = kind, argument
    cls.__annotations__ = {**fields, **inspect.get_annotations(cls)}
    cls.cell_class = cell
    cls.cell_options = options


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
        What else the cell takes, as pairs of a name and a value.
    **more
        The same by name, such as ``leak=0.1``.

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
        try:
            given = {**dict(options), **more}
        except (TypeError, ValueError) as error:
            raise OptionError(
                f"Recurrent: options={described(options)}; allowed: the cell's arguments by name, {{'depth': 2}}."
            ) from error
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
        check_arguments(f"Recurrent({kind.__name__})", kind.__init__, given)

    def stored(self) -> dict[str, Any]:
        """Return the fields by name, for a model file: the cell by its name."""
        return {**super().stored(), "cell": Cell.kinds.name_of(self.cell)}

    def __repr__(self) -> str:
        dropped = {name: rate for name in ("dropout", "recurrent_dropout") if (rate := getattr(self, name))}
        more = "".join(f", {name}={value!r}" for name, value in {**dropped, **dict(self.options)}.items())
        return f"Recurrent({self.cell.__name__}, {self.units}{more})"

    def build_cell(self, inputs: int, key: jax.Array) -> Cell[Any]:
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
