"""Commands that are imported when they are called or asked for their help, so that the program starts at once."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from penstock.cli.messages import running

__all__ = ["LazyCommand", "lazy_group"]


class LazyCommand(TyperCommand):
    """A command of which only the name and the first line of its help are known until it is called.

    Parameters
    ----------
    name
        Name on the command line.
    place
        Where it is defined, as ``"module:attribute"``; the attribute is a function, or a :class:`typer.Typer`.
    help
        The first line of its docstring; a test compares the two.
    """

    def __init__(self, name: str, place: str, help: str) -> None:
        super().__init__(name, help=help)
        self.place = place

    def load(self) -> Any:
        """Import the command itself."""
        module, _, attribute = self.place.partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            return _remembered(typer.main.get_command(found))
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")
        alone.command(self.name)(found)
        return _remembered(typer.main.get_command(alone))

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Import the command and let it parse its arguments; the group runs the command of the context it gets."""
        return self.load().make_context(info_name, args, parent=parent, **extra)


def _remembered(command: Any) -> Any:
    """Let a command, or those of a group, be known as the one that runs, whose options messages are told in."""
    for each in getattr(command, "commands", {}).values():
        _remembered(each)
    invoke = command.invoke

    def run(context: Any) -> Any:
        running(command)
        return invoke(context)

    command.invoke = run
    return command


def lazy_group(module: str, commands: dict[str, str]) -> type[TyperGroup]:
    """Make the class of a group of commands that lie in modules below `module`.

    Parameters
    ----------
    module
        The package that holds a module for each command, whose function has the same name.
    commands
        The first line of help of each command, by its name, in the order in which they are listed.
    """

    class LazyGroup(TyperGroup):
        """A group whose commands are imported when they are used."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            for name, line in commands.items():
                self.add_command(LazyCommand(name, f"{module}.{name}:{name}", line))

    return LazyGroup
