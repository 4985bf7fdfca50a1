"""The program in processes of its own: where a terminal, a pipe or a signal is the point."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penstock.text.bag_of_words import BagClassifier

PROGRAM = Path(sys.executable).with_name("penstock")


@pytest.mark.slow
def test_a_terminal_without_unicode_loses_no_work(prices: Path) -> None:
    done = subprocess.run(
        [PROGRAM, "compare", "prices.csv", "--time", "Date", "--target", "Close", "--models", "ar", "--test", "30",
         "--json", "r.json"],
        cwd=prices, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "AR(5)" in done.stdout
    assert (prices / "r.json").exists()


@pytest.mark.slow
def test_a_pipe_has_the_answers_before_the_line_that_is_not_utf8(tmp_path: Path) -> None:
    BagClassifier(alpha=1.0).fit(["good fun", "so bad"] * 5, ["up", "down"] * 5).save(tmp_path / "bag.penstock")
    done = subprocess.run(
        [PROGRAM, "text", "predict", "bag.penstock"], input=b"good fun\nso caf\xe9 bad\n", cwd=tmp_path,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == b"up\n"
    message = done.stderr.decode()
    assert message.startswith("penstock: standard input is not UTF-8: byte 0xe9 at position 15 (line 2)")
    assert "Traceback" not in message
    (tmp_path / "old.txt").write_bytes(b"good fun\nso caf\xe9 bad\n")
    (tmp_path / "bag.penstock").rename(tmp_path / "model.penstock")
    line = message.partition("for example: ")[2].partition(";")[0].replace("| penstock", f"| {PROGRAM}")
    assert subprocess.run(line, shell=True, check=True, cwd=tmp_path, capture_output=True).stdout == b"up\ndown\n"


@pytest.mark.slow
def test_an_interrupt_leaves_nothing_half_written(tmp_path: Path) -> None:
    """A real process, interrupted while it trains."""
    with subprocess.Popen(
        [PROGRAM, "study", "sp500", "--json", "r.json", "--report", "r.html"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        end = time.monotonic() + 120
        while _spent(process.pid) < 10 and time.monotonic() < end:
            time.sleep(0.2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert os.listdir(tmp_path) == []


def _spent(pid: int) -> float:
    """Seconds of the processor that a process has used: how far it has come, however busy the machine is."""
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def test_an_interrupt_that_falls_into_a_callback_is_not_lost() -> None:
    """Python drops what is raised there, and the program would go on."""
    code = (
        "import sys\n"
        "from penstock.cli.interrupts import never_lost\n"
        "sys.unraisablehook = never_lost\n"
        "class Callback:\n"
        "    def __del__(self): raise KeyboardInterrupt\n"
        "Callback()\n"
        "print('went on')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
