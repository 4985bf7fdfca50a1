"""Options: the fields of a dataclass, each with its help, its bounds and its choices written once.

Estimators and descriptions declare their options with :func:`option`; `get_params`, the checks, the model file and the
command line all read the same declaration.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar, Self, get_args, get_origin, get_type_hints

from penstock.errors import OptionError, nearest
from penstock.formats import upgraded_description
from penstock.notebook import ShownInNotebooks
from penstock.option_docs import call_of, document_options
from penstock.registry import Registry
from penstock.values import from_plain, to_plain

__all__ = [
    "Description",
    "Options",
    "but",
    "check_options",
    "default_of",
    "fault_of",
    "from_json",
    "help_of",
    "option",
    "to_json",
]


def option(
    default: Any = dataclasses.MISSING,
    help: str = "",
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    choices: Iterable[str] | None = None,
    kw_only: Any = dataclasses.MISSING,
    affects_fit: bool = True,
) -> Any:
    """Declare one option of a dataclass: its default, one line of help, and what is allowed.

    Parameters
    ----------
    default
        Value when none is given; left out, the option is required.
    help
        One line, shown by the command line.
    at_least, above, at_most, below
        Inclusive and exclusive lower, inclusive and exclusive upper bound for numbers.
    choices
        The names allowed where the option is a string.
    kw_only
        Whether the option can be given by its name alone; left out, as its class says.
    affects_fit
        Whether a fitted model must be fitted again when the option changes.
    """
    rules = {
        "at_least": at_least,
        "above": above,
        "at_most": at_most,
        "below": below,
        "choices": choices and tuple(choices),
        "affects_fit": affects_fit,
    }
    return dataclasses.field(default=default, metadata={"help": help, **rules}, kw_only=kw_only)


def but(owner: type, name: str, default: Any) -> Any:
    """Declare an option of `owner` again with another default.

    Examples
    --------
    >>> @dataclasses.dataclass
    ... class Slow(Options):
    ...     epochs: int = option(500, "passes over the samples", at_least=1)
    >>> @dataclasses.dataclass
    ... class Quick(Slow):
    ...     epochs: int = but(Slow, "epochs", 5)
    >>> Quick().epochs, help_of(Quick, "epochs")
    (5, 'passes over the samples')
    """
    field = owner.__dataclass_fields__[name]  # type: ignore[attr-defined]
    return dataclasses.field(default=default, metadata=field.metadata, kw_only=field.kw_only)


def help_of(owner: type, name: str) -> str:
    """Give the one line of help of an option, with the names it allows."""
    field = owner.__dataclass_fields__[name]  # type: ignore[attr-defined]
    choices = field.metadata["choices"]
    text: str = field.metadata["help"]
    return f"{text} ({', '.join(choices)})" if choices else text


def default_of(owner: type, name: str) -> Any:
    """Give the default of an option."""
    return owner.__dataclass_fields__[name].default  # type: ignore[attr-defined]


def check_options(owner: Any) -> None:
    """Raise one :class:`OptionError` that gathers every option of `owner` that is not allowed.

    Numbers and truth values of numpy's types become Python's, so that they compare, print and are stored alike.
    """
    hints = _hints(type(owner))  # type: ignore[arg-type]  # a class is hashable
    for field in dataclasses.fields(owner):
        value = getattr(owner, field.name)
        if type(value).__name__ == "bool" and type(value).__module__ == "numpy":  # not imported: a help needs no NumPy
            object.__setattr__(owner, field.name, bool(value))
        elif isinstance(value, numbers.Real) and value.__class__ not in _OWN:
            object.__setattr__(owner, field.name, int(value) if isinstance(value, numbers.Integral) else float(value))
    faults = [
        fault
        for field in dataclasses.fields(owner)
        if field.metadata and (fault := fault_of(field, hints[field.name], getattr(owner, field.name)))
    ]
    if faults:
        raise OptionError(f"{type(owner).__name__}: " + "; ".join(faults))


@cache
def _hints(owner: type) -> dict[str, Any]:
    return get_type_hints(owner)


def fault_of(field: dataclasses.Field[Any], hint: Any, value: Any) -> str | None:
    """Say what is wrong with the value of an option; None where nothing is."""
    parts = (hint,) if get_origin(hint) is dict else get_args(hint) or (hint,)
    rules, kinds = field.metadata, tuple(get_origin(kind) or kind for kind in parts)
    if value is None:
        return None if type(None) in kinds else f"{field.name} was None, but a value is needed"
    if isinstance(value, str):
        if rules["choices"] is not None and value not in rules["choices"]:
            return f"{field.name}={value!r} is unknown; {nearest(value, rules['choices'])}"
        return None if str in kinds else f"{field.name}={value!r} is text; {_wanted(rules, kinds)}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        named = tuple(plain for kind in kinds if isinstance(plain := get_origin(kind) or kind, type))
        wrong = bool not in kinds if isinstance(value, bool) else named and not isinstance(value, named)
        return f"{field.name}={value!r} is not allowed; {_wanted(rules, kinds)}" if wrong else None
    if int in kinds and float not in kinds and not isinstance(value, int):
        return f"{field.name}={value!r} is not a whole number; {_wanted(rules, kinds)}"
    if int not in kinds and float not in kinds:
        return f"{field.name}={value!r} is a number; {_wanted(rules, kinds)}"
    too_low = rules["at_least"] is not None and value < rules["at_least"]
    too_low = too_low or (rules["above"] is not None and value <= rules["above"])
    too_high = rules["below"] is not None and value >= rules["below"]
    too_high = too_high or (rules["at_most"] is not None and value > rules["at_most"])
    if not math.isfinite(value):
        return f"{field.name}={value!r} is not finite; {_wanted(rules, kinds)}"
    if too_low or too_high or (isinstance(value, int) and abs(value) >= _TOO_LARGE):
        return f"{field.name}={value!r} is out of range; {_wanted(rules, kinds)}"
    return None


def _wanted(rules: Any, kinds: tuple[Any, ...]) -> str:
    bounds = [
        f"{rule.replace('_', ' ')} {rules[rule]:g}"
        for rule in ("at_least", "above", "at_most", "below")
        if rules[rule] is not None
    ]
    names = {int: "a whole number", float: "a number", str: "text", bool: "True or False", type(None): "None"}
    kind = " or ".join(names.get(k, getattr(k, "__name__", str(k))) for k in kinds)
    allowed = " " + " and ".join(bounds) if bounds else ""
    choices = f" among {', '.join(map(repr, rules['choices']))}" if rules["choices"] else ""
    return f"allowed: {kind}{allowed}{choices}"


_OWN: tuple[type, ...] = (int, float, bool)
_TOO_LARGE = 2**63  # beyond which a whole number is no index


class Options(ShownInNotebooks):
    """scikit-learn's grammar for a dataclass of options: `get_params`, `set_params`, a repr, checks at once."""

    registered: ClassVar[Registry[Any]] = Registry("model", "penstock")
    """The classes whose fits can be saved; an option of one that is another is stored by its name and options."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        document_options(cls)

    def __post_init__(self) -> None:
        """Refuse options that are not allowed when they are given, not when they are used."""
        check_options(self)

    @classmethod
    def option_names(cls) -> list[str]:
        """Name every option, in the order of the class."""
        return [field.name for field in dataclasses.fields(cls) if field.init]  # type: ignore[arg-type]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return every option by name.

        Parameters
        ----------
        deep
            Accepted for scikit-learn's ``clone``; options do not nest.

        Returns
        -------
        The options by name.
        """
        return {name: getattr(self, name) for name in self.option_names()}

    def set_params(self, **params: Any) -> Self:
        """Change options by name; unknown names are refused.

        Parameters
        ----------
        **params
            The options to change, by name.

        Returns
        -------
        This object.

        Raises
        ------
        OptionError
            For a name that is no option, or a value that is not allowed; nothing is changed then.
        """
        for name in params:
            if name not in self.option_names():
                known = nearest(name, self.option_names())
                raise OptionError(f"{type(self).__name__} has no option {name!r}; {known}")
        twin = type(self)(**{**self.get_params(), **params})  # refuses what is not allowed, before anything changes
        for name in params:
            setattr(self, name, getattr(twin, name))
        return self

    def clone(self) -> Self:
        """Return an unfitted twin with the same options."""
        return type(self)(**self.get_params())

    def __sklearn_clone__(self) -> Self:
        """Make what scikit-learn's ``clone`` gives: :meth:`clone`."""
        return self.clone()

    def __repr__(self) -> str:
        return call_of(self)


