"""Rows measured: prepared, compared, and timed in turn."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frame.agreement import difference
from frame.row import Arrays, Row
from frame.timing import Round, Times
from frame.worker import PathError, Worker
from paths.table import PATHS

__all__ = ["Bench", "Figures"]


@dataclass
class Figures:
    """What a row gave.

    Attributes
    ----------
    row
        The row.
    times
        The fastest way of each path.
    slower
        The other ways.
    apart
        Largest relative difference of each path's outputs from ours, and where; absent where there was nothing alike.
    failed
        Why a path has no time.
    facts
        What else a path tells after its last call, such as how well its fit fits.
    load
        Load average of the machine before and after.
    seconds
        What the whole row took.
    """

    row: Row
    times: dict[str, Times] = field(default_factory=dict)
    slower: dict[str, list[Times]] = field(default_factory=dict)
    apart: dict[str, tuple[float, str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    facts: dict[str, dict[str, float]] = field(default_factory=dict)
    load: tuple[float, float] = (0.0, 0.0)
    seconds: float = 0.0

    @property
    def best_peer(self) -> str | None:
        """The fastest path that is not the first."""
        peers = [path for path in self.times if path != self.row.paths[0]]
        return min(peers, key=lambda path: self.times[path].figure, default=None)

    def by_label(self) -> dict[str, float]:
        """Give the seconds of each column: of its fastest path."""
        figures: dict[str, float] = {}
        for path, times in self.times.items():
            label = PATHS[path].label
            figures[label] = min(times.figure, figures.get(label, times.figure))
        return figures

    def ratio(self, path: str | None) -> float | None:
        """Give a path's time over that of the first."""
        first = self.row.paths[0]
        if path not in self.times or first not in self.times:
            return None
        return self.times[path].figure / self.times[first].figure


