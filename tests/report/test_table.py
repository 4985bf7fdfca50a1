from __future__ import annotations

import io
import math

import numpy as np
from rich.console import Console

from penstock.report.table import Marked, Table

TABLE = Table(
    "Scores & more",
    {"model": "", "RMSE": "4g", "p": "p", "covered": ".1 %", "what": "<"},
    [
        {
            "model": "A<b>|_1",
            "RMSE": np.float64(12345.6),
            "p": Marked(0.01, "better"),
            "covered": 0.956,
            "what": "wide",
        },
        {"model": "· lowest", "RMSE": math.nan, "p": 0.5, "mark": "minor"},
    ],
    ["How to read it."],
    ["a.html"],
)


def test_plain_text_is_aligned_by_kind() -> None:
    assert str(TABLE).splitlines() == [
        "model       RMSE        p  covered  what",
        "A<b>|_1   12,346  0.010 ▲   95.6 %  wide",
        "· lowest       –  0.500",
    ]


def test_markdown_html_and_latex_escape_what_they_must() -> None:
    assert TABLE.to_markdown().splitlines()[1:3] == [
        "| --- | ---: | ---: | ---: | --- |",
        "| A<b>∣_1 | 12,346 | 0.010 ▲ | 95.6 % | wide |",
    ]
    html = TABLE.to_html()
    assert '<td><a href="a.html">A&lt;b&gt;|_1</a></td><td>12,346</td><td class="better">0.010 ▲</td>' in html
    assert '<tr class="minor"><td>· lowest</td>' in html
    assert '<th scope="col" class="text">what</th>' in html
    latex = TABLE.to_latex().splitlines()
    assert latex[0] == r"\begin{tabular}{lrrrl}"
    assert latex[4] == r"A$<$b$>$|\_1 & 12,346 & 0.010 $\uparrow$ & 95.6 \% & wide \\"


def test_json_holds_numbers() -> None:
    rows = TABLE.to_json()["rows"]
    assert rows[0] == {"model": "A<b>|_1", "RMSE": 12345.6, "p": 0.01, "covered": 0.956, "what": "wide"}
    assert rows[1]["RMSE"] is None


def test_a_terminal_gets_colours_and_a_pipe_the_whole_table() -> None:
    wide = Table.of("t", ["name", *(f"column {n}" for n in range(12))], [["x" * 50, *range(12)]])
    pipe = io.StringIO()
    Console(file=pipe, width=80, soft_wrap=True).print(wide)
    assert pipe.getvalue().rstrip("\n") == str(wide)
    terminal = io.StringIO()
    Console(file=terminal, width=80, force_terminal=True, color_system="standard").print(TABLE)
    assert "\x1b[32m0.010 ▲\x1b[0m" in terminal.getvalue()


def test_no_name_and_no_column_is_cut_however_narrow_the_terminal_is() -> None:
    name = "a model with a long name, " * 3
    table = Table.of(
        "t", ["model", *(f"score {n}" for n in range(12))], [[name, *range(1000, 1012)], ["b", *range(12)]]
    )
    assert str(table).splitlines()[1].startswith(name)
    for width in (40, 80, 300):
        terminal = io.StringIO()
        Console(file=terminal, width=width, force_terminal=True, color_system=None).print(table)
        lines = terminal.getvalue().splitlines()
        assert max(map(len, lines)) <= width
        assert "…" not in terminal.getvalue()
        text = " ".join(" ".join(lines).split())
        for n in range(12):
            assert f"score {n}" in text
            assert f"{1000 + n:,}" in text
    assert [len(part.columns) for part in table.parts(300)] == [13]
    assert [next(iter(part.columns)) for part in table.parts(40)] == ["model"] * len(table.parts(40))
