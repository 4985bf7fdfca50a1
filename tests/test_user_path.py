"""The path of a user, from an empty folder: every step a process of its own, by the commands of README and docs."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SERVES = all(find_spec(name) for name in ("uvicorn", "httptools", "prometheus_client"))
STREAM = """
import sys
import pandas as pd, penstock as ps
stream = ps.load("close.penstock").stream(level=80)
for row in pd.read_csv("week.csv", parse_dates=["Date"]).itertuples():
    after = stream.push(row.Date, row.Close)
stream.save("close.stream")
again = ps.load_stream("close.stream")
print(*after.yhat.tolist(), after.times[0].astype("datetime64[D]"), again.ids == stream.ids)
"""


def penstock(*arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "penstock", *arguments], cwd=folder, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.slow
def test_from_the_first_table_to_a_server_and_a_page(tmp_path: Path) -> None:
    days = pd.bdate_range("2021-01-04", periods=520)
    close = 100 + 5 * np.sin(np.arange(520) / 9) + np.random.default_rng(0).normal(size=520).cumsum() / 4
    table = pd.DataFrame({"Date": days.strftime("%Y-%m-%d"), "Close": close.round(2)})
    for name, rows in (("prices", slice(0, 500)), ("today", slice(500, 501)), ("week", slice(501, 506))):
        table[rows].to_csv(tmp_path / f"{name}.csv", index=False)
    table[506:].to_csv(tmp_path / "later.csv", index=False)

    told = penstock(
        "compare", "prices.csv", "--time", "Date", "--target", "Close", "--window", "21", "--horizon", "1", "--test",
        "60", "--models", "lstm:8,naive,ar", "--epochs", "20", "--report", "prices.html", "--json", "r.json",
        folder=tmp_path,
    )  # fmt: skip
    assert "LSTM(8)" in told
    assert "AR(5)" in told
    assert "<svg" in (tmp_path / "prices.html").read_text()
    assert json.loads((tmp_path / "r.json").read_text())

    fit = ("fit", "prices.csv", "--target", "Close", "--model", "lstm:8", "--window", "21", "--epochs", "20")
    assert "500 rows" in penstock(*fit, "--out", "close.penstock", folder=tmp_path)
    assert "LSTM(8)" in penstock("inspect", "close.penstock", folder=tmp_path)
    first = pd.read_csv(_kept(tmp_path, penstock("predict", "close.penstock", "--level", "80", folder=tmp_path)))
    assert first["Date"].tolist() == [table["Date"][500]]
    assert (first["lo-80"] < first["yhat"]).all()

    told = penstock("update", "close.penstock", "today.csv", "--epochs", "2", "--replay", "60", folder=tmp_path)
    assert "1 new rows, 2 epochs, 60 older rows" in told
    second = pd.read_csv(_kept(tmp_path, penstock("predict", "close.penstock", folder=tmp_path)))
    assert second["Date"].tolist() == [table["Date"][501]]
    given = penstock("predict", "close.penstock", "week.csv", "--out", "f.csv", folder=tmp_path)
    after_week = pd.read_csv(tmp_path / "f.csv")
    assert after_week["Date"].tolist() == [table["Date"][506]]

    done = subprocess.run([sys.executable, "-c", STREAM], cwd=tmp_path, capture_output=True, text=True, check=True)
    value, day, whole = done.stdout.split()
    assert (day, whole) == (table["Date"][506], "True"), given
    np.testing.assert_allclose(float(value), after_week["yhat"][0], rtol=1e-5)

    judged = penstock("evaluate", "close.penstock", "later.csv", "--level", "80", folder=tmp_path)
    assert "14 forecasts of 14 rows" in judged
    forecast = penstock(
        "forecast", "prices.csv", "--target", "Close", "--horizon", "2", "--members", "1", "--steps", "20",
        "--out", "next.csv", "--report", "next.html", folder=tmp_path,
    )  # fmt: skip
    assert len(pd.read_csv(tmp_path / "next.csv")) == 2, forecast
    assert "<svg" in (tmp_path / "next.html").read_text()
    if SERVES:
        assert abs(_served(tmp_path, table) - float(value)) < 1e-3


def _kept(folder: Path, text: str) -> Path:
    path = folder / "answer.csv"
    path.write_text(text)
    return path


def _served(folder: Path, table: pd.DataFrame) -> float:
    """Step a session of a real server over the week, and give the last forecast."""
    command = [sys.executable, "-m", "penstock", "serve", "close.penstock", "--port", "0", "--state", "sessions"]
    server = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    port = 0
    for line in server.stderr or ():
        event = json.loads(line)
        port = event.get("port", port)
        if event["event"] == "ready":
            break

    def post(path: str, content: dict[str, object]) -> dict[str, object]:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(content).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, object] = json.load(answer)
            return found

    try:
        session = post("/v1/sessions", {"level": 80})["session"]
        for row in range(501, 506):
            step = {"t": table["Date"][row], "y": float(table["Close"][row]), "step": row - 500}
            answer = post(f"/v1/sessions/{session}/step", step)
    finally:
        server.terminate()
        server.communicate(timeout=60)
    assert server.returncode == 0
    return float(answer["yhat"][0])  # type: ignore[index]
