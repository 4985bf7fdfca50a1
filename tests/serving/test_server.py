"""A real server: forecasts and sessions equal `predict`; what is refused is refused in words, and never logged."""

from __future__ import annotations

import json
import random
import socket
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import penstock as ps
from penstock.serving.routes import Routes
from penstock.serving.sessions import OPTIONS
from penstock.serving.steps import STEP

from .conftest import ROWS, TOKEN, Server

LATER = ROWS[100:104]
RECORDS = [{"ds": int(t), "y": float(y)} for t, y in zip(LATER["ds"], LATER["y"], strict=True)]


def test_forecasts_are_those_of_predict_from_json_and_csv(server: Server, folder: Path) -> None:
    expected = ps.load(folder / "ar.penstock").predict(ROWS[:104], level=[80])
    rows = [
        {"ds": int(row["ds"]), **{name: row[name] for name in expected.columns[1:]}} for _, row in expected.iterrows()
    ]
    asked = {"rows": [{"ds": 99, "y": float(ROWS["y"][99])}, *RECORDS], "level": 80}
    status, answer = server.ask("POST", "/v1/models/ar/forecast", asked)
    assert (status, answer["rows"], answer["notes"]) == (200, {"new": 4, "seen": 1}, [])
    assert answer["forecasts"] == rows
    table = LATER.to_csv(index=False).encode()
    assert server.ask("POST", "/v1/models/ar/forecast?level=80", table, kind="text/csv")[1]["forecasts"] == rows
    status, answer = server.ask("POST", "/v1/models/ar/forecast")
    assert [row["ds"] for row in answer["forecasts"]] == [100, 101]
    revised = server.ask("POST", "/v1/models/ar/forecast", {"rows": [{"ds": 99, "y": 1.0}, *RECORDS]})[1]
    assert revised["notes"][0].startswith("1 rows that the model knows have other values in the file")


def test_a_session_gives_what_predict_gives_of_the_same_rows(server: Server, folder: Path) -> None:
    model, session = ps.load(folder / "net.penstock"), server.begin(level=[80], late="drop")
    address = f"/v1/sessions/{session}/step"
    for number, row in enumerate(RECORDS, start=1):
        asked = {"t": row["ds"], "y": row["y"], "step": number, "times": True}
        status, answer = server.ask("POST", address, asked)
        expected = model.predict(ROWS[: 100 + number])
        assert (status, answer["step"], answer["times"]) == (200, number, expected["ds"].tolist())
        np.testing.assert_allclose(answer["yhat"], expected["yhat"], rtol=1e-6)
        assert answer["intervals"]["80"]["lo"][0] < answer["yhat"][0] < answer["intervals"]["80"]["hi"][0]
        assert server.ask("POST", address, asked) == (200, answer)  # asked again: the step is not taken twice
    status, answer = server.ask("POST", address, {"t": 104, "y": 1.0, "step": 9})
    assert (status, answer["error"]) == (409, "step 9 cannot be taken: the next of this session is 5.")
    dropped = server.ask("POST", address, {"t": 50, "y": 3.0})[1]
    assert dropped == {"session": session, "step": 5, "yhat": None}
    assert server.ask("GET", f"/v1/sessions/{session}")[1]["counts"] == {"dropped": 1, "amended": 0, "carried": 0}
    assert server.ask("DELETE", f"/v1/sessions/{session}")[0] == 204
    assert server.ask("GET", f"/v1/sessions/{session}")[0] == 404


def test_steps_of_many_sessions_do_not_hold_up_each_other(server: Server) -> None:
    one, other = server.begin(), server.begin()
    steps = [{"session": name, "t": row["ds"], "y": row["y"]} for row in RECORDS[:2] for name in (one, "none", other)]
    steps.insert(3, {"session": one, "t": 100, "y": 1.0})
    status, answer = server.ask("POST", "/v1/steps", {"steps": steps})
    answers = answer["answers"]
    assert (status, [each.get("step") for each in answers]) == (200, [1, None, 1, None, 2, None, 2])
    assert answers[0]["yhat"] == answers[2]["yhat"]
    assert (answers[1]["status"], answers[3]["error"]) == (
        404, "the row at 100 is known already; allowed: duplicate='drop' or 'replace'.",
    )  # fmt: skip
    for name in (one, other):
        server.ask("DELETE", f"/v1/sessions/{name}")


