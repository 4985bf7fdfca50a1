"""A server process, and a client that speaks HTTP to it."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps

NEEDED = ("uvicorn", "httptools", "msgspec", "prometheus_client")
TOKEN = "0123456789abcdef-token"
ROWS = pd.DataFrame({"ds": np.arange(120), "y": 20 + np.cumsum(np.random.default_rng(3).normal(size=120)).round(3)})


class Server:
    """`penstock serve` in a process of its own."""

    def __init__(self, folder: Path, *words: object) -> None:
        self.log = folder / f"log{time.monotonic_ns()}"
        (folder / "token").write_text(TOKEN)
        command = [sys.executable, "-m", "penstock", "serve", *map(str, words), "--port", "0", "--token-file", "token"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, stderr=log, stdout=log, env=dict(os.environ))
        self.port = int(self.wait_for("listening")["port"])
        self.wait_for("ready")

    def wait_for(self, event: str, seconds: float = 300) -> dict[str, Any]:
        """Wait for an event in the log."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in self.log.read_text().splitlines():
                if line.startswith("{") and line.endswith("}") and json.loads(line)["event"] == event:
                    return json.loads(line)
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.02)
        raise AssertionError(f"no {event!r} in {self.log.read_text()}")

    def ask(
        self, method: str, path: str, content: Any = None, *, kind: str = "application/json", token: str = TOKEN
    ) -> tuple[int, Any]:
        """Send a request; give the status and the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        body = content if content is None or isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"Authorization": f"Bearer {token}"} | ({"Content-Type": kind} if body is not None else {})
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if answer.headers.get_content_type() == "application/json" else text

    def begin(self, **options: Any) -> str:
        """Begin a session, and give its name."""
        status, about = self.ask("POST", "/v1/sessions", {"model": "net", **options})
        assert status == 201, about
        return str(about["session"])

    def end(self) -> int:
        """Ask the process to end, and give its status."""
        self.process.terminate()
        return self.process.wait(timeout=300)


@pytest.fixture(scope="session", autouse=True)
def libraries() -> None:
    """Skip where the libraries of the extra are not installed."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"without {', '.join(missing)}: pip install 'penstock[serve]' brings the HTTP server")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network of one series, and a baseline."""
    found = tmp_path_factory.mktemp("serving")
    ps.Forecaster(ps.Network([ps.LSTM(4)]), window=8, epochs=1, batch=32, seed=1, horizon=2).fit(ROWS[:100]).save(
        found / "net.penstock"
    )
    ps.AR(3, horizon=2).fit(ROWS[:100]).save(found / "ar.penstock")
    return found


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """A server of both, with small limits; within the seconds, a busy machine must compile and forecast."""
    found = Server(
        folder, "net.penstock", "ar.penstock", "--timeout", 6, "--max-body", 20000, "--max-rows", 50,
        "--max-sessions", 8,
    )  # fmt: skip
    yield found
    found.process.kill()
    found.process.wait()
