"""Options of a command from a TOML file, and a command's options as one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["Config", "WriteConfig", "command_name", "write_config"]


def _read(context: typer.Context, path: Path | None) -> Path | None:
    """Take the options of a file for those that are not given; refuse a name that the command does not have."""
    import tomllib

    from penstock.errors import OptionError, nearest

    if path is None:
        return None
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"--config {str(path)!r} cannot be read as TOML: {error}.") from None
    known = [str(each.name) for each in context.command.params if each.name not in _OWN]
    values = {name.replace("-", "_"): value for name, value in found.items()}
    for name, value in values.items():
        if name not in known:
            raise OptionError(f"--config {str(path)!r} names an option {name!r}; {nearest(name, known)}")
        if isinstance(value, dict) and name == "space":
            values[name] = [f"{option}={_in_text(each, path)}" for option, each in value.items()]
        elif isinstance(value, dict):
            raise OptionError(f"--config {str(path)!r}: {name!r} is a table; give one value.")
    context.default_map = {**(context.default_map or {}), **values}
    return path


def _in_text(value: Any, path: Path) -> str:
    """Write the values of an option of a search as the command line takes them."""
    from penstock.errors import OptionError

    if isinstance(value, dict) and {"low", "high"} <= value.keys() <= {"low", "high", "log"}:
        return f"{value['low']}..{value['high']}" + (":log" if value.get("log") else "")
    if isinstance(value, list) and value:
        return ",".join(str(each) for each in value)
    raise OptionError(
        f"--config {str(path)!r}: space holds {value!r}; allowed: a list of values, or {{low = 1e-4, high = 0.1, "
        "log = true}."
    )


_OWN = ("config", "write_configuration", "help")
_KEEPING = ("checkpoint", "resume", "checkpoint_minutes")

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        callback=_read,
        is_eager=True,
        help="TOML file of these options; those given count.",
    ),
]
WriteConfig = Annotated[
    Path | None,
    typer.Option("--write-config", metavar="FILE", help="Write all options as TOML, by which the run can be repeated."),
]


def command_name(context: typer.Context) -> str:
    """Return the name of a command, however the program was started: ``penstock text fit``."""
    names, each = [], context
    while each.parent is not None:
        names.append(str(each.info_name))
        each = each.parent  # type: ignore[assignment]  # click's own kind
    return " ".join(["penstock", *reversed(names)])


def write_config(path: Path | None, context: typer.Context) -> None:
    """Write the options that a command ran with.

    Parameters
    ----------
    path
        TOML file; None: nothing is written.
    context
        The command's context.
    """
    from penstock.data.database_urls import without_password
    from penstock.files import write_whole

    if path is None:
        return
    lines = [f"# {command_name(context)}"]
    for name, value in context.params.items():
        if name in (*_OWN, *_KEEPING) or value is None:  # they change no result
            continue
        plain = str(value) if isinstance(value, Path) else value
        if name == "db" and value and (shown := without_password(value)) != value:
            lines.append(f"# db was {shown}: the password is not kept")
            continue
        lines.append(f"{name} = {json.dumps(list(plain) if isinstance(plain, tuple) else plain, ensure_ascii=False)}")
    write_whole(path, "\n".join(lines) + "\n")
