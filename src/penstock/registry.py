"""Classes by name: what a model file stores of a class, and how the class is found again."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from penstock.errors import OptionError, nearest

__all__ = ["Registry", "is_ours", "resolve"]

T = TypeVar("T")


class Registry(Generic[T]):
    """The classes of one kind by name: Penstock's own by their bare names, all others as ``module:name``.

    A class of a user therefore never takes the place of a built-in one, or of another user's class of the same name.
    A class that is defined again, as every notebook does, is found by its name in its newest form; whatever holds the
    earlier class goes on with it.

    Parameters
    ----------
    what
        What the classes are, for messages: ``"cell"``.
    package
        Package whose public names are built-in classes of the kind; each is imported when it is looked for.

    Examples
    --------
    >>> known = Registry("cell")
    >>> known.add(type("Sum", (), {"__module__": "mine"}))
    >>> known.add(type("Sum", (), {"__module__": "penstock.cells.sum"}))
    >>> known.find("Sum").__module__, known.find("mine:Sum").__module__
    ('penstock.cells.sum', 'mine')
    >>> known.find("my:Sum")
    Traceback (most recent call last):
    penstock.errors.OptionError: no cell named 'my:Sum' is known; import the module 'my' first, which defines it.
    """

    def __init__(self, what: str, package: str | None = None) -> None:
        self.what = what
        self.package = package
        self._classes: dict[str, type[T]] = {}

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names under which classes are stored."""
        return iter(self._classes)

    def _all(self) -> list[str]:
        ours = [] if self.package is None else importlib.import_module(self.package).__all__
        return list(dict.fromkeys([*self._classes, *ours]))

    def values(self) -> list[type[T]]:
        """Return the classes, in the order of their first definition."""
        return list(self._classes.values())

    def add(self, cls: type[T]) -> None:
        """Add a class, or its newest definition."""
        self._classes[_stored_name(cls)] = cls

    def name_of(self, cls: type[T]) -> str:
        """Return the name under which a file stores a class.

        Raises
        ------
        OptionError
            Where the name belongs to another class now, so that a file could not bring this one back.
        """
        name = _stored_name(cls)
        if self._classes.get(name) is not cls:
            raise OptionError(
                f"the {self.what} {cls.__qualname__} of the module {cls.__module__!r} was defined again since; a file "
                "would bring back the newer class. Make and fit the model with the newer class, then save it."
            )
        return name

    def find(self, name: object) -> type[T]:
        """Return the class of a stored name; a bare name stands for a built-in class, or else for the one that has it.

        Raises
        ------
        OptionError
            Where no class has the name, or several do; the message says which module to import.
        """
        if not isinstance(name, str):
            raise OptionError(f"a {self.what} is named by text, not by {name!r}.")
        if self.package is not None and name not in self._classes:
            package = importlib.import_module(self.package)
            if name in package.__all__:
                getattr(package, name)
        if name in self._classes:
            return self._classes[name]
        found = [cls for cls in self._classes.values() if cls.__name__ == name]
        if len(found) == 1:
            return found[0]
        if found:
            raise OptionError(
                f"{len(found)} {self.what}s are named {name!r}; {nearest(name, map(_stored_name, found))}"
            )
        if ":" not in name:
            raise OptionError(
                f"no {self.what} named {name!r} is known; import the module that defines it first; "
                f"{nearest(name, self._all())}"
            )
        module, _, wanted = name.partition(":")
        if module == "__main__" or "<locals>" in wanted:
            raise OptionError(f"no {self.what} named {name!r} is known; run the code that defines {wanted!r} first.")
        if module in sys.modules:
            raise OptionError(
                f"no {self.what} named {name!r} is known: the module {module!r} is imported, but defines no {wanted!r}."
            )
        raise OptionError(
            f"no {self.what} named {name!r} is known; import the module {module!r} first, which defines it."
        )


def is_ours(cls: type) -> bool:
    """Return whether a class is part of Penstock.

    Examples
    --------
    >>> is_ours(Registry), is_ours(dict)
    (True, False)
    """
    return cls.__module__.partition(".")[0] == "penstock"


def resolve(option: str, given: object, choices: Mapping[str, type[T] | T], kind: type[T]) -> T:
    """Return the choice that an option names, a class with its defaults, or the object that was given instead.

    Parameters
    ----------
    option
        Name of the option, for messages: ``"optimizer"``.
    given
        A name among `choices`, or an object of the type `kind`.
    choices
        Objects, or classes that can be made without arguments, by name.
    kind
        Type of the objects.

    Returns
    -------
    An object of the type `kind`.

    Raises
    ------
    OptionError
        If `given` is neither.

    Examples
    --------
    >>> resolve("rounding", "up", {"up": 0.5, "down": -0.5}, float), resolve("rounding", 0.25, {}, float)
    (0.5, 0.25)
    """
    if isinstance(given, kind):
        return given
    if not isinstance(given, str) or given not in choices:
        raise OptionError(f"{option}={given!r} is unknown; {nearest(given, choices)}")
    chosen = choices[given]
    return chosen() if isinstance(chosen, type) else chosen


def _stored_name(cls: type) -> str:
    return cls.__name__ if is_ours(cls) else f"{cls.__module__}:{cls.__qualname__}"
