"""What models share whose number of lags is given, or chosen by an information criterion."""

from __future__ import annotations

from penstock.errors import OptionError
from penstock.estimator import Estimator
from penstock.options import default_of

__all__ = ["LagOrder"]


class LagOrder(Estimator):
    """A model with `order` (a number of lags, ``"aic"`` or ``"bic"``) and `max_order`, for the latter two."""

    order: int | str
    max_order: int

    def __post_init__(self) -> None:
        """Refuse options that are not allowed, or that contradict each other."""
        super().__post_init__()
        if not isinstance(self.order, str) and self.max_order != default_of(type(self), "max_order"):
            name = type(self).__name__
            raise OptionError(f"{name}: max_order is for order='aic' or 'bic'; with order={self.order} leave it out.")

    @property
    def label(self) -> str:
        """Short name in tables."""
        return f"{type(self).__name__}({self.order})"

    @property
    def rows_needed(self) -> int:
        """The lags, or the most that may be chosen."""
        return self.max_order if isinstance(self.order, str) else self.order

    @property
    def rows_to_fit(self) -> int:
        """One equation more than a single series has coefficients; several at once need more, and a fit says so."""
        return 2 * self.rows_needed + 2
