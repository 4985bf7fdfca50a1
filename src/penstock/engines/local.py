"""Tasks one after the other in this process, as objects: nothing is turned into bytes unless it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from penstock.checkpoints import current_run
from penstock.engines.engine import Engine, resumed
from penstock.engines.machine import machine
from penstock.engines.packet import pack
from penstock.engines.task import Task
from penstock.engines.work import Work

__all__ = ["Local"]


class Local(Engine):
    """No workers: what is used where no engine is named.

    Examples
    --------
    >>> Local().divides
    False
    """

    name: ClassVar[str] = "this process"
    divides: ClassVar[bool] = False

    def run(self, tasks: Sequence[Task], work: Work) -> Iterator[tuple[int, Any]]:
        """Run tasks in their order."""
        kept = current_run()
        for number, task in enumerate(tasks):
            if kept is None:
                yield number, task.run()
                continue
            content = None if task.obstacle else kept.answer(task.key)
            if content is not None:
                yield number, resumed(task, content, work)
                continue
            with kept.job(task.key):
                answer = task.run()
                if not task.obstacle:
                    described, of_answer = task.describe_answer(answer)
                    kept.keep(task.key, pack({"answer": described, "machine": machine()}, of_answer))
            yield number, answer