@dataclasses.dataclass(frozen=True, repr=False)
class Description:
    """A frozen description: comparable, hashable, stored as JSON under its class's name in `kinds`.

    It prints as the call that makes it.
    """

    kinds: ClassVar[Registry[Description]] = Registry("description", "penstock.layers")
    traced: ClassVar[tuple[str, ...]] = ()
    """Numbers that a compiled training takes as data, not as constants: one program serves all their values."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Description.kinds.add(cls)
        document_options(cls)

    def __post_init__(self) -> None:
        """Refuse fields that are not allowed."""
        check_options(self)

    def stored(self) -> dict[str, Any]:
        """Return the fields by name, as they are given to the class again when a model file is read."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def __repr__(self) -> str:
        return call_of(self)


def to_json(value: Any) -> Any:
    """Turn options into JSON.

    Models become ``{"model": name, "options": {name: value}}``, descriptions ``{"kind": name, field: value}``, mappings
    ``{"pairs": [...]}``.
    """
    if isinstance(value, Description):
        fields = {name: to_json(field) for name, field in value.stored().items()}
        return {"kind": Description.kinds.name_of(type(value)), **fields}
    if isinstance(value, Options):
        options = {name: to_json(option) for name, option in value.get_params().items()}
        return {"model": Options.registered.name_of(type(value)), "options": options}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {"pairs": [[to_json(name), to_json(item)] for name, item in value.items()]}
    try:
        return to_plain(value)
    except TypeError as error:
        raise OptionError(f"{error}, which no model file can hold; give options that a file can name.") from None


def from_json(value: Any) -> Any:
    """Turn the JSON of :func:`to_json` back into the same options; lists come back as tuples."""
    if isinstance(value, dict) and value.keys() == {"pairs"}:
        return {from_json(name): from_json(item) for name, item in value["pairs"]}
    if isinstance(value, dict) and value.keys() == {"model", "options"}:
        kind = Options.registered.find(value["model"])  # first: its import makes known what its options are
        return kind(**{name: from_json(option) for name, option in value["options"].items()})
    if isinstance(value, dict) and len(value) == 1 and value.keys() <= {"date", "datetime"}:
        return from_plain(value)
    if isinstance(value, dict):
        value = upgraded_description(value)
        fields = {name: from_json(item) for name, item in value.items() if name != "kind"}
        kind = Description.kinds.find(value.get("kind"))
        try:
            return kind(**fields)
        except TypeError as error:
            raise OptionError(f"a description of the kind {value['kind']!r} has wrong fields: {error}") from error
    if isinstance(value, list):
        return tuple(from_json(item) for item in value)
    return value
