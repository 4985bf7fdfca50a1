"""The space of a search: values or ranges of options, by name, down into networks, layers and optimisers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from penstock.errors import OptionError, nearest
from penstock.options import Description, Options, check_options, option
from penstock.training.optimizers import resolve_optimizer

__all__ = ["Range", "checked_space", "draw", "extremes", "grid", "in_words", "models_in", "value_of", "with_settings"]

T = TypeVar("T")

_MOST = 1000  # values of one option: each is tried on the model before anything is fitted


@dataclass(frozen=True, repr=False)
class Range(Description):
    """Numbers between two bounds, both included; whole ones where both bounds are.

    Examples
    --------
    >>> Range(8, 64)
    Range(8, 64)
    >>> Range(1e-4, 1e-1, log=True).whole
    False
    """

    low: int | float = option(help="the smallest number")
    high: int | float = option(help="the largest number")
    log: bool = option(False, "drawn evenly on a logarithmic scale, as learning rates are")

    def __post_init__(self) -> None:
        """Refuse an empty range, and logarithms of what is not positive."""
        check_options(self)
        if not self.low < self.high:
            raise OptionError(f"Range: low={self.low!r} is not below high={self.high!r}; swap them.")
        if self.log and self.low <= 0:
            raise OptionError(f"Range: low={self.low!r} has no logarithm; allowed with log=True: above 0.")

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are drawn."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def draw(self, rng: np.random.Generator) -> int | float:
        """Draw a number.

        Parameters
        ----------
        rng
            Source of random numbers.

        Returns
        -------
        The number, an int where both bounds are.
        """
        low, high = (self.low - 0.5, self.high + 0.5) if self.whole else (self.low, self.high)
        if self.log:
            low = max(low, self.low / 2)
            found = math.exp(rng.uniform(math.log(low), math.log(high)))
        else:
            found = rng.uniform(low, high)
        if self.whole:
            return min(max(round(found), int(self.low)), int(self.high))
        return min(max(found, float(self.low)), float(self.high))


def checked_space(space: Any, model: Options) -> dict[str, Any]:
    """Return the space with its values in tuples, once every value of it has been tried on the model.

    Parameters
    ----------
    space
        Values or a :class:`Range` by name.
    model
        The model whose options they are.

    Raises
    ------
    OptionError
        For a name that the model does not have, a value that it does not allow, no value at all, or over 1,000 of them.
    """
    if not isinstance(space, Mapping) or not space:
        raise OptionError(
            f"Tuned: space={space!r} names no option; allowed: values by name, such as "
            "{'window': [20, 60], 'optimizer__learning_rate': penstock.Range(1e-4, 1e-1, log=True)}."
        )
    checked: dict[str, Any] = {}
    for name, values in space.items():
        if not isinstance(name, str):
            raise OptionError(f"Tuned: space names {name!r}; allowed: names of options, such as 'window'.")
        if isinstance(values, Range):
            checked[name] = values
        elif isinstance(values, (list, tuple, np.ndarray)) and len(values) > _MOST:
            raise OptionError(
                f"Tuned: space[{name!r}] lists {len(values):,} values; allowed: at most {_MOST:,}. Give "
                "penstock.Range(low, high), which draws any number between two bounds."
            )
        elif isinstance(values, (list, tuple, np.ndarray)) and len(values):
            checked[name] = tuple(values.tolist() if isinstance(values, np.ndarray) else values)
        else:
            raise OptionError(
                f"Tuned: space[{name!r}]={values!r} holds no values; allowed: a list of values, or "
                "penstock.Range(low, high)."
            )
    for settings in extremes(checked):
        with_settings(model, settings)
    return checked


def extremes(space: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every value and every bound of the space, one option at a time."""
    for name, values in space.items():
        for value in (values.low, values.high) if isinstance(values, Range) else values:
            yield {name: value}


