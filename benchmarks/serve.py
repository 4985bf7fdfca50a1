"""Steps of sessions over HTTP under load: ``python benchmarks/serve.py`` (needs wrk, and penstock[serve]).

Each connection of wrk has sessions of its own, so that their rows come in order. Prints one line of JSON for each load.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import penstock as ps

ROWS = 300

SCRIPT = """
local lists = {{ {sessions} }}
local started = 0
function setup(thread) started = started + 1; thread:set("place", started) end
-- wrk builds one request of the first thread that it does not send
function init(args) own = lists[place]; t = {first} - (place == 1 and 1 or 0) end
function request()
  if {each} > 1 then
    local rows = {{}}
    for i, name in ipairs(own) do
      rows[i] = '{{"session":"' .. name .. '","t":' .. t .. ',"y":' .. (t % 7 + i * 0.25) .. '}}'
    end
    t = t + 1
    local body = '{{"steps":[' .. table.concat(rows, ",") .. ']}}'
    return wrk.format("POST", "/v1/steps", {{["Content-Type"] = "application/json"}}, body)
  end
  local body = '{{"t":' .. t .. ',"y":' .. (t % 7 + 0.25) .. '}}'
  t = t + 1
  return wrk.format("POST", "/v1/sessions/" .. own[1] .. "/step", {{["Content-Type"] = "application/json"}}, body)
end
function done(summary, latency, requests)
  print(string.format("FIGURES %d %d %f %f %f", summary.requests, summary.duration, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency.max / 1000))
  print("ERRORS " .. summary.errors.status + summary.errors.timeout + summary.errors.read + summary.errors.connect)
end
"""


def ask(port: int, method: str, path: str, content: Any = None) -> Any:
    """Send one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = None if content is None else json.dumps(content)
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status >= 300:
        raise RuntimeError(text.decode())
    return json.loads(text) if answer.headers.get_content_type() == "application/json" else text.decode()


def memory(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]


def processor(pid: int) -> float:
    """Return the seconds of processor time that a process has taken."""
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])) / os.sysconf(
        "SC_CLK_TCK"
    )


def load(
    folder: Path, words: list[str], *, each: int, connections: int, seconds: float, stateful: bool, level: list[float]
) -> None:
    """Start a server, begin the sessions, put it under load, and print what came of it."""
    command = [sys.executable, "-m", "penstock", "serve", "net.penstock", "--port", "0", "--no-log-requests", *words]
    command += ["--max-sessions", str(each * connections + 1)]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stderr=log)
    try:
        while '"ready"' not in (text := (folder / "log").read_text()):
            if server.poll() is not None:
                raise RuntimeError(text)
            time.sleep(0.1)
        port = next(json.loads(line)["port"] for line in text.splitlines() if '"listening"' in line)
        begin = time.perf_counter()
        names = [ask(port, "POST", "/v1/sessions", {"level": level})["session"] for _ in range(each * connections)]
        begin = (time.perf_counter() - begin) / len(names)
        own = [names[place::connections] for place in range(connections)]
        sessions = ",".join("{" + ",".join(f'"{name}"' for name in part) + "}" for part in own)
        (folder / "load.lua").write_text(SCRIPT.format(sessions=sessions, first=ROWS, each=each))
        before, seconds_before = memory(server.pid), processor(server.pid)
        wrk = ["wrk", f"-t{connections}", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "30s", "-s", "load.lua"]
        done = subprocess.run(
            [*wrk, f"http://127.0.0.1:{port}"], cwd=folder, capture_output=True, text=True, check=True
        )
        figures = re.search(r"FIGURES (\d+) (\d+) (\S+) (\S+) (\S+)", done.stdout)
        assert figures is not None, done.stdout
        requests, duration = int(figures[1]), int(figures[2]) / 1e6
        used = processor(server.pid) - seconds_before
        taken = sum(ask(port, "GET", f"/v1/sessions/{part[0]}")["step"] for part in own) * each
        found = {
            "options": words, "model": "stateful" if stateful else "exact", "levels": level, "connections": connections,
            "steps a request": each, "requests": requests, "steps": taken, "steps a second": round(taken / duration),
            "p50 ms": float(figures[3]), "p99 ms": float(figures[4]), "most ms": float(figures[5]),
            "errors": int(re.search(r"ERRORS (\d+)", done.stdout)[1]),  # type: ignore[index]
            "server's microseconds a step": round(1e6 * used / taken, 2),
            "ms to begin a session": round(1e3 * begin, 2),
            "MB before": round(before, 1),
            "MB after": round(memory(server.pid), 1),
        }  # fmt: skip
        print(json.dumps(found), flush=True)
    finally:
        server.terminate()
        server.wait(60)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--batch", type=int, default=100, help="steps a request, beside 1")
    parser.add_argument("--only", choices=["single", "batch"])
    parser.add_argument("--exact", action="store_true", help="a network that reads its window anew")
    parser.add_argument("--level", type=float, nargs="*", default=[])
    given, words = parser.parse_known_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        frame = pd.DataFrame({"ds": range(ROWS), "y": np.sin(np.arange(ROWS) / 4)})
        model = ps.Forecaster(ps.Network([ps.LSTM(16)]), window=63, stateful=not given.exact, epochs=2, seed=0).fit(
            frame
        )
        model.save(folder / "net.penstock")
        for each in [1, given.batch] if given.only is None else [1 if given.only == "single" else given.batch]:
            load(
                folder, words, each=each, connections=given.connections, seconds=given.seconds,
                stateful=not given.exact, level=given.level,
            )  # fmt: skip


if __name__ == "__main__":
    main()
