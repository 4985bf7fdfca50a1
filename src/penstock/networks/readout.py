"""The output layer by ridge regression, in closed form."""

from __future__ import annotations

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_types
from penstock.cells.padding import true_steps
from penstock.errors import DataError, OptionError
from penstock.layers.dense import DenseModule
from penstock.networks.module import NetworkModule

__all__ = ["fit_readout"]


@checked_types("module", at_least={"alpha": 0})
def fit_readout(
    module: NetworkModule,
    x: jax.Array,
    y: NDArray[Any] | jax.Array,
    *,
    alpha: float = 1e-6,
    lengths: jax.Array | None = None,
    categories: jax.Array | None = None,
    extra: jax.Array | None = None,
) -> NetworkModule:
    """Fit the output layer by ridge regression on what the layers below put out; they stay as they are.

    This is how an echo-state network learns (Jaeger 2001; Lukoševičius 2012, equation 9): no gradient, no epochs. The
    arithmetic is done in float64.

    Parameters
    ----------
    module
        The network, whose output layer is linear.
    x, lengths, categories, extra
        What it reads, as when it is called.
    y
        Targets ``[batch, outputs]``; ``[batch, time, outputs]`` for a network that puts out every step.
    alpha
        The penalty α of ‖y − H W − b‖² + α ‖W‖²; b is not penalised.

    Returns
    -------
    The network with its output layer fitted.

    Raises
    ------
    OptionError, DataError
        Where α is negative, the output layer is not linear, or the targets do not fit.

    Examples
    --------
    >>> from penstock.layers.declared import EchoState
    >>> from penstock.networks.inputs import Inputs
    >>> from penstock.networks.network import Network
    >>> x = jax.random.normal(jax.random.key(0), (500, 12, 1))
    >>> y = x[:, -1] * x[:, -3]  # what happened two steps ago, times what happened now
    >>> module = Network([EchoState(100, radius=0.5)]).build(Inputs(), 1, jax.random.key(1))
    >>> fitted = fit_readout(module, x[:400], y[:400], alpha=1e-2)
    >>> bool(jnp.mean((fitted(x[400:]) - y[400:]) ** 2) < 0.5 * jnp.var(y))
    True
    """
    out = module.dense[-1]
    if not isinstance(out, DenseModule) or out.activation != "linear":
        top = out.activation if isinstance(out, DenseModule) else type(out).__name__
        raise OptionError(f"the network's output layer is {top}; ridge regression fits a linear one alone.")
    below = dataclasses.replace(module, dense=module.dense[:-1])
    found = below(x, lengths=lengths, categories=categories, extra=extra)
    H, Y = np.asarray(found, np.float64), np.asarray(y, np.float64)
    if Y.shape != (*H.shape[:-1], out.b.size):
        raise DataError(f"y has the shape {Y.shape}; the network needs {(*H.shape[:-1], out.b.size)}.")
    if H.ndim == 3 and lengths is not None:
        true = np.asarray(true_steps(lengths, H.shape[1]))
        H, Y = H[true], Y[true]
    H, Y = H.reshape(-1, H.shape[-1]), Y.reshape(-1, Y.shape[-1])
    if not (np.isfinite(H).all() and np.isfinite(Y).all()):
        raise DataError("y, or what the layers below put out, holds a value that is not finite; mend y, or scale x.")
    centre, mean = H.mean(axis=0), Y.mean(axis=0)
    H = H - centre
    if alpha:
        W = np.linalg.solve(H.T @ H + alpha * np.eye(H.shape[1]), H.T @ (Y - mean))
    else:
        W = np.linalg.lstsq(H, Y - mean, rcond=None)[0]
    weights = jnp.asarray(W, out.W.dtype), jnp.asarray(mean - centre @ W, out.b.dtype)
    fitted: NetworkModule = eqx.tree_at(lambda net: (net.dense[-1].W, net.dense[-1].b), module, weights)
    return fitted
