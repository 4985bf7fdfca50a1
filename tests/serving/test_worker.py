"""Jobs on sessions: in their order, never two at once, wherever each is carried out."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from penstock.serving.problems import RequestError
from penstock.serving.worker import Worker


def test_jobs_are_carried_out_in_their_order_and_never_two_at_once() -> None:
    done: list[tuple[int, bool]] = []
    at_once: list[int] = []
    commits: list[int] = []

    async def ask() -> None:
        worker = Worker(lambda: commits.append(len(done)), 100)
        worker.start()
        here = threading.get_ident()

        def job(number: int) -> int:
            at_once.append(1)
            assert len(at_once) == 1
            time.sleep(0.002 if number % 5 == 0 else 0)
            at_once.pop()
            done.append((number, threading.get_ident() == here))
            return number

        asked = [
            asyncio.ensure_future(worker.do(lambda number=number: job(number), quick=number % 5 != 0))  # type: ignore[misc]
            for number in range(1, 51)
        ]
        assert await asyncio.gather(*asked) == list(range(1, 51))
        failing = worker.do(lambda: 1 / 0, quick=True)
        with pytest.raises(ZeroDivisionError):
            await failing
        await worker.close()
        with pytest.raises(RequestError, match="the server is ending"):
            await worker.do(lambda: None)

    asyncio.run(ask())
    assert done == [(number, number % 5 != 0) for number in range(1, 51)]
    assert len(commits) < 50  # rows of jobs that waited share one


def test_a_commit_that_fails_is_the_answer_of_all_jobs_before_it() -> None:
    def commit() -> None:
        raise RequestError(503, "full")

    async def ask() -> None:
        worker = Worker(commit, 1)
        worker.start()
        asked = [asyncio.ensure_future(worker.do(lambda: 1)) for _ in range(3)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert [str(each) for each in found] == ["full", "full", "1 requests wait already; try again later."]
        worker.commit = lambda: None
        await worker.close()

    asyncio.run(ask())
