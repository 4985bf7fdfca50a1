"""The options by which a command keeps what it trains, and goes on with it."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.config import command_name
from penstock.cli.interrupts import raise_interrupt

if TYPE_CHECKING:
    from penstock.studies.study import Request

__all__ = ["CheckpointOptions"]


@dataclass(frozen=True)
class CheckpointOptions:
    """Where networks are kept at ends of epochs, and whether to go on with them."""

    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder that keeps networks in training, should the run end before its time."),
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run that --checkpoint holds; the result is the same.")
    ] = False
    checkpoint_minutes: Annotated[
        float,
        typer.Option(min=0, help="Minutes between checkpoints at most; always where one takes little of the time."),
    ] = 1.0

    @contextmanager
    def of_study(self, name: str, asked: Request) -> Iterator[None]:
        """Keep what a study trains in this block, in a folder of its own."""
        from penstock.checkpoints import text_of

        words = {field: text_of(value) for field, value in vars(asked).items() if field != "progress"}
        folder = self.checkpoint and self.checkpoint / asked.stem(name)
        with self.interrupts_wait(), self.checkpoints({"study": name, **words}, folder):
            yield

    @contextmanager
    def of_command(self, context: typer.Context, *without: str) -> Iterator[None]:
        """Keep what a command trains in this block; `without` names its options that change no result."""
        from penstock.checkpoints import text_of

        left = {*vars(self), "config", "write_configuration", "db", *without}
        words = {name: text_of(value) for name, value in context.params.items() if name not in left}
        words = {"command": command_name(context), **words}
        with self.interrupts_wait(), self.checkpoints(words):
            yield

    def checkpoints(self, what: Mapping[str, str], folder: Path | None = None) -> AbstractContextManager[None]:
        """Keep what is trained in a block, in a folder or that of the option; `what` says what the run is."""
        from penstock.checkpoints import checkpoints

        return checkpoints(folder or self.checkpoint, resume=self.resume, minutes=self.checkpoint_minutes, what=what)

    @contextmanager
    def interrupts_wait(self, *, also: bool = False) -> Iterator[None]:
        """Context in which Ctrl-C ends a training after its epoch, where checkpoints are written; elsewhere at once."""
        if not (also or self.checkpoint) or signal.getsignal(signal.SIGINT) is not raise_interrupt:
            yield
            return
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, raise_interrupt)
