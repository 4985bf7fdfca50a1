"""The readout in closed form is scikit-learn's ridge on what the reservoir echoes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import Ridge

import penstock as ps
from penstock.networks.readout import fit_readout

X = jax.random.normal(jax.random.key(0), (60, 7, 2))
Y = np.asarray(jnp.stack([X[:, -1, 0], X[:, -2, 1]], axis=1))
MODULE = ps.Network([ps.layers.EchoState(12, radius=0.6)]).build(ps.Inputs(2), 2, jax.random.key(1))


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_it_is_ridge_on_the_last_state(alpha: float) -> None:
    lengths = jnp.asarray([7] * 50 + [4] * 10)
    fitted = fit_readout(MODULE, X, Y, alpha=alpha, lengths=lengths)
    H = np.asarray(MODULE.layers[0](X, lengths=lengths, sequence=False), float)
    theirs = Ridge(alpha=alpha, solver="svd").fit(H, Y)
    np.testing.assert_allclose(fitted.dense[-1].W, theirs.coef_.T, atol=1e-4)
    np.testing.assert_allclose(fitted(X, lengths=lengths), theirs.predict(H), atol=1e-4)
    assert np.array_equal(fitted.layers[0].cell.U, MODULE.layers[0].cell.U)


def test_what_is_refused() -> None:
    with pytest.raises(ps.OptionError, match="alpha=-1 is out of range"):
        fit_readout(MODULE, X, Y, alpha=-1)
    with pytest.raises(ps.DataError, match=r"y has the shape \(60, 1\); the network needs \(60, 2\)"):
        fit_readout(MODULE, X, Y[:, :1])
    with pytest.raises(ps.DataError, match="not finite"):
        fit_readout(MODULE, X, np.where(Y > 0, Y, np.nan))
