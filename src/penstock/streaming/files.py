"""The files that a stream writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError
from penstock.files import write_whole
from penstock.streaming.image import build_image

__all__ = ["StreamFiles"]


class StreamFiles:
    """A stream as a file, for Python and for C."""

    model: Any
    _native: Any
    _reason: str | None
    _states: NDArray[np.float64]

    @property
    def states(self) -> NDArray[np.float64]:
        """The carried state of each series after its newest row, ``[series, members · values]``; none without."""
        if self._native is None or not self.model.stateful:
            return self._states
        states: NDArray[np.float64] = self._native.states()
        return states

    def save(self, path: str | Path) -> None:
        """Write the stream with its model to one file; :func:`penstock.load_stream` goes on with the same bits.

        Parameters
        ----------
        path
            File to write, whole or not at all.
        """
        from penstock.streaming.saved import write_stream

        write_stream(self, path)  # type: ignore[arg-type]

    def export(self, path: str | Path) -> None:
        """Write the network with the rows and errors of the stream for programs in C (``penstock_stream.h``).

        Parameters
        ----------
        path
            File to write, whole or not at all. It holds numbers alone, no options: `load_stream` cannot read it.

        Raises
        ------
        OptionError
            Where no compiled steps exist for this network.
        """
        if self._native is None:
            raise OptionError(f"this stream has no compiled steps to export: {self._reason}.")
        write_whole(path, build_image(self, rows=True))
