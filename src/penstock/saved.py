"""Writing a fitted model to one file, and reading it back."""

from __future__ import annotations

import contextlib
import copy
import json
import re
import warnings
from collections.abc import Callable, Collection
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from penstock.data.frames import FrameKind
from penstock.data.panel import Panel
from penstock.errors import DataWarning, ModelFileError, OptionError, PenstockError, named, nearest
from penstock.formats import upgraded_options
from penstock.options import Options, check_options, from_json, to_json
from penstock.registry import is_ours
from penstock.storage import Arrays, write_model
from penstock.values import from_plain, storable

__all__ = ["Saved", "warn_not_finite"]

M = TypeVar("M", bound="Saved")


class Saved(Options):
    """What a fitted model needs to be written and read: its options, its arrays, and whatever else describes it."""

    state_fields: ClassVar[tuple[str, ...]] = ()
    """Arrays that a fit leaves, without their underscore; models that keep other things write their own methods."""

    fitted_options_: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Saved.registered.add(cls)

    def _require_fit(self) -> None:
        """Refuse to go on where there is no fit, or none with these options."""
        if not hasattr(self, "fitted_options_"):
            raise OptionError(f"this {type(self).__name__} is not fitted yet; call fit first.")
        changed = [
            field.name
            for field in fields(self)  # type: ignore[arg-type]  # every model is a dataclass
            if field.init
            and field.metadata.get("affects_fit", True)
            and getattr(self, field.name) != self.fitted_options_[field.name]
        ]
        if changed:
            raise OptionError(
                f"{', '.join(changed)} of this {type(self).__name__} changed since its fit; call fit again."
            )

    def _fit_copy(self, fit: Callable[[Self], None]) -> Self:
        """Check the options, fit a copy, and take over its fit at the end in one assignment.

        A fit that fails or is interrupted leaves the earlier one whole.
        """
        check_options(self)
        fitted = copy.copy(self)
        fit(fitted)
        fitted.fitted_options_ = fitted.get_params()
        self.__dict__ = fitted.__dict__
        return self

    def _arrays(self) -> Arrays:
        """Give what was fitted, by name, for the model file."""
        return {name: getattr(self, f"{name}_") for name in self.state_fields}

    def _restore(self, arrays: Arrays) -> None:
        """Take back what :meth:`_arrays` gave."""
        for name in self.state_fields:
            setattr(self, f"{name}_", arrays[name])

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        """Give what the model file holds beside options and fitted arrays: JSON, and more arrays."""
        return {}, {}

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        """Take back what :meth:`_extra_state` gave, before :meth:`_restore`."""

    def _check_restored(self) -> None:
        """Refuse what was restored from a file if it does not fit together."""

    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file; :func:`penstock.load` reads it.

        A class of your own is stored by its module and its name: import the module before you load the file.

        Parameters
        ----------
        path
            File to write, whole or not at all.

        Raises
        ------
        OptionError
            Where the model is not fitted, or could not be loaded again: an option that no file can hold, or, of a class
            of your own, what its fit keeps beyond `state_fields`.
        """
        write_model(path, *self.packed())

    def packed(self) -> tuple[dict[str, Any], Arrays]:
        """Return what :meth:`save` writes.

        Returns
        -------
        What JSON holds, and arrays by name.

        Raises
        ------
        OptionError
            As :meth:`save`.
        """
        self._require_fit()
        beside, more = self._extra_state()
        description = {
            "model": Saved.registered.name_of(type(self)),
            "options": {name: to_json(value) for name, value in self.get_params().items()},
            **beside,
        }
        arrays = {**self._arrays(), **more}
        if odd := [name for name in _not_finite(arrays) if not _MAY_BE_NAN.fullmatch(name)]:
            description["not_finite"] = odd
        if not is_ours(type(self)):
            self._check_loads(description, arrays)
        return description, arrays

    def _check_loads(self, description: dict[str, Any], arrays: Arrays) -> None:
        """Refuse to write a model of a user's class that would not come back whole."""
        name = type(self).__name__
        try:
            again = _restored(type(self), json.loads(json.dumps(description)), arrays)
        except Exception as error:
            raise OptionError(f"this {name} could not be loaded from a file: {error!r}.") from error
        lost = [each for each in vars(self) if each.endswith("_") and not hasattr(again, each)]
        if lost:
            fields_needed = (*self.state_fields, *(each.removesuffix("_") for each in lost))
            raise OptionError(
                f"a file of this {name} would lose {named(lost)}, which its fit made; name arrays without their "
                f"underscore in state_fields: state_fields = {fields_needed!r}."
            )

    @staticmethod
    def unpacked(
        path: str | Path,
        description: Any,
        arrays: Arrays,
        models: Collection[str],
        model_class: Callable[[str], type[Any]],
    ) -> Any:
        """Make the model of what a file holds, as :meth:`packed` gave it; `path` stands in messages.

        Parameters
        ----------
        path
            The file.
        description, arrays
            What it holds.
        models, model_class
            Names of the models that this penstock knows, and what returns the class of such a name.

        Returns
        -------
        The fitted model.

        Raises
        ------
        ModelFileError
            Where it holds a class that is not known, or no whole model.
        """
        name = description.get("model") if isinstance(description, dict) else None
        if isinstance(description, dict) and {"stream", "of"} <= {*description}:
            raise ModelFileError(f"{str(path)!r} holds a stream, no model; penstock.load_stream reads a stream.")
        if not isinstance(name, str) or (name not in models and ":" not in name):
            raise ModelFileError(
                f"{str(path)!r} holds a {name!r}, which this penstock does not know; {nearest(name, models)}"
            )
        try:
            kind = model_class(name) if name in models else Saved.registered.find(name)
        except OptionError as error:
            raise ModelFileError(f"{str(path)!r}: {error}") from error
        try:
            _check_finite(description, arrays)
            model = _restored(kind, description, arrays)
            model._check_restored()
        except Exception as error:  # whatever a file that was crafted or damaged may lead to
            raise ModelFileError(f"{str(path)!r} does not hold a whole {name}: {error}") from error
        if odd := _not_finite(arrays, but=_MAY_BE_NAN):
            warnings.warn(
                f"{str(path)!r} holds numbers that are NaN or infinite in {named(odd)}, as it says; what this {name} "
                "predicts may be NaN.", DataWarning, stacklevel=3
            )  # fmt: skip
        return model


