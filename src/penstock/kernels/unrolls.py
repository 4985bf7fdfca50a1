"""The four families of recurrences, over whole sequences.

Common to all. `x` is [batch, time, inputs] and `h` [batch, units]. `lengths` [batch] counts each
sample's true steps: later ones cost nothing, leave the state alone and give zeros. `mask`
[batch, units] multiplies `h` where it enters the recurrent product, the same at every step (recurrent
dropout), `x_mask` [batch, inputs] so multiplies `x` (dropout of the inputs); neither gets a gradient.
`reverse` walks each sample's true steps from the last to the first; outputs stay at their times. With
`sequence=False` only the last state is computed, and the sequence returned is None. More axes:
`jax.vmap`, which is one call and copies nothing.

Raises, in all: ValueError for a shape, TypeError for a dtype, and RuntimeError if
PENSTOCK_KERNELS=native asks for what the compiled kernels cannot do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import jax.numpy as jnp

from penstock.kernels.choice import unroll
from penstock.kernels.spec import Operands, Spec

if TYPE_CHECKING:
    import jax

Sigmoid = Literal["sigmoid", "hard_sigmoid", "hard_sigmoid_keras2"]


def lstm(
    x: jax.Array,
    h: jax.Array,
    c: jax.Array,
    W: jax.Array,
    U: jax.Array,
    b: jax.Array,
    *,
    lengths: jax.Array | None = None,
    mask: jax.Array | None = None,
    x_mask: jax.Array | None = None,
    reverse: bool = False,
    sequence: bool = True,
    recurrent_activation: Sigmoid = "sigmoid",
) -> tuple[jax.Array | None, tuple[jax.Array, jax.Array]]:
    """Run a long short-term memory (Gers et al. 2000): c' = f c + i g, h' = o tanh(c').

    `W` [inputs, 4 units], `U` [units, 4 units] and `b` [4 units] hold the gates i, f, g, o side by side.

    Returns
    -------
    The states [batch, time, units] (or None), and the last (h, c).

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> h = c = jnp.zeros((2, 3))
    >>> hs, (h, c) = lstm(jnp.ones((2, 5, 1)), h, c, jnp.ones((1, 12)), jnp.zeros((3, 12)), jnp.zeros(12))
    >>> hs.shape, h.shape
    ((2, 5, 3), (2, 3))
    """
    spec = Spec("lstm", reverse, sequence, _allowed(recurrent_activation))
    hs, h, last = unroll(spec, Operands(x, h, c, W, U, b, mask=mask, x_mask=x_mask, lengths=lengths))
    assert last is not None  # noqa: S101
    return hs, (h, last)


def gru(
    x: jax.Array,
    h: jax.Array,
    W: jax.Array,
    U: jax.Array,
    b: jax.Array,
    bU: jax.Array | None = None,
    *,
    lengths: jax.Array | None = None,
    mask: jax.Array | None = None,
    x_mask: jax.Array | None = None,
    reverse: bool = False,
    sequence: bool = True,
    recurrent_activation: Sigmoid = "sigmoid",
) -> tuple[jax.Array | None, jax.Array]:
    """Run a gated recurrent unit: h' = z h + (1 - z) n.

    The gates r, z, n stand side by side in `W`, `U` and `b`.

    Without `bU` the reset comes before the product (Cho et al. 2014; Keras
    `reset_after=False`):
    n = tanh(x Wn + (r h) Un + bn). With `bU` [3 units] it comes after
    (cuDNN, torch; Keras `reset_after=True`):
    n = tanh(x Wn + bn + r (h Un + bUn)).

    Returns
    -------
    The states [batch, time, units] (or None), and the last h.
    """
    spec = Spec("gru_before" if bU is None else "gru_after", reverse, sequence, _allowed(recurrent_activation))
    hs, h, _ = unroll(spec, Operands(x, h, None, W, U, b, bU, mask=mask, x_mask=x_mask, lengths=lengths))
    return hs, h


def rnn(
    x: jax.Array,
    h: jax.Array,
    W: jax.Array,
    U: jax.Array,
    b: jax.Array,
    *,
    activation: Literal["tanh", "relu"] = "tanh",
    lengths: jax.Array | None = None,
    mask: jax.Array | None = None,
    x_mask: jax.Array | None = None,
    reverse: bool = False,
    sequence: bool = True,
) -> tuple[jax.Array | None, jax.Array]:
    """Run a simple recurrent network (Elman 1990): h' = activation(x W + h U + b).

    Returns
    -------
    The states [batch, time, units] (or None), and the last h.
    """
    if activation not in ("tanh", "relu"):
        raise ValueError(f"activation must be 'tanh' or 'relu', got {activation!r}")
    spec = Spec("rnn_tanh" if activation == "tanh" else "rnn_relu", reverse, sequence)
    hs, h, _ = unroll(spec, Operands(x, h, None, W, U, b, mask=mask, x_mask=x_mask, lengths=lengths))
    return hs, h


def leaky(
    x: jax.Array,
    h: jax.Array,
    W: jax.Array,
    U: jax.Array,
    b: jax.Array,
    a: jax.Array | float,
    *,
    lengths: jax.Array | None = None,
    mask: jax.Array | None = None,
    x_mask: jax.Array | None = None,
    reverse: bool = False,
    sequence: bool = True,
) -> tuple[jax.Array | None, jax.Array]:
    """Run leaky units (Jaeger et al. 2007): h' = (1 - a) h + a tanh(x W + h U + b).

    `a` is one number, or one for each unit [units].

    Returns
    -------
    The states [batch, time, units] (or None), and the last h.
    """
    leak = jnp.asarray(a, h.dtype)
    if leak.ndim == 0:
        leak = jnp.broadcast_to(leak, h.shape[-1:])
    given = Operands(x, h, None, W, U, b, a=leak, mask=mask, x_mask=x_mask, lengths=lengths)
    hs, h, _ = unroll(Spec("leaky", reverse, sequence), given)
    return hs, h


def _allowed(name: Sigmoid) -> Sigmoid:
    if name not in get_args(Sigmoid):
        raise ValueError(f"recurrent_activation must be one of {get_args(Sigmoid)}, got {name!r}")
    return name
