"""Steps of sessions over HTTP under load: ``python benchmarks/serve.py`` (needs wrk, and penstock[serve]).

The connections of wrk take turns at several times as many groups of sessions, so that the rows of each come in order: a
row that came before its turn would be an error, and these are counted. Prints one line of JSON for each load.
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
local started = 0
function setup(thread) thread:set("place", started); started = started + 1 end
function init(args)
  local each, base = {each}, {first}
  rows, values, heads = {{}}, {{}}, {{}}
  for i = 1, each do
    values[i] = {{}}
    for t = 0, 6 do values[i][t] = ',"y":' .. (t + i * 0.25) .. '}}' end
  end
  local number, list = 0, {{}}
  for name in io.lines("names") do list[#list + 1] = name end
  for first = 1, #list, each do
    number = number + 1
    if number % {threads} == place then
      if each > 1 then
        local group = {{}}
        for i = 1, each do group[i] = '{{"session":"' .. list[first + i - 1] .. '","t":' end
        rows[#rows + 1] = group
      else
        rows[#rows + 1] = "/v1/sessions/" .. list[first] .. "/step"
      end
    end
  end
  turn, t, parts = 1, base, {{}}
  -- Until all connections are accepted, the first ones would overtake the others; and one request is never sent.
  before = {before}
end
function request()
  if before > 0 then before = before - 1; return wrk.format("GET", "/healthz") end
  local now, which = tostring(t), t % 7
  local group = rows[turn]
  turn = turn + 1
  if turn > #rows then turn = 1; t = t + 1 end
  if type(group) == "string" then
    return wrk.format("POST", group, {{["Content-Type"] = "application/json"}}, '{{"t":' .. now .. values[1][which])
  end
  for i = 1, #group do parts[i] = group[i] .. now .. values[i][which] end
  local body = '{{"steps":[' .. table.concat(parts, ",") .. ']}}'
  return wrk.format("POST", "/v1/steps", {{["Content-Type"] = "application/json"}}, body)
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


def load(folder: Path, words: list[str], each: int, given: argparse.Namespace) -> None:
    """Start a server, begin the sessions, put it under load, and print what came of it."""
    groups = given.groups * given.connections
    command = [sys.executable, "-m", "penstock", "serve", "net.penstock", "--port", "0", *words]
    command += ["--max-sessions", str(each * groups + 1), *(() if "--log-requests" in words else ["--no-log-requests"])]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stderr=log)
    try:
        while '"ready"' not in (text := (folder / "log").read_text()):
            if server.poll() is not None:
                raise RuntimeError(text)
            time.sleep(0.1)
        port = next(json.loads(line)["port"] for line in text.splitlines() if '"listening"' in line)
        begin = time.perf_counter()
        names = [ask(port, "POST", "/v1/sessions", {"level": given.level})["session"] for _ in range(each * groups)]
        begin = (time.perf_counter() - begin) / len(names)
        (folder / "names").write_text("\n".join(names))
        (folder / "load.lua").write_text(
            SCRIPT.format(first=ROWS, each=each, threads=given.threads, before=30 * given.connections)
        )
        figures = [memory(server.pid)]
        seconds_before = processor(server.pid)
        wrk = ["wrk", f"-t{given.threads}", f"-c{given.connections}", f"-d{given.seconds:g}s", "--timeout", "30s"]
        wrk += ["-s", "load.lua", f"http://127.0.0.1:{port}"]
        with subprocess.Popen(wrk, cwd=folder, stdout=subprocess.PIPE, text=True) as client:
            while client.poll() is None:
                try:
                    client.wait(given.every)
                except subprocess.TimeoutExpired:
                    figures.append(memory(server.pid))
            assert client.stdout is not None
            said = client.stdout.read()
        found = re.search(r"FIGURES (\d+) (\d+) (\S+) (\S+) (\S+)", said)
        assert found is not None, said
        requests, duration = int(found[1]), int(found[2]) / 1e6
        used = processor(server.pid) - seconds_before
        taken = sum(ask(port, "GET", f"/v1/sessions/{name}")["step"] for name in names[::each]) * each
        answer = {
            "options": words, "model": "exact" if given.exact else "stateful", "levels": given.level,
            "connections": given.connections, "steps a request": each, "requests": requests, "steps": taken,
            "seconds": round(duration, 1), "steps a second": round(taken / duration),
            "p50 ms": float(found[3]), "p99 ms": float(found[4]), "most ms": float(found[5]),
            "errors": int(re.search(r"ERRORS (\d+)", said)[1]),  # type: ignore[index]
            "server's microseconds a step": round(1e6 * used / taken, 2),
            "ms to begin a session": round(1e3 * begin, 2),
            f"MB, each {given.every:g} seconds": [round(each, 1) for each in (*figures, memory(server.pid))],
        }  # fmt: skip
        print(json.dumps(answer), flush=True)
    finally:
        server.terminate()
        server.wait(60)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1, help="threads of wrk")
    parser.add_argument("--groups", type=int, default=2, help="groups of sessions for each connection")
    parser.add_argument("--every", type=float, default=10, help="seconds between looks at the memory")
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
        sizes = {"single": [1], "batch": [given.batch], None: [1, given.batch]}
        for each in sizes[given.only]:
            load(folder, words, each, given)


if __name__ == "__main__":
    main()
