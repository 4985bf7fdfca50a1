"""How often the lab's own program reaches the R² that it prints: its torch network from thirty seeds at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import penstock as ps

torch = pytest.importorskip("torch")

MEMBERS, UNITS, LAGS, EPOCHS, BATCH = 30, 12, 5, 200, 64
PUBLISHED = 0.4150


def test_the_published_r2_is_one_good_run(data_home: Path) -> None:
    """ISLP's Python lab, 10.9.6: nn.RNN(3, 12), dropout .1 of the last output, RMSprop .001, 200 epochs of 64."""
    raw = ps.datasets.nyse()
    columns = raw[["DJ_return", "log_volume", "log_volatility"]].to_numpy()
    scaled = ((columns - columns.mean(0)) / columns.std(0)).astype(np.float32)
    X = torch.from_numpy(np.stack([scaled[lag : len(scaled) - LAGS + lag] for lag in range(LAGS)], axis=1))
    y = torch.from_numpy(scaled[LAGS:, 1].copy())
    train = torch.from_numpy(raw["train"].to_numpy()[LAGS:].copy())
    X_test, y_test, X, y = X[~train], y[~train], X[train], y[train]

    torch.manual_seed(0)
    reach = UNITS**-0.5  # torch draws every weight of such a network from U(-1/√12, 1/√12)
    shapes = ((3, UNITS), (UNITS, UNITS), (1, UNITS), (1, UNITS), (UNITS, 1), (1, 1))
    weights = [torch.empty(MEMBERS, *shape).uniform_(-reach, reach).requires_grad_() for shape in shapes]
    W, U, b, c, V, d = weights
    optimizer = torch.optim.RMSprop(weights, lr=0.001)

    def forecast(x: Any, dropout: float) -> Any:
        h = torch.zeros(MEMBERS, x.shape[1], UNITS)
        for lag in range(LAGS):
            h = torch.tanh(x[:, :, lag] @ W + b + h @ U + c)
        return (torch.nn.functional.dropout(h, dropout) @ V + d)[..., 0]

    for _ in range(EPOCHS):
        order = torch.stack([torch.randperm(len(y)) for _ in range(MEMBERS)])
        for rows in order.split(BATCH, dim=1):
            optimizer.zero_grad()
            (forecast(X[rows], 0.1) - y[rows]).square().mean(dim=1).sum().backward()  # members learn apart
            optimizer.step()
    with torch.no_grad():
        errors = (forecast(X_test.expand(MEMBERS, -1, -1, -1), 0.0) - y_test).square().sum(dim=1)
    r2 = (1 - errors / (y_test - y_test.mean()).square().sum()).numpy()
    assert 0.410 < np.median(r2) < PUBLISHED
    assert 0.1 < (r2 >= PUBLISHED).mean() < 0.5
    assert r2.max() > PUBLISHED
