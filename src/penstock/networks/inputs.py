"""What a network reads, described."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from penstock.errors import OptionError
from penstock.options import Description, option

__all__ = ["Inputs"]


@dataclass(frozen=True, repr=False)
class Inputs(Description):
    """The widths of what a network reads.

    Parameters
    ----------
    features
        Columns of the sequence at each step; one where the steps are token ids.
    categories
        For each static category of a sample, such as its series, how many values it can take.
    extra
        Further features of a sample, such as the month of its target.

    Examples
    --------
    >>> Inputs(categories=(2489,), extra=12)
    Inputs(categories=(2489,), extra=12)
    """

    features: int = option(1, "columns of the sequence at each step", at_least=1)
    categories: tuple[int, ...] = ()
    extra: int = option(0, "further features of a sample", at_least=0)

    def __post_init__(self) -> None:
        """Refuse widths that are not allowed."""
        super().__post_init__()
        given = tuple(self.categories) if isinstance(self.categories, Iterable) else (self.categories,)
        wrong = [size for size in given if not isinstance(size, int) or isinstance(size, bool) or size < 1]
        if wrong:
            raise OptionError(
                f"Inputs: categories={self.categories!r} holds {wrong[0]!r}; allowed: the number of values of each "
                "category, such as (2489,)."
            )
        object.__setattr__(self, "categories", given)

    def require_embeddings(self, network: Any) -> None:
        """Refuse a network that has not one embedding for each category.

        Parameters
        ----------
        network
            A description with `embeddings`.

        Raises
        ------
        OptionError
            With how many there are of both.
        """
        if len(self.categories) != len(network.embeddings):
            raise OptionError(
                f"{network!r} has {len(network.embeddings)} embeddings for {len(self.categories)} categories; give "
                "embeddings one width for each category, 0 for one-hot."
            )
