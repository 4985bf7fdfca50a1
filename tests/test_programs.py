"""Programs that are kept."""

from __future__ import annotations

import jax

from penstock.programs import keep_programs


def test_programs_of_one_precision_are_not_those_of_the_other() -> None:
    @keep_programs(4)
    def made(number: int) -> list[int]:
        return [number]

    single = made(1)
    with jax.enable_x64(True):
        double = made(1)
    assert single is not double
    assert made(1) is single
