"""Messages in the words of the command line: ``--missing ffill`` where Python says ``missing='ffill'``."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable
from typing import Any

__all__ = ["given_options", "in_options", "note_unused", "running"]

_CALL = re.compile(r"[\w.]*\w\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")  # code: three levels of brackets
_ARGUMENT = re.compile(r"(?<![\w.'\"-])(\w+)=('[^']*'|\[[^\]]*\]|[\w.%+-]*[\w%])?(?!=)")
_TWICE = re.compile(r"(--[\w-]+) \(\1\)")  # "resume=True (--resume)", once it is told in options
_OTHERWISE = {"rule": "trade", "cost_bps": "cost"}  # arguments of Python whose options have another name
_COMMANDS: list[Any] = []


def running(command: Any) -> None:
    """Remember the command that runs: messages are told in its options."""
    _COMMANDS[:] = [command]


def in_options(message: str) -> str:
    """Write the arguments of Python in a message as the options of the command that runs; lines of code stay.

    Examples
    --------
    >>> running(None)
    >>> in_options("horizon=0 is out of range")
    'horizon=0 is out of range'
    """
    options = {}
    for each in getattr(_COMMANDS[-1] if _COMMANDS else None, "params", ()):
        long = [name for name in each.opts if name.startswith("--")]
        if long:
            options[str(each.name)] = (long[0], each.is_flag, each.secondary_opts)
    if not options:
        return message
    parts, end = [], 0
    for call in _CALL.finditer(message):
        parts += [_ARGUMENT.sub(lambda found: _option(found, options), message[end : call.start()]), call.group()]
        end = call.end()
    told = "".join([*parts, _ARGUMENT.sub(lambda found: _option(found, options), message[end:])])
    return _TWICE.sub(r"\1", told)


def _option(found: re.Match[str], options: dict[str, Any]) -> str:
    name, value = found.group(1), found.group(2) or ""
    if name in _OTHERWISE and name not in options and value:
        name = _OTHERWISE[name]
    if name not in options or value == "None":
        return found.group()
    option, flag, negated = options[name]
    if flag and value in ("True", "False"):
        return option if value == "True" else (negated[0] if negated else f"no {option}")
    if value.startswith("["):
        return f"{option} {','.join(part.strip().strip(chr(39)) for part in value[1:-1].split(','))}".rstrip()
    plain = value[1:-1] if re.fullmatch(r"'[\w.,:/+-]+'", value) else value
    return f"{option} {plain}".rstrip()


def given_options(context: Any, names: Collection[str]) -> list[str]:
    """Name the options of a command, among these, that stand on its command line."""
    found = []
    for each in context.command.params:
        source = context.get_parameter_source(each.name)
        if each.name in names and source is not None and source.name == "COMMANDLINE":
            found.append(next(name for name in each.opts if name.startswith("--")))
    return found


def note_unused(context: Any, names: Iterable[str], why: str) -> None:
    """Say that options which were given have no effect.

    Parameters
    ----------
    context
        The command's context.
    names
        Options, by their names in Python, that have none.
    why
        The reason, which follows "no effect: ".
    """
    if given := given_options(context, set(names)):
        have = "has" if len(given) == 1 else "have"
        print(f"note: {', '.join(given)} {have} no effect: {why}.", file=sys.stderr)  # noqa: T201
