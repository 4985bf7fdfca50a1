"""A forecaster that is told one row after the other."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.forecaster.updating import Updates
from penstock.intervals.conformal import Conformal
from penstock.streaming.stream import Stream

__all__ = ["Streams"]


class Streams(Updates):
    """What :class:`penstock.forecaster.Forecaster` does with a stream of rows."""

    def stream(
        self,
        *,
        level: float | Sequence[float] = (),
        intervals: str | Conformal | None = None,
        late: str = "error",
        duplicate: str = "error",
        missing: str | None = None,
    ) -> Stream:
        """Make a stream that begins after the rows which the model keeps.

        Each row that is pushed gives the forecast after it, as ``predict`` would make it of the same rows, in constant
        time and memory. The model is not changed.

        Parameters
        ----------
        level
            Coverage of the intervals that are wanted, in percent: 80, or [80, 95].
        intervals
            How: ``adaptive`` (Gibbs & Candès 2021) or an :class:`penstock.Adaptive` with options of its own,
            ``conformal`` with a `window`, or ``own``: the model's own, as ``predict(level=...)`` gives them. None:
            ``adaptive`` where the network forecasts values, ``own`` where it forecasts quantiles or a distribution.
        late
            A row earlier than the newest: ``error``; ``drop``; or ``amend``, which writes its value where one was
            carried forward.
        duplicate
            A row at a time that is known: ``error``, ``drop``, or ``replace``.
        missing
            A value or row that is missing: ``error``, ``ffill`` or ``indicator``, as in :meth:`fit`; None: as there.

        Returns
        -------
        The stream.

        Raises
        ------
        OptionError
            Before a fit, or for a choice that is not allowed.

        Examples
        --------
        >>> import numpy as np, pandas as pd
        >>> from penstock.forecaster import Forecaster
        >>> from penstock.layers.declared import LSTM
        >>> from penstock.networks.network import Network
        >>> frame = pd.DataFrame({"ds": range(80), "y": np.sin(np.arange(80) / 4)})
        >>> model = Forecaster(Network([LSTM(4)]), window=8, epochs=2, seed=1).fit(frame)
        >>> stream = model.stream()
        >>> after = stream.push(80, np.sin(20.0))
        >>> rows = pd.concat([frame, pd.DataFrame({"ds": [80], "y": [np.sin(20.0)]})])
        >>> bool(abs(after.yhat - model.predict(rows)["yhat"]).max() < 1e-6), after.times.tolist()
        (True, [81])
        """
        return Stream(self, level=level, intervals=intervals, late=late, duplicate=duplicate, missing=missing)
