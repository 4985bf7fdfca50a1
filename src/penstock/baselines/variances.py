"""Variances of structural models by maximum likelihood, of all series at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["likeliest_shares"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

_GRID = np.arange(-18.0, 19.0, 3.0)  # log ratios of two variances to begin with
_STEPS = np.array([0.0, 0.1, 0.4, 1.0, 3.0, 10.0])  # lengths of a Newton step that are tried
_ROUNDS = 25
_RESTARTS = 3
_TRIED = (0.0, 1e-4, 1e-3, 1e-2, 0.1, 1.0)  # shares that a variance is given where the search has ended
_APART = 1e-3  # distance of logs in finite differences
_GAIN = 1e-7  # fall of the deviance below which the search has ended
_LEAST = 1e-17  # share below which a variance is nothing

Deviance = Callable[[Values, Rows], Values]


def likeliest_shares(deviance: Deviance, series: int, variances: int) -> Values:
    """Return the variances, as shares of their sum, that give each series the smallest deviance.

    A grid of ratios gives each series its beginning. Newton's method on the logs, with steps of several lengths and all
    series side by side, goes on from there; where it ends, each variance is given other shares, nothing among them, and
    the search goes on wherever one is better.

    Parameters
    ----------
    deviance
        From shares ``[n, candidates, variances]`` and the numbers of n series to −2 log L ``[n, candidates]``; where
        the first axis of the shares is 1, every series has the same candidates.
    series, variances
        How many there are.

    Returns
    -------
    Shares ``[series, variances]``.

    Examples
    --------
    >>> target = np.array([[0.2, 0.8], [1.0, 0.0]])
    >>> shares = likeliest_shares(lambda s, which: np.square(s - target[which, None]).sum(-1), 2, 2)
    >>> shares.round(4).tolist()
    [[0.2, 0.8], [1.0, 0.0]]
    """
    ratios = np.stack(np.meshgrid(*[_GRID] * (variances - 1), indexing="ij"), axis=-1).reshape(-1, variances - 1)
    grid = _shares(np.pad(ratios, ((0, 0), (1, 0))))
    going = np.arange(series)
    best = grid[deviance(grid[None], going).argmin(axis=1)]
    for _ in range(_RESTARTS):
        best[going] = _search(deviance, best[going], going)
        tried = _others(best[going])
        found = deviance(tried, going)
        place = found.argmin(axis=1)
        best[going] = tried[np.arange(len(going)), place]
        going = going[found[:, 0] - found.min(axis=1) > _GAIN]
        if not len(going):
            break
    return best


def _search(deviance: Deviance, shares: Values, which: Rows) -> Values:
    """Go down from the shares of each series by Newton's method."""
    logs, going = np.log(np.maximum(shares, _LEAST)), np.arange(len(which))
    for _ in range(_ROUNDS):
        slope, curvature, value = _derivatives(deviance, logs[going], which[going])
        tried = logs[going, None] + _STEPS[:, None] * _newton(slope, curvature)[:, None]
        tried = np.maximum(tried - tried.max(axis=-1, keepdims=True), np.log(_LEAST))
        values = deviance(_shares(tried), which[going])
        logs[going] = tried[np.arange(len(going)), values.argmin(axis=1)]
        going = going[value - values.min(axis=1) > _GAIN]
        if not len(going):
            break
    return _shares(logs)


def _others(shares: Values) -> Values:
    """Return candidates ``[series, candidates, variances]``: the shares, and those with one of them set otherwise."""
    found = [shares]
    for place in range(shares.shape[1]):
        others = shares * (np.arange(shares.shape[1]) != place)
        total = others.sum(axis=1, keepdims=True)
        others = np.where(total > 0, others / np.where(total > 0, total, 1), 0)
        found += [share * np.eye(shares.shape[1])[place] + (1 - share) * others for share in _TRIED]
    candidates = np.stack(found, axis=1)
    whole = candidates.sum(axis=-1, keepdims=True)
    return np.where(whole > 0.5, candidates, shares[:, None])  # nothing is left where the only one is set to nothing


def _shares(logs: Values) -> Values:
    """Turn logs of variances ``[..., variances]`` into shares of their sum."""
    powers = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _derivatives(deviance: Deviance, at: Values, which: Rows) -> tuple[Values, Values, Values]:
    """Return slope ``[series, n]``, curvature ``[series, n, n]`` and value by central differences."""
    n = at.shape[1]
    unit = _APART * np.eye(n)
    pairs = [(i, j) for i in range(n) for j in range(i)]
    moves = [np.zeros(n), *unit, *-unit, *(unit[i] + unit[j] for i, j in pairs)]
    found = deviance(_shares(at[:, None] + np.array(moves)), which)
    value, up, down = found[:, 0], found[:, 1 : n + 1], found[:, n + 1 : 2 * n + 1]
    curvature = np.zeros((len(at), n, n))
    curvature[:, range(n), range(n)] = (up + down - 2 * value[:, None]) / _APART**2
    for place, (i, j) in enumerate(pairs):
        mixed = (found[:, 2 * n + 1 + place] - up[:, i] - up[:, j] + value) / _APART**2
        curvature[:, i, j] = curvature[:, j, i] = mixed
    return (up - down) / (2 * _APART), curvature, value


def _newton(slope: Values, curvature: Values) -> Values:
    """Return the Newton direction; where the curvature is not positive, its size is taken."""
    values, vectors = np.linalg.eigh(curvature)
    along = np.einsum("sij,si->sj", vectors, slope)
    return -np.einsum("sij,sj->si", vectors, np.clip(along / np.maximum(np.abs(values), 1e-3), -4, 4))
