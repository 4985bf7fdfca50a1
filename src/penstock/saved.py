"""Writing a fitted model to one file, and reading it back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from penstock.data.frames import FrameKind
from penstock.data.panel import Panel
from penstock.errors import ModelFileError, OptionError, nearest
from penstock.formats import upgraded
from penstock.options import Options, from_json, to_json
from penstock.storage import Arrays, read_model, write_model

__all__ = ["Saved"]

M = TypeVar("M", bound="Saved")


class Saved(Options):
    """What a fitted model needs to be written and read: its options, its arrays, and whatever else describes it."""

    fits: ClassVar[tuple[str, ...]] = ()
    """Arrays that a fit leaves, without their underscore; models that keep other things write their own methods."""

    fitted_options_: dict[str, Any]

    def _require_fit(self) -> None:
        """Refuse to go on where there is no fit, or none with these options."""
        if not hasattr(self, "fitted_options_"):
            raise OptionError(f"this {type(self).__name__} is not fitted yet; call fit first.")
        changed = [name for name, value in self.get_params().items() if value != self.fitted_options_[name]]
        if changed:
            raise OptionError(
                f"{', '.join(changed)} of this {type(self).__name__} changed since its fit; call fit again."
            )

    def _commit(self, fitted: Self) -> Self:
        """Take over the fit of a copy in one assignment: a fit that fails leaves the earlier one whole."""
        self.__dict__ = fitted.__dict__
        return self

    def _arrays(self) -> Arrays:
        """Give what was fitted, by name, for the model file."""
        return {name: getattr(self, f"{name}_") for name in self.fits}

    def _restore(self, arrays: Arrays) -> None:
        """Take back what :meth:`_arrays` gave."""
        for name in self.fits:
            setattr(self, f"{name}_", arrays[name])

    def _beside(self) -> tuple[dict[str, Any], Arrays]:
        """Give what the model file holds beside options and fitted arrays: JSON, and more arrays."""
        return {}, {}

    def _recall(self, description: dict[str, Any], arrays: Arrays) -> None:
        """Take back what :meth:`_beside` gave, before :meth:`_restore`."""

    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file; :func:`penstock.load` reads it."""
        self._require_fit()
        beside, more = self._beside()
        description = {
            "model": type(self).__name__,
            "options": {name: to_json(value) for name, value in self.get_params().items()},
            **beside,
        }
        write_model(path, description, {**self._arrays(), **more})

    @staticmethod
    def read(path: str | Path, models: Mapping[str, type[M]]) -> M:
        """Read a model file, looking its class up among `models`; people call :func:`penstock.load`."""
        description, arrays = read_model(path)
        name = description.get("model") if isinstance(description, dict) else None
        if name is None or name not in models:
            raise ModelFileError(
                f"{str(path)!r} holds a {name!r}, which this penstock does not know; {nearest(name, models)}"
            )
        try:
            options = {key: from_json(value) for key, value in upgraded(description["options"]).items()}
            model = models[name](**options)
            model._recall(description, arrays)
            model._restore(arrays)
            model.fitted_options_ = model.get_params()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelFileError(f"{str(path)!r} does not hold a whole {name}: {error}") from error
        return model


class SavedSeries(Saved):
    """A saved model of series: with their names, how their frame was read, and the last rows."""

    ids_: tuple[Any, ...]
    kind_: FrameKind
    tail_: Panel

    def _beside(self) -> tuple[dict[str, Any], Arrays]:
        wrong = [name for name in self.ids_ if not isinstance(name, (str, int, float, type(None)))]
        if wrong:
            raise OptionError(f"series are named by text or numbers in a model file, not by {wrong[0]!r}.")
        static = {"static": self.tail_.static.tolist()} if self.tail_.static.size else {}
        tail = {f"tail.{name}": array for name, array in self.tail_.arrays().items()}
        return {"ids": list(self.ids_), "frame": self.kind_.to_json(), **static}, tail

    def _recall(self, description: dict[str, Any], arrays: Arrays) -> None:
        self.kind_ = FrameKind.from_json(description["frame"])
        self.ids_ = tuple(description["ids"])
        tail = {name[5:]: array for name, array in arrays.items() if name.startswith("tail.")}
        steps, static = self.kind_.counts_steps, description.get("static")
        self.tail_ = Panel.of_arrays(tail, self.ids_, counts_steps=steps, static=static)

    def _restore(self, arrays: Arrays) -> None:
        if "sigma" in self.fits and "sigma" not in arrays:  # a file older than standard errors: predict(level=) says so
            arrays = {**arrays, "sigma": np.full(len(self.ids_), np.nan)}
        super()._restore(arrays)
