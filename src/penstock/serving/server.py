"""A server process: its socket, signals, and the HTTP server."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from penstock.errors import DataError, OptionError
from penstock.extras import library
from penstock.serving.access import Access
from penstock.serving.guard import Guard
from penstock.serving.limits import Limits
from penstock.serving.logs import event, set_up_logs
from penstock.serving.models import Models
from penstock.serving.notes import warnings_collected
from penstock.serving.routes import Routes
from penstock.serving.service import Service
from penstock.serving.state import State

__all__ = ["listen", "serve"]

_SWITCH = 5e-4  # seconds after which a thread gives way to another: a tenth of Python's, or a step waits for a forecast


def serve(
    paths: list[Path],
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    token: str | None = None,
    limits: Limits | None = None,
    state: Path | None = None,
    sync: bool = True,
    reload: bool = True,
    log_requests: bool = True,
) -> None:
    """Serve models until a signal ends the process: SIGTERM and SIGINT let requests that are under way be answered.

    Parameters
    ----------
    paths
        Model files.
    host, port
        Address to listen at; the port 0 is any that is free, which the log tells.
    token
        The bearer token; None: none is asked for, which the loopback alone allows.
    limits
        What the server takes on.
    state
        Folder in which sessions outlive the process; None: they end with it.
    sync
        Whether a step waits for the disk before it is answered; otherwise the disk has it a second later.
    reload
        Whether a model file that changes is read again.
    log_requests
        Whether each request is a line in the log.

    Raises
    ------
    OptionError
        For an address that cannot be listened at, or one beyond the loopback without a token.
    ModelFileError
        Where a file cannot be read.
    DataError
        Where the sessions in `state` cannot be taken up.
    """
    limits = limits or Limits()
    uvicorn = library("uvicorn", "serve", "penstock serve")
    access = Access(token, host)
    folder = None if state is None else State(state, sync=sync)
    service = Service(Models(paths), limits, reload=reload, state=folder)
    app = Guard(Routes(service), access, service.metrics, log_requests=log_requests)
    listening = listen(host, port)
    set_up_logs()
    config = uvicorn.Config(
        app, http=_protocol(limits.timeout), ws="none", lifespan="on", log_config=None, access_log=False,
        server_header=False, date_header=True, proxy_headers=False, limit_concurrency=limits.connections,
        timeout_keep_alive=int(max(limits.timeout, 1)), timeout_graceful_shutdown=int(max(limits.timeout, 1)),
    )  # fmt: skip
    sys.setswitchinterval(_SWITCH)
    with warnings_collected(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_run(uvicorn.Server(config), listening))
    if service.broken:
        raise DataError(f"--state {str(state)!r}: {service.broken}")


async def _run(server: Any, listening: socket.socket) -> None:
    """Serve, and end with status 0 on a signal: uvicorn itself would raise it again."""
    server.capture_signals = contextlib.nullcontext
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    host, port, *_ = listening.getsockname()
    event("listening", host=host, port=port)
    await server.serve(sockets=[listening])


def _loop_factory() -> Any:
    """Return what makes the event loop: uvloop's, which takes half the time for a small request, where it is there."""
    found = importlib.util.find_spec("uvloop")
    return None if found is None else importlib.import_module("uvloop").new_event_loop


def listen(host: str, port: int) -> socket.socket:
    """Open a socket that listens.

    Parameters
    ----------
    host, port
        The address.

    Raises
    ------
    OptionError
        Where it cannot be listened at.
    """
    listening = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(*found[:3])  # with its protocol: asyncio sends small answers at once on TCP alone
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(found[4])
        listening.listen(1024)
    except OSError as error:
        if listening is not None:
            listening.close()
        raise OptionError(
            f"--host {host} --port {port} cannot be listened at: {error.strerror}; choose another port, or 0 for any "
            "that is free."
        ) from None
    return listening


def _protocol(seconds: float) -> Any:
    """Make uvicorn's protocol close a connection on which the headers of a request do not come in time.

    What comes after an answer and begins no request, such as blank lines or the body of one that was refused, ends
    uvicorn's own wait for a request, and has the same time. A body that is read has its own, which
    :func:`penstock.serving.bodies.read_body` keeps.
    """
    base: Any = library("uvicorn.protocols.http.httptools_impl", "serve", "penstock serve").HttpToolsProtocol

    def connection_made(self: Any, transport: Any) -> None:
        base.connection_made(self, transport)
        self.headers_due = self.loop.call_later(seconds, transport.close)

    def on_message_begin(self: Any) -> None:
        base.on_message_begin(self)
        if self.headers_due is None:
            self.headers_due = self.loop.call_later(seconds, self.transport.close)

    def data_received(self: Any, data: bytes) -> None:
        base.data_received(self, data)
        answered = self.cycle is None or self.cycle.response_complete
        if answered and self.headers_due is None and not self.transport.is_closing():
            self.headers_due = self.loop.call_later(seconds, self.transport.close)

    def on_headers_complete(self: Any) -> None:
        cancel(self)
        base.on_headers_complete(self)

    def connection_lost(self: Any, error: Exception | None) -> None:
        cancel(self)
        base.connection_lost(self, error)

    def cancel(self: Any) -> None:
        if self.headers_due is not None:
            self.headers_due.cancel()
            self.headers_due = None

    methods = (connection_made, data_received, on_message_begin, on_headers_complete, connection_lost)
    return type("PenstockProtocol", (base,), {each.__name__: each for each in methods})