def warn_not_finite(values: NDArray[np.float64], name: str) -> None:
    """Warn where a model predicts NaN or infinite numbers, as one whose weights are beyond all measure does.

    Parameters
    ----------
    values
        What it predicts.
    name
        The model's name, for the message.
    """
    odd = int((~np.isfinite(values)).sum())
    if odd:
        warnings.warn(
            f"{odd:,} of {values.size:,} numbers that {name} predicts are NaN or infinite.", DataWarning, stacklevel=3
        )


_MAY_BE_NAN = re.compile(r"(.*\.)?(history\.\w+|sigma|residuals|validation_errors)")
"""Arrays that hold NaN by design: losses of epochs that were not trained, errors of too few rows."""


def _not_finite(arrays: Arrays, but: re.Pattern[str] | None = None) -> list[str]:
    """Name the arrays that hold NaN or infinite numbers."""
    return [
        name
        for name, array in arrays.items()
        if (but is None or not but.fullmatch(name)) and array.dtype.kind == "f" and not np.isfinite(array).all()
    ]


def _check_finite(description: dict[str, Any], arrays: Arrays) -> None:
    """Refuse arrays with NaN or infinite numbers that the file does not name as such."""
    said = description.get("not_finite", [])
    said = said if isinstance(said, list) else []
    odd = [name for name in _not_finite(arrays, but=_MAY_BE_NAN) if name not in said]
    if odd:
        raise ValueError(f"NaN or infinite numbers stand in {named(odd)}, and the file does not say why")


def _check_size(options: Any) -> None:
    """Refuse options that describe more layers and models than a network or an ensemble has: each takes time."""
    waiting, described = [options], 0
    while waiting:
        each = waiting.pop()
        described += isinstance(each, dict)
        waiting += each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
    if described > 1000:
        raise ValueError(f"the options describe {described:,} layers and models; allowed: 1,000")


def _restored(kind: type[M], description: dict[str, Any], arrays: Arrays) -> M:
    """Make the model that a file describes."""
    _check_size(description["options"])
    model = kind(
        **{
            key: from_json(value)
            for key, value in upgraded_options(description["options"], kind.option_names()).items()
        }
    )
    model._load_extra(description, arrays)
    model._restore(arrays)
    model.fitted_options_ = model.get_params()
    return model


class SavedSeries(Saved):
    """A saved model of series: with their names, how their frame was read, and the last rows."""

    ids_: tuple[Any, ...]
    kind_: FrameKind
    tail_: Panel

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        static = {"static": [storable(row, "static covariates") for row in self.tail_.static]}
        static = static if self.tail_.static.size else {}
        tail = {f"tail.{name}": array for name, array in self.tail_.arrays().items()}
        return {"ids": storable(self.ids_, "series"), "frame": self.kind_.to_json(), **static}, tail

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        self.kind_ = FrameKind.from_json(description["frame"])
        self.ids_ = tuple(map(from_plain, description["ids"]))
        tail = {name[5:]: array for name, array in arrays.items() if name.startswith("tail.")}
        steps, static = self.kind_.counts_steps, description.get("static")
        static = static and [list(map(from_plain, row)) for row in static]
        self.tail_ = Panel.of_arrays(tail, self.ids_, counts_steps=steps, static=static)
        names, last = self.kind_.columns, self.tail_.times[self.tail_.offsets[1:] - 1]
        self.kind_.frame({names.id: list(self.ids_), names.time: last})  # refuses names and times of another type

    def _restore(self, arrays: Arrays) -> None:
        if (
            "sigma" in self.state_fields and "sigma" not in arrays
        ):  # a file older than standard errors: predict(level=) says so
            arrays = {**arrays, "sigma": np.full(len(self.ids_), np.nan)}
        super()._restore(arrays)

    def _check_restored(self) -> None:
        """Forecast once from the last rows, unless a network would have to be compiled for it: its shapes are known."""
        model: Any = self
        if any(each.takes_callbacks for each in (model, *getattr(model, "models_", ()))):
            return
        origins = self.tail_.offsets[1:] - 1
        trials: tuple[Callable[[], Any], ...] = (
            lambda: model.forecast_panel(self.tail_, origins),
            lambda: model.predict(level=80),
        )
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for trial in trials:
                with contextlib.suppress(PenstockError):  # what it says in words, it says again when it is asked
                    trial()
