"""What every cell is: one step of a recurrence."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Callable
from functools import wraps
from numbers import Integral
from typing import Any, ClassVar, Generic, TypedDict, TypeVar, Unpack

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from penstock.argument_types import described
from penstock.arguments import check_arguments
from penstock.errors import OptionError
from penstock.option_docs import document_arguments
from penstock.registry import Registry

__all__ = ["Cell", "DropoutUnrollOptions", "HiddenCell", "UnrollOptions", "masked"]

State = TypeVar("State")


class UnrollOptions(TypedDict, total=False):
    """How a whole sequence is walked; :func:`penstock.layers.unroll.unroll` says what each option means."""

    lengths: jax.Array | None
    mask: jax.Array | None
    reverse: bool
    sequence: bool


class DropoutUnrollOptions(UnrollOptions, total=False):
    """The walk of a cell that multiplies its inputs by a mask while it reads them."""

    x_mask: jax.Array | None


class Cell(eqx.Module, Generic[State]):
    """One step of a recurrence. A cell of your own implements these two methods and runs wherever a cell does.

    :class:`penstock.layers.recurrent.Recurrent` makes a layer of it, by its name if need be: `kinds` knows every cell.
    A subclass of a known cell may override any method. Where that changes the step, a sequence runs step by step
    (``lax.scan``), not by the compiled kernel of the known cell.

    A cell with recurrent dropout sets `supports_recurrent_dropout` and takes the mask ``[batch, units]`` as a third
    argument of `__call__`, None by default: it multiplies h where h enters the recurrent product, and nowhere else.
    """

    kinds: ClassVar[Registry[Cell[Any]]] = Registry("cell", "penstock.cells")
    supports_recurrent_dropout: ClassVar[bool] = False

    supports_input_dropout: ClassVar[bool] = False
    """Whether `unroll` takes an `x_mask`; other cells are given inputs that were multiplied before."""

    state_names: ClassVar[tuple[str, ...]] = ("h",)
    """Names of the state's leaves, in their order; for pictures and tables."""

    untrained: ClassVar[tuple[str, ...]] = ()
    """Weights that stay as they are drawn: the step stops their gradients."""

    sequence_methods: ClassVar[tuple[str, ...]] = ("unroll",)
    """Methods that compute a whole sequence by other means than step by step."""

    calls_step: ClassVar[tuple[str, ...]] = ()
    """Methods of the step that `unroll` calls too, so that overriding them changes both alike."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__name__ != "_InitableModule":  # Equinox's own, while it makes an instance
            Cell.kinds.add(cls)
            if "__init__" in vars(cls):
                cls.__init__ = _checked(cls.__init__)  # type: ignore[method-assign]
            document_arguments(cls)

    @classmethod
    def overridden(cls) -> list[str]:
        """Name what was overridden of the step since `unroll` was written, in the class that defines it.

        Where something was, `unroll` computes another cell than this one, and is not to be used.

        Examples
        --------
        >>> from penstock.cells.lstm import LSTMCell
        >>> class NoOutputGate(LSTMCell):
        ...     def gates(self, x, state, mask=None):
        ...         gates = super().gates(x, state, mask)
        ...         return {**gates, "o": jnp.ones_like(gates["o"])}
        >>> LSTMCell.overridden(), NoOutputGate.overridden()
        ([], ['gates'])
        """
        places = [place for place, base in enumerate(cls.__mro__) if vars(base).keys() & {*cls.sequence_methods}]
        owner = cls.__mro__[places[0]]
        fields = getattr(owner, "__dataclass_fields__", ())
        known = {*dir(owner), *fields} - {"initial_state", *cls.calls_step}
        names = {name: value for base in cls.__mro__[: places[0]] for name, value in vars(base).items()}
        return sorted(
            name
            for name, value in names.items()
            if name in known
            and (name == "__call__" or not name.startswith("__"))
            and (callable(value) or hasattr(value, "__get__"))
        )

    @classmethod
    def takes_mask(cls) -> bool:
        """Return whether the step takes a mask of recurrent dropout; an override without that argument does not."""
        return (
            cls.supports_recurrent_dropout and len(inspect.signature(cls.__call__).parameters) > 3
        )  # self, x, state, mask

    @abc.abstractmethod
    def initial_state(self, batch: int) -> State:
        """Give the state before the first step: any pytree whose leaves start with ``[batch, ...]``.

        Parameters
        ----------
        batch
            Number of samples.

        Returns
        -------
        Any pytree whose leaves start with ``[batch, ...]``.
        """

    def unroll(self, x: jax.Array, state: State, **options: Unpack[UnrollOptions]) -> tuple[jax.Array, State] | None:
        """Run a whole sequence ``[batch, time, features]`` by other means than step by step; None where there are none.

        The result must be that of the steps; a test holds the two equal.

        Parameters
        ----------
        x
            Inputs ``[batch, time, features]``.
        state
            State before the first step.
        **options
            Lengths, masks and direction, as in :func:`penstock.layers.unroll.unroll`.

        Returns
        -------
        Outputs and the last state, or None where steps are taken one by one.
        """
        return None

    def gates(self, x: jax.Array, state: State) -> dict[str, jax.Array]:
        """Give the gates and the candidate of one step by their letters, each ``[batch, units]``; none by default.

        A cell that has gates computes its step from what this method gives, so that a picture shows what happens.

        Parameters
        ----------
        x
            Inputs of the step ``[batch, features]``.
        state
            State before the step.

        Returns
        -------
        The gates by their letters; an empty mapping where there are none.
        """
        return {}

    @abc.abstractmethod
    def __call__(self, x: jax.Array, state: State) -> tuple[jax.Array, State]:
        """Take one step: input ``[batch, features]`` and state in; output ``[batch, outputs]`` and state out."""


def _checked(constructor: Callable[..., None]) -> Callable[..., None]:
    """Let the constructor of a cell refuse options that it does not declare, widths below 1 and keys that are none."""
    signature = inspect.signature(constructor)

    @wraps(constructor)
    def make(self: Any, *args: Any, **kwargs: Any) -> None:
        given = signature.bind(self, *args, **kwargs).arguments
        name = type(self).__name__.replace("_InitableModule", "") or "cell"
        given |= given.pop("kwargs", {})
        for width in _WIDTHS & {*given}:
            if (
                not isinstance(given[width], Integral)
                or isinstance(given[width], bool)
                or not 0 < given[width] < 1 << 31
            ):
                raise OptionError(f"{name}: {width}={described(given[width])}; allowed: a whole number from 1.")
        key = given.get("key")
        if "key" in given and not isinstance(key, jax.Array) and getattr(key, "dtype", None) != np.uint32:
            raise OptionError(f"{name}: key={described(given['key'])}; allowed: a key such as jax.random.key(0).")
        check_arguments(name, constructor, given)
        constructor(self, *args, **kwargs)

    return make


_WIDTHS = {"features", "units"}


class HiddenCell(Cell[jax.Array]):
    """A cell whose state is h alone, which it puts out, and whose recurrent product is h U."""

    supports_recurrent_dropout: ClassVar[bool] = True
    sequence_methods: ClassVar[tuple[str, ...]] = ("unroll", "run")

    def initial_state(self, batch: int) -> jax.Array:
        """Give h before the first step: zeros ``[batch, units]``."""
        U: jax.Array = self.U  # type: ignore[attr-defined] # declared here, it would come before W among the leaves
        return jnp.zeros((batch, U.shape[0]), U.dtype)

    def run(
        self, x: jax.Array, h: jax.Array, **options: Unpack[DropoutUnrollOptions]
    ) -> tuple[jax.Array | None, jax.Array] | None:
        """Run a whole sequence by a kernel: all outputs, if wanted, and the last h; None where there is no kernel.

        Parameters
        ----------
        x
            Inputs ``[batch, time, features]``.
        h
            State before the first step, ``[batch, units]``.
        **options
            Lengths, masks and direction, as in :func:`penstock.layers.unroll.unroll`.

        Returns
        -------
        All outputs, or None where they are not wanted, and the last h; None where there is no kernel.
        """
        return None

    def unroll(
        self, x: jax.Array, state: jax.Array, **options: Unpack[DropoutUnrollOptions]
    ) -> tuple[jax.Array, jax.Array] | None:
        """Run a whole sequence by the compiled kernel, or its ``lax.scan`` twin, where the cell has them."""
        whole = self.run(x, state, **options)
        if whole is None:
            return None
        outputs, h = whole
        return (h if outputs is None else outputs), h


def masked(h: jax.Array, mask: jax.Array | None) -> jax.Array:
    """Give h as it enters a recurrent product: under the mask of recurrent dropout, if there is one."""
    return h if mask is None else h * mask
