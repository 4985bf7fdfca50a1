"""What a score is: a loss of each value, how losses become one number, and how series weigh in it."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError
from penstock.evaluation.metrics import METRICS
from penstock.evaluation.scored_rows import ScoredRows

__all__ = ["MeanMetric", "Metric", "OwnMetric", "RelativeMetric", "WithinMetric"]

Values = NDArray[np.float64]
Groups = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Metric(abc.ABC):
    """A score of forecasts.

    Attributes
    ----------
    key, heading, form
        Name in rows and JSON, heading in tables, and how its numbers are shown.
    words
        The formula, for the notes below a table.
    weights
        ``"series"``: the mean of the series' own scores; ``"size"``: all values together.
    lower
        Whether less of it is better; None for what is neither better nor worse by itself, such as a width.
    intervals
        Whether it is computed from the bounds of intervals.
    """

    key: str
    heading: str
    form: str
    words: str
    weights: str = "series"
    lower: bool | None = True
    intervals: bool = False

    @abc.abstractmethod
    def grouped(self, rows: ScoredRows, group: Groups, count: int) -> Values:
        """Return the score of each group of values.

        Parameters
        ----------
        rows
            The forecasts.
        group
            Number of the group of each value, ``[n, horizon]``.
        count
            Number of groups.

        Returns
        -------
        The scores, ``[count]``; NaN where one does not exist.
        """

    def value(self, rows: ScoredRows) -> float:
        """Return the score of all values."""
        return float(self.grouped(rows, np.zeros(rows.yhat.shape, dtype=np.int64), 1)[0])

    def by_series(self, rows: ScoredRows) -> Values:
        """Return the score of each series of the panel, ``[series]``; NaN where it is not scored."""
        group = np.broadcast_to(rows.series[:, None], rows.yhat.shape)
        return self.grouped(rows, group, len(rows.panel))

    def clustered(self, rows: ScoredRows, cluster: Groups, count: int, *, by_series: bool) -> Values:
        """Return the loss of each cluster of cutoffs, whose sum orders models as the score does.

        Parameters
        ----------
        rows
            The forecasts.
        cluster
            Number of the cluster of each cutoff, ``[n]``.
        count
            Number of clusters.
        by_series
            Whether the clusters are the series.

        Returns
        -------
        The losses, ``[count]``; NaN where a series has none.
        """
        return self.grouped(rows, np.broadcast_to(cluster[:, None], rows.yhat.shape), count)


@dataclass(frozen=True, eq=False)
class MeanMetric(Metric):
    """The mean of a loss, or its sum over that of something else; its root, if wanted.

    Attributes
    ----------
    cells
        Loss of each value, ``[n, horizon]``; NaN where it does not exist.
    per
        What the sum of the losses is divided by, ``[n, horizon]``; None: their number.
    root
        Whether the square root is taken, of each series or of all values as `weights` says.
    """

    cells: Callable[[ScoredRows], Values] = lambda rows: np.abs(rows.y - rows.yhat)
    per: Callable[[ScoredRows], Values] | None = None
    root: bool = False

    def grouped(self, rows: ScoredRows, group: Groups, count: int) -> Values:
        """Return the score of each group of values."""
        loss, per = self._both(rows)
        if self.weights == "size":
            found = _ratio(_sums(group, loss, count), _sums(group, per, count))
            return np.sqrt(found) if self.root else found
        series = len(rows.panel)
        pair = group * series + rows.series[:, None]
        found = _ratio(_sums(pair, loss, count * series), _sums(pair, per, count * series)).reshape(count, series)
        return _mean(np.sqrt(found) if self.root else found)

    def clustered(self, rows: ScoredRows, cluster: Groups, count: int, *, by_series: bool) -> Values:
        """Return the loss of each cluster; of a mean of roots over series, by time, that of their squares."""
        if by_series and self.weights == "series":
            return super().clustered(rows, cluster, count, by_series=True)
        return np.bincount(cluster, self.losses(rows), count).astype(np.float64)

    def losses(self, rows: ScoredRows) -> Values:
        """Return the loss of each cutoff, ``[n]``, in shares of its series where series weigh the same."""
        loss, per = self._both(rows)
        if self.weights == "series":
            own = _sums(np.broadcast_to(rows.series[:, None], per.shape), per, len(rows.panel))[rows.series]
            loss = loss / np.where(own > 0, own, np.nan)[:, None]
        return np.asarray(np.nansum(loss, axis=1))

    def _both(self, rows: ScoredRows) -> tuple[Values, Values]:
        """Return losses and what they are divided by; neither counts where a loss does not exist."""
        loss = self.cells(rows)
        per = np.ones(loss.shape) if self.per is None else self.per(rows)
        return loss, np.where(np.isnan(loss), 0.0, per)


@dataclass(frozen=True, eq=False)
class RelativeMetric(Metric):
    """The mean of other scores, each relative to that of a reference forecast of the same values.

    Attributes
    ----------
    parts
        The other scores.
    reference
        Forecasts of the reference, ``[n, horizon]``.
    """

    parts: tuple[MeanMetric, ...] = ()
    reference: Values | None = None

    def grouped(self, rows: ScoredRows, group: Groups, count: int) -> Values:
        """Return the score of each group of values."""
        assert self.reference is not None  # noqa: S101
        base = rows.of(self.reference)
        ratios = [_ratio(part.grouped(rows, group, count), part.grouped(base, group, count)) for part in self.parts]
        return np.asarray(np.mean(ratios, axis=0))

    def clustered(self, rows: ScoredRows, cluster: Groups, count: int, *, by_series: bool) -> Values:
        """Return the loss of each cluster, relative to the reference's scores of all values."""
        assert self.reference is not None  # noqa: S101
        base = rows.of(self.reference)
        losses = sum(part.losses(rows) / part.value(base) for part in self.parts)
        return np.bincount(cluster, losses, count).astype(np.float64)


