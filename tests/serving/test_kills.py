"""A server that is killed again and again under load: no answered step is lost, and all answers are the same bits.

``PENSTOCK_KILLS`` says how often it is killed, in all.
"""

from __future__ import annotations

import http.client
import json
import math
import os
import random
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import penstock as ps

from .conftest import ROWS, TOKEN, Server

KILLS = int(os.environ.get("PENSTOCK_KILLS", "8"))
SESSIONS = 12  # of each client, which sends single steps to the first and all others together


def row(step: int) -> dict[str, Any]:
    return {"t": 99 + step, "y": 20 + math.sin(step), "step": step}


class Client(threading.Thread):
    """Sends steps as fast as they are answered, and keeps the answers by session and number."""

    def __init__(self, model: str) -> None:
        super().__init__(daemon=True)
        self.model, self.port, self.stop, self.error = model, 0, False, ""
        self.names: list[str] = []
        self.answers: dict[str, dict[int, Any]] = {}
        self.up = threading.Event()

    def begin(self, server: Server) -> None:
        self.names = [server.begin(model=self.model, level=[80]) for _ in range(SESSIONS)]
        self.answers = {name: {} for name in self.names}

    def ask(self, connection: http.client.HTTPConnection, path: str, content: Any) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(content), headers)
        answer = connection.getresponse()
        text = json.loads(answer.read())
        if answer.status == 503:
            raise ConnectionError(text["error"])
        if answer.status != 200:
            raise AssertionError(f"{answer.status}: {text}")
        return text

    def note(self, answer: Any) -> None:
        if "error" in answer:
            raise AssertionError(str(answer))
        known = self.answers[answer["session"]]
        if known.setdefault(answer["step"], answer) != answer:
            raise AssertionError(f"step {answer['step']} was answered twice in two ways")

    def run(self) -> None:
        while not self.stop:
            self.up.wait()
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                while not self.stop:
                    first, *others = self.names
                    step = row(len(self.answers[first]) + 1)
                    self.note(self.ask(connection, f"/v1/sessions/{first}/step", step))
                    steps = [{"session": name, **row(len(self.answers[name]) + 1)} for name in others]
                    for answer in self.ask(connection, "/v1/steps", {"steps": steps})["answers"]:
                        self.note(answer)
            except (OSError, http.client.HTTPException):  # the server was killed
                time.sleep(0.01)
            except AssertionError as error:
                self.error = str(error)
                return
            finally:
                connection.close()


@pytest.mark.slow  # one process for each kill
@pytest.mark.parametrize("sync", ["--sync", "--no-sync"])
def test_no_answered_step_is_lost_in_many_kills_under_load(folder: Path, tmp_path: Path, sync: str) -> None:
    shutil.copy(folder / "net.penstock", tmp_path)
    carried = ps.Forecaster(ps.Network([ps.LSTM(4)]), window=8, epochs=1, batch=32, seed=1, horizon=2, stateful=True)
    carried.fit(ROWS[:100]).save(tmp_path / "carried.penstock")
    words = ("net.penstock", "carried.penstock", "--state", "kept", sync, "--no-log-requests")
    rng, clients = random.Random(0), [Client(model) for model in ("net", "carried") * 2]
    for kill in range(KILLS // 2 + 1):
        server = Server(tmp_path, *words)
        for client in clients:
            assert not client.error
            client.port = server.port
            if not kill:
                client.begin(server)
                client.start()
            for name in client.names:
                kept = server.ask("GET", f"/v1/sessions/{name}")[1]["step"]
                answered = len(client.answers[name])
                assert answered <= kept <= answered + 1, (name, answered, kept)  # one may have been under way
            client.up.set()
        time.sleep(rng.uniform(0.02, 1.0))
        for client in clients:
            client.up.clear()
            client.stop = kill == KILLS // 2
        server.process.kill()
        server.process.wait()
    for client in clients:
        client.up.set()
        client.join(60)
        assert not client.error
        stream = ps.load(tmp_path / f"{client.model}.penstock").stream(level=80)
        most = max(map(len, client.answers.values()))
        assert most > KILLS
        expected = [stream.push(99 + step, row(step)["y"]).values for step in range(1, most + 1)]
        for name in client.names:
            for step, answer in client.answers[name].items():
                found = [answer["yhat"], answer["intervals"]["80"]["lo"], answer["intervals"]["80"]["hi"]]
                np.testing.assert_array_equal(np.array(found, dtype=float), expected[step - 1])
