"""A forecaster whose weights come from a file instead of training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import equinox as eqx
import jax
import numpy as np

from penstock.errors import OptionError
from penstock.forecaster.carried import Carried
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.training.history import History, Trained

__all__ = ["LoadsWeights"]


class LoadsWeights(Carried):
    """What :class:`penstock.forecaster.Forecaster` does with published weights."""

    def load_weights(
        self, path: str | Path, frame: Any, *, layers: Sequence[str] | None = None, **columns: Any
    ) -> Self:
        """Take weights from a file of Keras, torch or NumPy, and all else from a frame as :meth:`fit` does.

        Scales are fitted on the rows of `frame`: give those that the weights were trained on. If their author scaled on
        the whole series, the test rows included, only the whole series gives his figures. Intervals come from the
        errors on the last rows of the frame (`validation`), which the weights may have been trained on; with
        ``validation=0`` there are none.

        Parameters
        ----------
        path
            The file; :func:`penstock.weights.read` says which.
        frame
            The rows.
        layers
            Names of the file's layers in the order in which they run, where the file does not hold it.
        **columns
            ``id``, ``time``, ``target``, ``past``, ``known``, ``static`` and ``missing``, as in :meth:`fit`.

        Returns
        -------
        This estimator, as if it had been fitted.

        Raises
        ------
        penstock.ModelFileError
            Where the file is damaged, or holds other things than weights.
        OptionError
            Where the weights do not fit the network.
        """
        if self.members != 1:
            raise OptionError(f"members={self.members}, but a file holds the weights of one network; set members=1.")

        def load(fitted: Self) -> None:
            vars(fitted)["_weights_file"] = path, layers
            fitted.fit(frame, **columns)
            del vars(fitted)["_weights_file"]

        return self._fit_copy(load)

    @property
    def _reads_weights(self) -> bool:
        """Whether the weights come from a file, so that nothing is trained."""
        return "_weights_file" in vars(self)

    def _read_weights(self, inputs: Inputs, outputs: int) -> Trained | None:
        """Read the weights, if they come from a file."""
        given = vars(self).get("_weights_file")
        if given is None:
            return None
        from penstock import weights

        if not isinstance(self.network, Network):
            raise OptionError(
                f"{self.label}: files of weights are read into a stack of layers; allowed: network=Network([...])."
            )
        path, layers = given
        module = weights.read(path, self.network, inputs, outputs, layers=layers)
        none = np.zeros((0, 1))
        own = jax.tree.map(lambda leaf: leaf[None], eqx.filter(module, eqx.is_array))
        return Trained(own, History(none, none))