def grid(space: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every combination of the values, the last option changing fastest.

    Examples
    --------
    >>> grid({"lags": (1, 2), "penalty": (0.0,)})
    [{'lags': 1, 'penalty': 0.0}, {'lags': 2, 'penalty': 0.0}]

    Raises
    ------
    OptionError
        Where the space holds a range, which has no end of values.
    """
    if endless := [name for name, values in space.items() if isinstance(values, Range)]:
        raise OptionError(
            f"Tuned: space[{endless[0]!r}] is a range, of which sampler='grid' cannot try every value; give a list, or "
            "sampler='random'."
        )
    settings: list[dict[str, Any]] = [{}]
    for name, values in space.items():
        settings = [{**each, name: value} for each in settings for value in values]
    return settings


def draw(space: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Draw one value of each option, independently."""
    return {
        name: values.draw(rng) if isinstance(values, Range) else values[int(rng.integers(len(values)))]
        for name, values in space.items()
    }


def with_settings(model: T, settings: Mapping[str, Any]) -> T:
    """Return an unfitted copy of a model with other options.

    Parameters
    ----------
    model
        A model.
    settings
        Values by name; two underscores lead into what an option holds, and numbers count the items of a list:
        ``network__layers__0__units``.

    Examples
    --------
    >>> from penstock.training.optimizers import Adam
    >>> with_settings(Adam(), {"learning_rate": 0.1})
    Adam(learning_rate=0.1)

    Raises
    ------
    OptionError
        For a name that is not there, or a value that is not allowed.
    """
    if not isinstance(model, Options):
        for name, value in settings.items():
            model = _replaced(model, name.split("__"), value, name)
        return model
    given: dict[str, Any] = {}
    for name, value in settings.items():
        first, *rest = name.split("__")
        _require_option(model, first, name)
        given[first] = _replaced(given.get(first, getattr(model, first)), rest, value, name)
    return model.clone().set_params(**given)


def _replaced(owner: Any, path: list[str], value: Any, whole: str) -> Any:
    if not path:
        return value
    name, rest = path[0], path[1:]
    if isinstance(owner, str) and whole.split("__")[-len(path) - 1] == "optimizer":
        owner = resolve_optimizer(owner)
    if isinstance(owner, (list, tuple)):
        if not name.isdecimal() or int(name) >= len(owner):
            raise OptionError(
                f"{whole!r}: {name!r} is no place in a list of {len(owner)}; allowed: 0 to {len(owner) - 1}."
            )
        place = int(name)
        return tuple(_replaced(item, rest, value, whole) if n == place else item for n, item in enumerate(owner))
    _require_option(owner, name, whole)
    new = _replaced(getattr(owner, name), rest, value, whole)
    if isinstance(owner, Options):
        return owner.clone().set_params(**{name: new})
    return type(owner)(**{**owner.stored(), name: new})


def models_in(value: Any) -> list[Options]:
    """Return the models that a value is or holds, in its options and lists."""
    if isinstance(value, Options):
        return [value, *(found for each in value.get_params(deep=False).values() for found in models_in(each))]
    return [found for each in value for found in models_in(each)] if isinstance(value, (list, tuple)) else []


def value_of(model: Any, name: str) -> Any:
    """Return the value that a model has of an option, with the names of :func:`with_settings`.

    Examples
    --------
    >>> from penstock.training.optimizers import Adam
    >>> value_of(Adam(), "learning_rate")
    0.001
    """
    owner = model
    path = name.split("__")
    for place, each in enumerate(path):
        if isinstance(owner, str) and path[place - 1] == "optimizer":
            owner = resolve_optimizer(owner)
        owner = owner[int(each)] if isinstance(owner, (list, tuple)) else getattr(owner, each)
    return owner


def _require_option(owner: Any, name: str, whole: str) -> None:
    if isinstance(owner, Options):
        known = owner.option_names()
    elif isinstance(owner, Description):
        known = [field.name for field in dataclasses.fields(owner)]
    else:
        raise OptionError(f"{whole!r}: {owner!r} has no options of its own, so nothing is called {name!r} there.")
    if name not in known:
        raise OptionError(f"{whole!r}: {type(owner).__name__} has no option {name!r}; {nearest(name, known)}")


def in_words(settings: Mapping[str, Any]) -> str:
    """Lay settings out as ``name=value``.

    Examples
    --------
    >>> in_words({"window": 20, "learning_rate": 0.00123456})
    'window=20, learning_rate=0.001235'
    """
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value!r}" for name, value in settings.items()
    )