class Bench:
    """The workers and the patience of a run.

    Parameters
    ----------
    seconds
        How long a path is timed in a round.
    rounds
        How often each path has its turn.
    """

    def __init__(self, seconds: float, rounds: int) -> None:
        self.seconds, self.rounds = seconds, rounds
        self._workers: dict[str, Worker] = {}
        self._lost: Counter[tuple[str, str]] = Counter()
        self._folder = tempfile.TemporaryDirectory(prefix="penstock-bench-")

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.rest()
        self._folder.cleanup()

    def rest(self) -> None:
        """End every worker; the next row starts them anew."""
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()

    def measure(self, row: Row) -> Figures:
        """Prepare every path, compare, time in turn."""
        figures = Figures(row)
        rounds: dict[tuple[str, str], list[Round]] = {}
        before, began = os.getloadavg()[0], time.perf_counter()
        if row.fresh:
            self._measure_afresh(row, figures, rounds)
        else:
            self._measure_in_turn(row, figures, rounds)
        figures.load, figures.seconds = (before, os.getloadavg()[0]), time.perf_counter() - began
        self._sort(figures, rounds)
        return figures

    def _measure_afresh(self, row: Row, figures: Figures, rounds: dict[tuple[str, str], list[Round]]) -> None:
        """Give every path a new process for its one call of a round."""
        for _ in range(self.rounds if row.rounds is None else row.rounds):
            for path in row.paths:
                self.rest()
                for way in self._prepare(row, (path,), figures).get(path, []):
                    self._time(path, way, figures, rounds, 0.0, 1)
                self._ask_facts(path, figures)
        self.rest()

    def _measure_in_turn(self, row: Row, figures: Figures, rounds: dict[tuple[str, str], list[Round]]) -> None:
        """Let the paths take turns; who is far behind its own column in a heat of one call drops out."""
        ways = self._prepare(row, row.paths, figures)
        turns = [(path, way) for path in ways for way in ways[path]]
        heat: dict[tuple[str, str], list[Round]] = {}
        for path, way in turns:
            self._time(path, way, figures, heat, 0.0, 1)
        stay = _near_the_best(turns, heat)
        for turn in turns:
            self._lost[turn] = 0 if turn in stay else self._lost[turn] + 1
        turns = stay
        for _ in range(self.rounds if row.rounds is None else row.rounds):
            for path, way in turns:
                self._time(path, way, figures, rounds, self.seconds, 3)
        for path in ways:
            self._ask_facts(path, figures)

    def _prepare(self, row: Row, paths: tuple[str, ...], figures: Figures) -> dict[str, list[str]]:
        """Build the tasks and call each way once, all paths at once.

        Gives the ways of every path that computes what ours computes.
        """
        drawn: dict[object, Arrays] = {}
        ready = []
        for path in paths:
            if path in figures.failed:
                continue
            job = row.job_of(path)
            if job not in drawn:
                drawn[job] = job.arrays()
            self._worker(path).send("prepare", job, drawn[job], not row.fresh, self._retired(path))
            ready.append(path)
        ways, outputs = {}, {}
        for path in ready:
            try:
                outputs[path], ways[path] = self._workers[path].receive()
            except PathError as error:
                self._fail(path, figures, error)
        first = outputs.get(row.paths[0], {})
        for path, theirs in outputs.items():
            if path == row.paths[0] or row.tolerance is None or not first.keys() & theirs.keys():
                continue
            figures.apart[path] = apart, where = difference(first, theirs)
            if apart > row.tolerance:
                figures.failed[path] = f"its {where} differs by {apart:.1e} of the largest value"
                del ways[path]
        return ways

    def _time(
        self, path: str, way: str, figures: Figures, rounds: dict[tuple[str, str], list[Round]],
        seconds: float, least: int,
    ) -> None:  # fmt: skip
        time.sleep(0.02)  # the last path's threads come to rest
        times = self._attempt(path, figures, "measure", way, seconds, least, not figures.row.fresh)
        if times:
            per = figures.row.per.get(path, 1)
            rounds.setdefault((path, way), []).append(Round.of([taken / per for taken in times]))

    def _ask_facts(self, path: str, figures: Figures) -> None:
        facts = self._attempt(path, figures, "facts")
        if facts:
            figures.facts[path] = facts

    def _attempt(self, path: str, figures: Figures, command: str, *arguments: object) -> Any:
        if path in figures.failed:
            return None
        try:
            return self._workers[path].ask(command, *arguments)
        except PathError as error:
            self._fail(path, figures, error)
            return None

    def _fail(self, path: str, figures: Figures, error: PathError) -> None:
        figures.failed[path] = str(error)
        self._workers.pop(path).close()

    def _retired(self, path: str) -> set[str]:
        """Name the path's ways that were far behind in three rows, one after the other: they are tried no more."""
        return {way for (its, way), times in self._lost.items() if its == path and times >= 3}

    def _worker(self, path: str) -> Worker:
        if path not in self._workers:
            log = Path(self._folder.name) / f"{path}.log"
            self._workers[path] = Worker(PATHS[path].library, PATHS[path].environment, log)
        return self._workers[path]

    @staticmethod
    def _sort(figures: Figures, rounds: dict[tuple[str, str], list[Round]]) -> None:
        for path in figures.row.paths:
            if path in figures.failed:
                continue
            every = [Times(way, tuple(of)) for (its, way), of in rounds.items() if its == path]
            every.sort(key=lambda times: times.figure)
            if every:
                figures.times[path], figures.slower[path] = every[0], every[1:]


def _near_the_best(turns: list[tuple[str, str]], rounds: dict[tuple[str, str], list[Round]]) -> list[tuple[str, str]]:
    """Keep what took at most half as long again as the fastest in the same column of the table."""
    columns: dict[str, float] = {}
    medians = {turn: rounds[turn][0].median for turn in turns if turn in rounds}
    for (path, _), median in medians.items():
        label = PATHS[path].label
        columns[label] = min(median, columns.get(label, median))
    return [turn for turn in turns if turn in medians and medians[turn] <= 1.5 * columns[PATHS[turn[0]].label]]
