"""A value for each document."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.sequences.regressor import SampleRegressor
from penstock.text.estimator import TextEstimator

__all__ = ["TextRegressor"]


@dataclass(repr=False, eq=False)
class TextRegressor(TextEstimator, SampleRegressor):
    """A recurrent network that gives each document a value, or several, such as the return that followed a filing.

    Examples
    --------
    >>> from penstock.layers.declared import GRU
    >>> from penstock.networks.network import Network
    >>> from penstock.text.tokens import Tokens
    >>> texts, values = ["profits rose", "profits fell", "sales rose", "sales fell"] * 10, [1.0, -1.0, 2.0, -2.0] * 10
    >>> model = TextRegressor(Network([GRU(4)]), tokens=Tokens(20), units=8, epochs=80, patience=None, validation=0)
    >>> rose, fell = model.fit(texts, values).predict(["sales rose", "sales fell"])
    >>> bool(rose > 0 > fell)
    True
    """
