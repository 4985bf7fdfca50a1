"""`penstock serve`: fitted models over HTTP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.config import Config

__all__ = ["serve"]


def serve(
    models: Annotated[
        list[Path], typer.Argument(help="Model files that `penstock fit` wrote; each is served under its name.")
    ],
    host: Annotated[str, typer.Option(help="Address to listen at; beyond this machine only with a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any that is free, which the log tells.")] = 8080,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with the bearer token; left out: the variable PENSTOCK_TOKEN."),
    ] = None,
    max_body: Annotated[int, typer.Option(help="Bytes of a request's body at most.")] = 1_000_000,
    max_rows: Annotated[int, typer.Option(help="Rows or steps of a request at most.")] = 100_000,
    max_sessions: Annotated[int, typer.Option(help="Sessions at once.")] = 1_000,
    timeout: Annotated[float, typer.Option(help="Seconds to receive a request, and to compute its answer.")] = 30.0,
    idle: Annotated[
        float, typer.Option(help="Seconds without a step after which a session is deleted; 0: never.")
    ] = 86_400.0,
    state: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder in which sessions outlive the process.")
    ] = None,
    sync: Annotated[
        bool,
        typer.Option(help="Wait for the disk before a step is answered; --no-sync: the disk has it a second later."),
    ] = True,
    reload: Annotated[bool, typer.Option(help="Read a model file again when it changes.")] = True,
    log_requests: Annotated[bool, typer.Option(help="Write one line of the log for each request.")] = True,
    config: Config = None,
) -> None:
    """Serve fitted models over HTTP: forecasts of rows, and sessions that take one row at a time.

    For example: `penstock serve close.penstock --port 8080 --token-file token`
    """
    from penstock.serving.access import read_token
    from penstock.serving.limits import Limits
    from penstock.serving.server import serve as run

    limits = Limits(body=max_body, rows=max_rows, sessions=max_sessions, timeout=timeout, idle=idle)
    token = read_token(token_file, os.environ)
    run(
        models, host=host, port=port, token=token, limits=limits, state=state, sync=sync,
        reload=reload, log_requests=log_requests,
    )  # fmt: skip
