"""The rows of a table that a step touches, summed and updated in place by the compiled library.

What it must equal is `penstock.training.rows`, which says what the arrays mean and takes over where `live` says no.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from penstock.kernels.choice import status

RuleName = Literal["sgd", "rmsprop", "adam"]
RULES: tuple[RuleName, ...] = ("sgd", "rmsprop", "adam")  # as in table.h


@dataclass(frozen=True)
class Rule:
    """What an optimiser does to each weight, in numbers.

    `mean` and `squares` are the shares of the running mean of gradients (Adam) and of their squares (RMSprop, Adam)
    that a step keeps. RMSprop adds `epsilon` under the root, Adam to the root.
    """

    name: RuleName
    learning_rate: float
    mean: float = 0.0
    squares: float = 0.0
    epsilon: float = 0.0

    @property
    def moments(self) -> int:
        """How many running means it keeps of each weight."""
        return {"sgd": 0, "rmsprop": 1, "adam": 2}[self.name]


def live(gradients: jax.Array, rows: jax.Array) -> bool:
    """Say whether the compiled library is in use, and made for these dtypes."""
    return gradients.dtype in (jnp.float32, jnp.float64) and rows.dtype == jnp.int32 and status().path == "native"


def sum_rows(owner: jax.Array, ids: jax.Array, gradients: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Add up the gradients [n, units] of equal ids [n] at the last of each; ids outside the table do not count.

    Returns
    -------
    `owner` [vocabulary], used as room; the rows [n], which are the vocabulary where an occurrence does not own one; and
    the sums [n, units], zero there.
    """
    results = [_like(owner), _like(ids), _like(gradients)]
    out = _call("penstock_sum_rows", [gradients, ids, owner], results, {2: 0})
    return out[0], out[1], out[2]


def update_rows(
    rule: Rule,
    table: jax.Array,
    moments: list[jax.Array],
    touched: jax.Array,
    number: jax.Array,
    rows: jax.Array,
    gradients: jax.Array,
    rate: jax.Array | None = None,
    owner: jax.Array | None = None,
) -> tuple[jax.Array, list[jax.Array], jax.Array, jax.Array | None]:
    """Take a step by `rule` on rows [n] of the table [vocabulary, units]; those outside the table do not count.

    `number` [] is that of the step, `touched` [vocabulary] that of the step that touched each row last. `rate`
    multiplies the learning rate. With `owner`, as room, a row may occur several times, and its gradients are added up.

    Returns
    -------
    `table`, `moments`, `touched` and `owner`. Where the operands are not needed any more, no array is copied.
    """
    dtype = table.dtype
    scales = jnp.ones(3, dtype)
    if rate is not None or rule.name == "adam":
        whole = jnp.ones((), dtype)
        steps = number + 1
        biases = [1 - rule.mean**steps, 1 - rule.squares**steps] if rule.name == "adam" else [whole, whole]
        scales = jnp.stack([each.astype(dtype) for each in (whole if rate is None else rate, *biases)])
    changed = [touched, table, *moments, *([] if owner is None else [owner])]
    operands = [gradients, rows, number, scales, *changed]
    out = _call(
        "penstock_update_rows",
        operands,
        [_like(array) for array in changed],
        {4 + place: place for place in range(len(changed))},
        rule=np.int64(RULES.index(rule.name)),
        looked_up=np.int64(owner is not None),
        learning_rate=np.float64(rule.learning_rate),
        mean=np.float64(rule.mean),
        squares=np.float64(rule.squares),
        epsilon=np.float64(rule.epsilon),
    )
    return out[1], out[2 : 2 + len(moments)], out[0], None if owner is None else out[-1]


def _call(
    name: str, operands: list[jax.Array], results: list[Any], aliases: dict[int, int], **attributes: Any
) -> list[jax.Array]:
    # What is written in place must be whole, and next to nothing here is shared by members: broadcasting costs nothing.
    call = jax.ffi.ffi_call(name, results, vmap_method="broadcast_all", input_output_aliases=aliases)
    return list(call(*operands, **attributes))


def _like(array: jax.Array) -> Any:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)  # type: ignore[no-untyped-call]
