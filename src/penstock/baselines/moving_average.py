"""What moving averages share: a span, given or chosen on the training rows."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import OptionError
from penstock.estimator import Estimator
from penstock.fitted_choices import numbers_in_words
from penstock.options import option
from penstock.storage import Arrays

__all__ = ["MovingAverage"]


@dataclass(repr=False, eq=False)
class MovingAverage(Estimator):
    """A flat forecast: an average of the last values, whose memory is a span.

    Where no span is given, each series takes that of 1 to `max_span` whose one-step forecasts of its training rows have
    the smallest squared error, all judged on the same rows.

    Attributes
    ----------
    span_
        Span of each series.
    """

    span: int | None = option(None, "values averaged; None: chosen on the training rows", at_least=1)
    max_span: int = option(63, "largest span to choose from", at_least=1)

    state_fields = ("span", "sigma")

    def __post_init__(self) -> None:
        """Refuse options that are not allowed, or that contradict each other."""
        super().__post_init__()
        if self.span is not None and self.max_span != 63:
            raise OptionError(f"{type(self).__name__}: max_span is for span=None; with span={self.span} leave it out.")

    @property
    def label(self) -> str:
        """Short name in tables."""
        return f"{type(self).__name__}({self.span if self.span is not None else 'chosen'})"

    @property
    def rows_needed(self) -> int:
        """The span, or the largest that may be chosen."""
        return self.span or self.max_span

    @property
    def rows_to_fit(self) -> int:
        """The span; to choose one, as many rows again to judge it on."""
        return self.span or 2 * self.max_span

    @property
    def parameters(self) -> int:
        """The span, where it is chosen."""
        return 0 if self.span else 1

    @abc.abstractmethod
    def _averages(self, y: NDArray[np.float64], rows: NDArray[np.int64], span: int) -> NDArray[np.float64]:
        """Average the values of one series up to each of the `rows`, ``[n]``."""

    @abc.abstractmethod
    def _spreads(self, y: NDArray[np.float64], observed: NDArray[np.float64], span: int) -> NDArray[np.float64]:
        """Return the standard deviation of the errors at each step ahead, ``[horizon]``, from the training rows.

        `observed` is `y` with NaN where a value was carried forward.
        """

    @property
    def fitted_choices(self) -> dict[str, str]:
        """What the fit chose where an option left it open."""
        return {"span": numbers_in_words(self.span_)} if self.span is None and hasattr(self, "span_") else {}

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        values = [train.y[train.span(series)] for series in range(len(train))]
        self.span_ = np.array([self.span or self._chosen(y) for y in values])
        observed = np.split(train.observed, train.offsets[1:-1])
        each = zip(values, observed, self.span_, strict=True)
        self.sigma_ = np.array([self._spreads(y, seen, int(span)) for y, seen, span in each])

    def _chosen(self, y: NDArray[np.float64]) -> int:
        errors = y[self.max_span :] - self._averages_by_span(y)
        return 1 + int(np.argmin(np.square(errors).mean(axis=1)))

    @abc.abstractmethod
    def _averages_by_span(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Average the values up to each row, from ``max_span − 1`` to the last but one, by each span ``[spans, n]``."""

    def _restore(self, arrays: Arrays) -> None:
        super()._restore(arrays)
        span = self.span_
        if (
            span.dtype.kind != "i"
            or span.shape != (len(self.ids_),)
            or (span < 1).any()
            or (span > self.rows_needed).any()
        ):
            raise ValueError(
                f"the spans {span.ravel()[:9].tolist()} are not possible; allowed: 1 to {self.rows_needed}"
            )

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        series = panel.series_of(origins)
        average = np.empty(len(origins))
        for place in np.unique(series):
            own = series == place
            rows = origins[own] - panel.offsets[place]
            average[own] = self._averages(panel.y[panel.span(place)], rows, int(self.span_[fitted[place]]))
        return np.tile(average[None, :, None], (1, 1, self.horizon))

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        return self.sigma_[fitted[panel.series_of(origins)]]
