"""Options in words: in the docstring of their class, written from their declarations, and as a call."""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from penstock.errors import named

__all__ = ["call_of", "document_arguments", "document_options"]

_SECTIONS = ("Attributes", "Methods", "Raises", "Warns", "See Also", "Notes", "References", "Examples")


def document_options(cls: type) -> None:
    r"""Write the options of a class into its docstring, as numpydoc's Parameters.

    Each option has its type, its default, its help and its bounds. A class that has a Parameters section, or no
    docstring, is left as it is. Called while a class is made, before it becomes a dataclass.

    Parameters
    ----------
    cls
        A class whose options are fields made by :func:`penstock.options.option`, or derived from such a class.

    Examples
    --------
    >>> from penstock.options import Options, option
    >>> @dataclasses.dataclass
    ... class Walk(Options):
    ...     '''A walk.'''
    ...     steps: int = option(5, "number of steps", at_least=1)
    >>> Walk.__doc__.split("\n")[-2:]
    ['steps : int, default=5', '    Number of steps. At least 1.']
    """
    doc = inspect.cleandoc(vars(cls).get("__doc__") or "")
    entries = [_entry(*each) for each in _fields(cls)]
    lines = doc.split("\n")
    if not doc or not entries or "Parameters" in lines:
        return
    first = next((place for place, line in enumerate(lines) if line in _SECTIONS), len(lines))
    after = ["", *lines[first:]] if first < len(lines) else []
    section = ["", "Parameters", "----------", *(line for entry in entries for line in entry)]
    cls.__doc__ = "\n".join(["\n".join(lines[:first]).rstrip(), *section, *after])


def document_arguments(cls: type) -> None:
    """Write what a constructor's annotations say of its arguments into the Parameters section of the class.

    An argument that the section describes already is left as it is. So what many constructors share, an annotation
    ``Annotated[bool, option(help="add biases")]``, is described once.

    Parameters
    ----------
    cls
        A class with a docstring that has a Parameters section.
    """
    doc = inspect.cleandoc(vars(cls).get("__doc__") or "")
    before, title, rest = doc.partition("\nParameters\n----------\n")
    if not title:
        return
    try:
        hints = get_type_hints(inspect.getattr_static(cls, "__init__"), include_extras=True)
    except (NameError, AttributeError, TypeError):  # a class of a user, made where its types are not known
        return
    section, end, after = rest.partition("\n\n")
    described = {each.partition("\n")[0]: each for each in re.split(r"\n(?=\S)", section)}
    places = {name: place for place, name in enumerate(hints)}
    for name, hint in hints.items():
        declared = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        for field in (each for each in declared if isinstance(each, dataclasses.Field) and name not in described):
            choices = field.metadata.get("choices")
            text = f"{field.metadata['help']}: {named(choices)}" if choices else field.metadata["help"]
            described[name] = f"{name}\n" + textwrap.indent(textwrap.fill(_sentence(text), 112), "    ")
    entries = sorted(described.items(), key=lambda each: places.get(each[0], -1))
    cls.__doc__ = "".join([before, title, "\n".join(text for _, text in entries), end, after])


def call_of(owner: Any) -> str:
    """Return the call that makes `owner`: what is required by place, what differs from its default by name."""
    fields = sorted((field for field in dataclasses.fields(owner) if field.init), key=lambda field: bool(field.kw_only))
    required = [repr(getattr(owner, f.name)) for f in fields if f.default is dataclasses.MISSING]
    changed = [
        f"{f.name}={getattr(owner, f.name)!r}"
        for f in fields
        if f.default is not dataclasses.MISSING and getattr(owner, f.name) != f.default
    ]
    return f"{type(owner).__name__}({', '.join([*required, *changed])})"


def _fields(cls: type) -> list[tuple[str, str, dataclasses.Field[Any]]]:
    """Return name, type in words and declaration of each option, those that are given by name alone last."""
    found: dict[str, tuple[str, str, dataclasses.Field[Any]]] = {}
    for base in reversed(cls.__mro__[1:]):
        for name, field in getattr(base, "__dataclass_fields__", {}).items():
            found[name] = name, _type_name(field.type), field
    types = inspect.get_annotations(cls)
    for name, field in vars(cls).items():
        if isinstance(field, dataclasses.Field):
            found[name] = name, _type_name(types.get(name, "")), field
    options = [each for each in found.values() if each[2].init and each[2].metadata.get("help")]
    return sorted(options, key=lambda each: each[2].kw_only is True)


def _entry(name: str, kind: str, field: dataclasses.Field[Any]) -> list[str]:
    rules = field.metadata
    if rules.get("choices"):
        choices = f"{{{named(rules['choices'])}}}"
        kind = " | ".join(choices if part == "str" else part for part in kind.split(" | "))
    default = "" if field.default is dataclasses.MISSING else f", default={field.default!r}"
    bounds = " and ".join(
        f"{rule.replace('_', ' ')} {rules[rule]:{',' if isinstance(rules[rule], int) else 'g'}}"
        for rule in ("at_least", "above", "at_most", "below")
        if rules.get(rule) is not None
    )
    sentences = [_sentence(text) for text in (rules["help"], bounds) if text]
    return [f"{name} : {kind}{default}", f"    {' '.join(sentences)}"]


def _sentence(text: str) -> str:
    return f"{text[0].upper() if text[0].isascii() else text[0]}{text[1:]}."


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
