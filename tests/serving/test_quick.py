"""The compiled reader of steps: it takes plain ones, and leaves everything that must be refused to the others."""

from __future__ import annotations

import pytest

from penstock.serving.quick import StepReader


def test_plain_steps_are_read() -> None:
    reader = StepReader()
    row = reader.one(b'{"t": 3, "y": 2}')
    assert (row.t, row.y, row.step) == (3, 2.0, None)
    row = reader.one(b' {"step":1,"y":null,"t":"2024-01-02"} ')
    assert (row.t, row.y, row.step) == ("2024-01-02", None, 1)
    rows = reader.many(
        b'{"steps": [{"session": "a", "t": 1.5, "y": 1e-3}, {"session": "b", "t": 2, "y": 4, "step": 9}]}'
    )
    assert [(row.session, row.t, row.y, row.step) for row in rows] == [("a", 1.5, 0.001, None), ("b", 2, 4.0, 9)]
    assert reader.many(b'{"steps": []}') == []


@pytest.mark.parametrize(
    "row",
    [
        '{"t": 1}', '{"t": true, "y": 1}', '{"t": 1, "y": "2"}', '{"t": 1, "y": NaN}', '{"t": 1, "y": 1e999}',
        '{"t": 1, "y": 2, "y": 3}', '{"t": 1, "y": 2, "\\u0079": 3}', '{"t": 1, "y": 2, "z": 3}', '{"t": 1, "y": 2',
        '{"t": 1, "y": 2, "step": 0}', '{"t": 1, "y": 2, "step": 1.5}', '{"t": 1, "y": 2, "step": null}',
        '{"t": 1, "y": 2, "series": "A"}', '{"t": 9223372036854775808, "y": 2}', '{"t": [1], "y": 2}', "[]", "",
    ],
)  # fmt: skip
def test_all_others_are_left(row: str) -> None:
    reader = StepReader()
    assert reader.one(row.encode()) is None
    assert reader.one(b'{"t": "' + b"x" * 101 + b'", "y": 1}') is None
    body = '{"steps": [{"session": "s", "t": 1, "y": 1.0}, ' + row.replace("{", '{"session": "r", ', 1) + "]}"
    assert reader.many(body.encode()) is None


def test_bytes_that_are_no_text_are_left() -> None:
    assert StepReader().one(b'{"t": "\xff", "y": 1}') is None