@dataclass(frozen=True, eq=False)
class WithinMetric(Metric):
    """R², or a correlation, within series: that series differ in their level explains nothing."""

    def grouped(self, rows: ScoredRows, group: Groups, count: int) -> Values:
        """Return the score of each group: R² of all deviations from the series' means, or the mean correlation."""
        out = np.full(count, np.nan)
        for number, parts in _parts(rows, group, by_fold=False):
            pairs = [(rows.y[cells], rows.yhat[cells]) for _, cells in parts]
            if self.key == "r2":
                spread = sum(float(np.square(y - y.mean()).sum()) for y, _ in pairs)
                error = sum(float(np.square(y - yhat).sum()) for y, yhat in pairs)
                out[number] = 1 - error / spread if spread > 0 else np.nan
            else:
                out[number] = _mean(np.array([METRICS[self.key](y, yhat) for y, yhat in pairs]))
        return out


@dataclass(frozen=True, eq=False)
class OwnMetric(Metric):
    """A user's function of the values and forecasts of one series, ``f(y, yhat)`` or ``f(y, yhat, insample)``.

    Attributes
    ----------
    function
        It is given the scored values of a series, cutoff by cutoff, and the forecasts, ``[values]``, and returns a
        number, less being better.
    insample
        Whether it is also given the training rows, ``[rows]``: it is then called for each fold.
    """

    function: Callable[..., float] = lambda y, yhat: float("nan")
    insample: bool = False

    def grouped(self, rows: ScoredRows, group: Groups, count: int) -> Values:
        """Return the score of each group of values."""
        out = np.full(count, np.nan)
        for number, parts in _parts(rows, group, by_fold=self.insample):
            found = np.array([self._call(rows, place, cells) for place, cells in parts])
            size = np.array([len(cells[0]) for _, cells in parts], dtype=np.float64)
            size[np.isnan(found)] = 0
            series = np.array([place % len(rows.panel) for place, _ in parts])
            if self.weights == "size":
                out[number] = _ratio(np.nansum(found * size), size.sum())
            else:
                count = len(rows.panel)
                sums = [np.bincount(series, each, count).astype(float) for each in (np.nan_to_num(found) * size, size)]
                out[number] = _mean(_ratio(sums[0], sums[1]))
        return out

    def _call(self, rows: ScoredRows, place: int, cells: tuple[Groups, Groups]) -> float:
        more = [rows.training(*divmod(place, len(rows.panel)))] if self.insample else []
        found = self.function(rows.y[cells], rows.yhat[cells], *more)
        name = rows.panel.ids[place % len(rows.panel)]
        try:
            return float(found)
        except (TypeError, ValueError):
            raise OptionError(
                f"the metric {self.key!r} returned {found!r} for the series {name!r}; a metric returns one number for "
                "the values and forecasts that it is given."
            ) from None


def _parts(
    rows: ScoredRows, group: Groups, *, by_fold: bool
) -> list[tuple[int, list[tuple[int, tuple[Groups, Groups]]]]]:
    """Part values by group, and within it by series (and fold): number, and the cells ``(cutoffs, steps)`` of each."""
    series = len(rows.panel)
    place = np.broadcast_to((rows.series + (rows.fold * series if by_fold else 0))[:, None], rows.yhat.shape)
    order = np.lexsort((place.ravel(), group.ravel()))
    keys = np.stack([group.ravel(), place.ravel()])[:, order]
    cuts = np.flatnonzero((keys[:, 1:] != keys[:, :-1]).any(axis=0)) + 1
    found: dict[int, list[tuple[int, tuple[Groups, Groups]]]] = {}
    for cells in np.split(order, cuts):
        found.setdefault(int(group.flat[cells[0]]), []).append(
            (int(place.flat[cells[0]]), np.divmod(cells, rows.yhat.shape[1]))
        )
    return list(found.items())


def _sums(group: Groups, values: Values, count: int) -> Values:
    """Sum the values of each group; those that do not exist count nothing."""
    return np.bincount(group.ravel(), np.nan_to_num(values).ravel(), count).astype(np.float64)


def _ratio(above: Values | float, below: Values | float) -> Values:
    """Divide where that is possible; NaN elsewhere."""
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below > 0)


def _mean(values: Values) -> Values:
    """Return the mean along the last axis of the values that exist; NaN where none does."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))
