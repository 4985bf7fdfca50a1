"""Ctrl-C: noted while JAX compiles or runs, raised where nothing does, and never the end of a process in a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from penstock.interrupts import check_interrupt, interrupts_put_off


def interrupted(*steps: Callable[[], object], depth: int = 1) -> int:
    """Put off the interrupts of these steps; give the number of steps that were done."""
    done = 0
    with ExitStack() as blocks:
        for _ in range(depth):
            blocks.enter_context(interrupts_put_off())
        try:
            for step in steps:
                step()
                done += 1
        finally:
            went.append(done)
    return done


went: list[int] = []


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_an_interrupt_waits_for_the_end_of_a_block_or_a_check() -> None:
    went.clear()
    with pytest.raises(KeyboardInterrupt):
        interrupted(interrupt, int)
    with pytest.raises(KeyboardInterrupt):
        interrupted(interrupt, check_interrupt, int, depth=2)
    with pytest.raises(KeyboardInterrupt):
        interrupted(interrupt, interrupt, int)  # the second comes at once
    assert went == [2, 1, 1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    check_interrupt()


def test_handlers_of_others_and_threads_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def own(number: int, frame: Any) -> None:
        seen.append(number)

    def beside() -> None:
        with interrupts_put_off():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=beside)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
    before = signal.signal(signal.SIGINT, own)
    try:
        with interrupts_put_off():
            signal.raise_signal(signal.SIGINT)
            assert seen[1:] == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


# Of a process: an interrupt that falls 0.2 seconds after a program of a training begins to be compiled.
BEGIN = """
import os, signal, threading
import jax, numpy as np, pandas as pd
import penstock as ps
from penstock.text import TextClassifier
from penstock.training.compile_options import quickly
quickly()  # compiles a small program to ask for an option
whole = jax.stages.Lowered.compile
once = [threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))]
def compile(lowered):  # programs are compiled side by side
    if once:
        once.pop().start()
    return whole(lowered)
jax.stages.Lowered.compile = compile
frame = pd.DataFrame({"ds": np.arange(400), "y": np.sin(np.arange(400) / 5)})
network = ps.Forecaster(ps.Network([ps.LSTM(16), ps.GRU(16), ps.LSTM(16)]), window=32, epochs=100_000, patience=None)
"""
WORK = {
    "fit": "network.fit(frame)",
    "compare": "ps.compare([network, ps.Naive()], frame, ps.RollingOrigin(test=20))",
    "text": "TextClassifier(epochs=100_000).fit(['good fun', 'so bad'] * 20, ['up', 'down'] * 20)",
}


@pytest.mark.slow
@pytest.mark.parametrize("work", WORK)
def test_a_script_ends_by_the_interrupt_while_it_compiles(work: str) -> None:
    done = subprocess.run([sys.executable, "-c", BEGIN + WORK[work]], capture_output=True, text=True, timeout=300)
    assert done.returncode == -signal.SIGINT, done.stderr  # -SIGSEGV where JAX compiles on behind the interpreter
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [3, 40])
def test_a_script_ends_by_the_interrupt_while_it_trains(epochs: int) -> None:
    stop = f"""
class Stop(ps.training.Callback):
    def on_epoch_end(self, event):
        if event.epoch.max() == {epochs}:
            os.kill(os.getpid(), signal.SIGINT)
jax.stages.Lowered.compile = whole
network.fit(frame, callbacks=[Stop()])
"""
    done = subprocess.run([sys.executable, "-c", BEGIN + stop], capture_output=True, text=True, timeout=300)
    assert done.returncode == -signal.SIGINT, done.stderr


def test_the_program_ends_at_once(tmp_path: Any) -> None:
    """Its own handler is not put off: it leaves without taking anything down."""
    code = (
        "import os, signal\n"
        "from penstock.interrupts import interrupts_put_off\n"
        "from penstock.cli import main, doctor\n"
        "def interrupted():\n"
        "    with interrupts_put_off():\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        print('went on')\n"
        "doctor.doctor = interrupted\n"
        "import sys; sys.argv = ['penstock', 'doctor']\n"
        "main.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PENSTOCK_CACHE": "off"}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (130, ""), done.stderr