REFUSED: dict[str, tuple[str, str, Any, int, str]] = {
    "NaN": ("POST", "/v1/steps", b'{"steps": NaN}', 400, "NaN is no JSON. Write a missing value as null."),
    "half a character": (
        "POST",
        "/v1/steps",
        b'{"steps": [{"session": "\\ud800", "t": 1, "y": 1}]}',
        400,
        "half of a surrogate pair",
    ),
    "no JSON": ("POST", "/v1/sessions", b"{model: net-4711}", 400, "the body is no JSON that can be read"),
    "a name": ("POST", "/v1/sessions", {"model": "net", "levle": 4711}, 422, "did you mean 'level'?"),
    "a time": ("POST", "/v1/sessions/x/step", {"time": 4711, "y": 1.0}, 422, "did you mean 't'? Allowed: 't', 'y',"),
    "a row's time": ("POST", "/v1/steps", {"steps": [{"ds": 4711}]}, 422, "the name 'ds'; did you mean 't'? Allowed"),
    "a level": ("POST", "/v1/sessions", {"model": "net", "level": 4711}, 422, "4711"),
    "no sessions": ("POST", "/v1/sessions", {"model": "ar"}, 422, "ask /v1/models/ar/forecast"),
    "no model": ("POST", "/v1/sessions", {"model": "net-4711"}, 404, "did you mean 'net'?"),
    "which model": ("POST", "/v1/sessions", {}, 422, "several models are served; name one; allowed: 'net', 'ar'."),
    "text": ("POST", "/v1/models/ar/forecast", {"rows": [{"ds": 100, "y": "4711"}]}, 422, "rows[0]['y'] is text"),
    "gap": (
        "POST",
        "/v1/models/ar/forecast",
        {"rows": [{"ds": 4711, "y": 1.0}]},
        422,
        "skips 4611 steps of its own rhythm",
    ),
    "rows": ("POST", "/v1/models/ar/forecast", {"rows": [{}] * 51}, 413, "the request has 51 rows; allowed: 50."),
    "bytes": ("POST", "/v1/models/ar/forecast", b" " * 20001, 413, "the body holds more than 20,000 bytes"),
    "an address": ("GET", "/v2/4711", None, 404, "there is no such address"),
    "a method": ("PUT", "/v1/sessions/4711", None, 405, "the method is not allowed here; allowed: DELETE, GET, HEAD."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_refused_in_words(server: Server, case: str) -> None:
    method, path, content, expected, words = REFUSED[case]
    status, answer = server.ask(method, path, content)
    assert (status, answer["status"]) == (expected, expected)
    assert words in answer["error"]


def test_nobody_gets_in_without_the_token(server: Server) -> None:
    for token in ("", TOKEN[:-1], TOKEN + "x"):
        status, answer = server.ask("GET", "/v1/models", token=token)
        assert (status, answer["error"][:33]) == (401, "the token is missing or wrong; se")
    assert server.ask("GET", "/readyz", token="") == (200, {"status": "ready"})
    assert server.ask("GET", "/metrics", token="")[0] == 401


def test_every_address_is_described(server: Server) -> None:
    status, found = server.ask("GET", "/openapi.json", token="")
    described = {(method.upper(), path) for path, methods in found["paths"].items() for method in methods}
    routes = Routes.table(Routes.__new__(Routes))
    assert (status, described) == (200, {(method, path) for method, path, _ in routes})
    step = found["paths"]["/v1/sessions/{id}/step"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    begin = found["paths"]["/v1/sessions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (tuple(step["properties"]), tuple(begin["properties"])) == (STEP, ("model", *OPTIONS))
    status, text = server.ask("GET", "/docs", token="")
    assert (status, text.count(b"<h2>"), b"src=" in text) == (200, len(described), False)


def test_figures_are_those_of_prometheus(server: Server) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    session = server.begin()
    for row in RECORDS:
        assert server.ask("POST", "/v1/models/ar/forecast")[0] == 200
        assert server.ask("POST", f"/v1/sessions/{session}/step", {"t": row["ds"], "y": row["y"]})[0] == 200
    assert server.ask("DELETE", f"/v1/sessions/{session}")[0] == 204
    text = server.ask("GET", "/metrics")[1].decode()
    figures = {(each.name, *each.labels.values()): each.value for family in text_string_to_metric_families(text)
               for each in family.samples}  # fmt: skip
    assert figures["penstock_requests_total", "forecast", "200"] >= 4
    assert figures["penstock_steps_total", "net"] >= 4
    assert figures["penstock_forecasts_total", "ar"] >= 4


def test_sessions_are_limited(server: Server) -> None:
    names = [server.begin() for _ in range(8)]
    status, answer = server.ask("POST", "/v1/sessions", {"model": "net"})
    assert (status, answer["error"]) == (429, "there are 8 sessions already; delete one, or try again later.")
    for name in names:
        server.ask("DELETE", f"/v1/sessions/{name}")


def status(client: socket.socket) -> int:
    """Read an answer whole, whose body may come behind its headers, and return its status."""
    with HTTPResponse(client) as answer:
        answer.begin()
        answer.read()
        return answer.status


def test_a_slow_client_is_sent_away_and_a_body_without_length_is_bounded(server: Server) -> None:
    head = f"POST /v1/steps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=300) as body,
        socket.create_connection(("127.0.0.1", server.port), timeout=300) as headers,
        socket.create_connection(("127.0.0.1", server.port), timeout=300) as endless,
        socket.create_connection(("127.0.0.1", server.port), timeout=300) as second,
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as refused,
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as blank,
    ):
        refused.sendall(b"POST /v1/steps HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        assert status(refused) == 401
        refused.sendall(b"{")  # the body of a request that was answered, and no more of it
        blank.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert status(blank) == 200
        blank.sendall(b"\r\n")
        second.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert status(second) == 200
        second.sendall(b"GET /healthz HTT")  # headers that do not come, behind a request that did
        body.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        headers.sendall(b"POST /v1/steps HTT")
        chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"  # at once: the server may hang up after the first
        endless.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + 2 * chunk)
        assert b"413 " in endless.recv(4096).splitlines()[0]
        assert b"408 " in body.recv(4096).splitlines()[0]
        assert headers.recv(4096) == b""  # closed
        assert second.recv(4096) == b""
        assert refused.recv(4096) == blank.recv(4096) == b""


def test_no_malformed_step_is_an_error_of_the_server(server: Server) -> None:
    rng, session = random.Random(5), server.begin(missing="ffill", late="amend", duplicate="replace")
    odd = [None, True, 0, -1, 2**63, 1e308, "", "x" * 200, "2021-13-45", [], [[]], {}, {"t": 1}, {"y": None}, 0.5]
    names = ["t", "y", "series", "covariates", "future", "step", "times", "self", "id"]
    seen = set()
    for _ in range(150):
        row = {"t": 100, "y": 1.0} | {name: rng.choice(odd) for name in rng.sample(names, rng.randint(1, 3))}
        text = json.dumps(row).encode()
        status, _ = server.ask("POST", f"/v1/sessions/{session}/step", text[: rng.choice((len(text), len(text) - 1))])
        seen.add(status)
    assert seen <= {200, 400, 409, 422}
    assert {400, 422} <= seen
    server.ask("DELETE", f"/v1/sessions/{session}")


def test_a_name_for_the_series_without_one_is_told_in_the_answer(server: Server) -> None:
    session = server.begin()
    step = f"/v1/sessions/{session}/step"
    status, answer = server.ask("POST", step, b'{"t": 100, "y": 1.0, "series": "XYZ", "step": 1}')
    assert status == 200
    assert answer["notes"] == ["the fit had one series without a name; the rows of 'XYZ' are taken for it."]
    assert server.ask("POST", step, b'{"t": 100, "y": 1.0, "series": "XYZ", "step": 1}')[1] == answer
    status, answer = server.ask("POST", step, b'{"t": 101, "y": 1.0, "series": "XYZ"}')
    assert (status, "notes" in answer) == (200, False)
    server.ask("DELETE", f"/v1/sessions/{session}")


def test_it_ends_when_it_is_told_to_and_its_log_holds_nothing_that_was_sent(server: Server) -> None:
    """The last test of this module: it ends the server."""
    assert server.ask("POST", "/v1/models/ar/forecast", b'{"rows": 4711.4711}')[0] == 422
    assert server.end() == 0
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {line["event"] for line in lines} == {"listening", "ready", "request", "ended"}
    refused = [line for line in lines if line.get("status") == 422]
    assert refused[-1] == {**refused[-1], "route": "forecast", "method": "POST", "level": "info"}
    text = server.log.read_text()
    assert "4711" not in text
    assert TOKEN not in text
