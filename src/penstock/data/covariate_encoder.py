"""Covariates as a network reads them: numbers scaled, categories counted; fitted on training rows only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.scaling import Standardizer
from penstock.errors import DataError, nearest

__all__ = ["CovariateEncoder", "CovariateStatistics"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CovariateEncoder:
    """Encoder of the covariates of a panel.

    A past or known covariate is scaled to mean 0 and deviation 1 over the training rows of all series together, unless
    it holds zeros and ones alone. A static covariate becomes the place of its value among those of the fitted series,
    in the order in which they came.

    Attributes
    ----------
    numbers
        The map of each past and each known covariate, ``[past + known]``.
    values
        The values of each static covariate.

    Examples
    --------
    >>> volume = np.array([[1.0, 0.0], [3.0, 1.0], [5.0, 0.0]])
    >>> panel = Panel(np.zeros(3), np.arange(3), np.array([0, 3]), (None,), past=volume)
    >>> CovariateEncoder.fit(panel).past(panel).round(3).tolist()
    [[-1.225, 0.0], [0.0, 1.0], [1.225, 0.0]]
    """

    numbers: Standardizer
    values: tuple[tuple[Any, ...], ...] = ()

    @classmethod
    def fit(cls, train: Panel) -> CovariateEncoder:
        """Fit on the rows of a panel, which must be training rows."""
        return CovariateStatistics.of(train).encoder()

    @staticmethod
    def values_of(static: NDArray[Any]) -> tuple[tuple[Any, ...], ...]:
        """List the values of each static covariate ``[series, static]`` in the order in which they come."""
        return tuple(tuple(dict.fromkeys(column)) for column in static.T.tolist())

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each static covariate has."""
        return tuple(len(values) for values in self.values)

    def past(self, panel: Panel) -> Values:
        """Scale the past covariates, ``[rows, past]``."""
        return self.numbers[: panel.past.shape[1]].transform(panel.past)

    def known(self, known: Values) -> Values:
        """Scale known covariates, ``[..., known]``."""
        return self.numbers[len(self.numbers) - known.shape[-1] :].transform(known)

    def codes(self, panel: Panel) -> NDArray[np.int64]:
        """Give the place of each static covariate of each series, ``[series, static]``.

        Raises
        ------
        DataError
            For a value that no fitted series had.
        """
        codes = np.empty(panel.static.shape, dtype=np.int64)
        for place, values in enumerate(self.values):
            known = {value: code for code, value in enumerate(values)}
            for series, value in enumerate(panel.static[:, place].tolist()):
                if value not in known:
                    raise DataError(
                        f"the static value {value!r}{panel.name(series)} was not among those fitted; "
                        f"{nearest(value, values)}"
                    )
                codes[series, place] = known[value]
        return codes


@dataclass(frozen=True, eq=False)
class CovariateStatistics:
    """What an encoder is fitted from; those of parts of a panel are put together.

    Attributes
    ----------
    rows
        Number of rows.
    mean, deviation
        Of each past and each known covariate, ``[past + known]``.
    marks
        Whether it holds zeros and ones alone, ``[past + known]``.
    values
        The values of each static covariate, in the order in which they came.

    Examples
    --------
    >>> panel = Panel(np.zeros(3), np.arange(3), np.array([0, 3]), (None,), past=np.array([[1.0], [2.0], [6.0]]))
    >>> parts = [panel.last(1), panel.before(np.array([2]))]
    >>> CovariateStatistics.of(parts[0]).merged(CovariateStatistics.of(parts[1])).mean.tolist()
    [3.0]
    """

    rows: int
    mean: Values
    deviation: Values
    marks: NDArray[np.bool_]
    values: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, train: Panel) -> CovariateStatistics:
        """Take them of the rows of a panel, which must be training rows."""
        numbers = np.hstack([train.past, train.known])
        marks = np.all((numbers == 0) | (numbers == 1), axis=0)
        values = CovariateEncoder.values_of(train.static)
        return cls(len(numbers), np.mean(numbers, axis=0), np.std(numbers, axis=0), marks, values)

    def merged(self, other: CovariateStatistics) -> CovariateStatistics:
        """Put those of two parts together."""
        rows, apart = self.rows + other.rows, other.mean - self.mean
        share = other.rows / rows
        variance = (1 - share) * self.deviation**2 + share * other.deviation**2 + share * (1 - share) * apart**2
        values = tuple(
            tuple(dict.fromkeys([*ours, *theirs])) for ours, theirs in zip(self.values, other.values, strict=True)
        )
        marks = self.marks & other.marks
        return CovariateStatistics(rows, self.mean + share * apart, np.sqrt(variance), marks, values)

    def encoder(self) -> CovariateEncoder:
        """Return the encoder that is fitted to all rows."""
        scaled = ~self.marks & (self.deviation > 0)
        shift = np.where(self.marks, 0.0, self.mean)
        return CovariateEncoder(Standardizer(shift, np.where(scaled, self.deviation, 1.0)), self.values)
