"""What every study has: a result of any tables, options of its own, a folder of pages, pages of documentation."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import penstock as ps
from penstock.cli.main import app
from penstock.errors import DataError, WriteError
from penstock.options import Description, option
from penstock.report.svg import Picture, draw
from penstock.report.table import Table
from penstock.studies import registry
from penstock.studies.figures import Figure
from penstock.studies.folder import read_results, run_all
from penstock.studies.markdown import fill, pictures_of
from penstock.studies.result import StudyResult
from penstock.studies.study import Request, Study
from penstock.studies.summary import summary_rows


@dataclass(frozen=True, repr=False)
class Asked(Description):
    """Options of the study below."""

    share: float = option(0.0, "share of what is doubled", at_least=0, below=1)


def pictures() -> list[Picture]:
    return [draw("A line", "One to three.", lambda figure, narrow: figure.subplots().plot([1, 2, 3]))]


def run(request: Request) -> StudyResult:
    if request.edition == 2:
        raise DataError("part.csv is not here.")
    share = request.options.share
    table = Table(
        "Scores",
        {"model": "", "MAE": ".3f", "p": "p"},
        [
            {"model": "net", "MAE": np.float64(1 + share), "p": math.nan},
            {"model": "· lowest", "MAE": 0.5, "mark": "minor"},
        ],
        ["How to read it."],
    )
    figure = Figure("MAE", 1.1, 1 + share, 0.5, 1.5, "mean", 2.0, ".2f")
    leaks = ["It saw the test rows."] if request.leaking else []
    facts = {"rows": 1234, "windows": (3, 4)}
    return StudyResult("toy", request, facts, [figure], [table], ["It beats the mean."], leaks, draw=pictures)


TOY = Study("toy", "doubles", run, editions=(1, 2), members=3, options=Asked)


@pytest.fixture(autouse=True)
def shelved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.STUDIES, "toy", TOY)


def test_a_result_tells_json_and_a_page(tmp_path: Path) -> None:
    result = TOY(Request(options={"share": 0.5}))
    assert result.stem == "toy-1-honest-share-0.5"
    assert result.title == "toy, edition 1, honest protocol, share 0.5"
    switched = replace(result, request=Request(options={"transformer": False, "top_words": True}))
    assert switched.title.endswith("protocol, without transformer, with top words")
    content = json.loads(result.write_json(tmp_path / "r.json").read_text())
    assert content["members"] == 3
    assert content["options"] == {"share": 0.5}
    assert content["facts"] == {"rows": 1234, "windows": [3, 4]}
    assert content["tables"][0]["rows"][0] == {"model": "net", "MAE": 1.5, "p": None}
    page = result.report(tmp_path / "r.html").read_text()
    for part in ("<h2>Scores</h2>", "<td>1.500</td>", "<dd>1,234</dd>", "<dd>3 × 4</dd>", "It beats the mean.", "1.10"):
        assert part in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shar": 0.1}, "study toy has no option --shar; did you mean '--share'"),
        ({"share": 1.5}, "share=1.5 is out of range; allowed: a number at least 0 and below 1"),
    ],
)
def test_options_are_declared_once_and_checked(options: dict[str, float], message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        TOY(Request(options=options))
    with pytest.raises(ps.OptionError, match="study nyse has no option --share; it has none"):
        registry.resolve_study("nyse")(Request(options={"share": 0.1}))


def test_a_folder_of_pages_with_an_index(tmp_path: Path) -> None:
    told: list[str] = []
    failed = run_all([TOY], Request(), tmp_path / "out", ("honest", "published"), told.append)
    assert failed == ["toy, edition 2, honest protocol", "toy, edition 2, published protocol"]
    assert sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*")) == [
        "index.html",
        "pictures/toy-1-honest-1.svg",
        "pictures/toy-1-published-1.svg",
        "toy-1-honest.html",
        "toy-1-honest.json",
        "toy-1-published.html",
        "toy-1-published.json",
    ]
    index = (tmp_path / "out" / "index.html").read_text()
    assert '<a href="toy-1-honest.html">' in index
    assert "part.csv is not here." in index
    rows = summary_rows(read_results(tmp_path / "out"))
    assert rows == [
        [
            "toy, edition 1",
            "MAE",
            "1.10",
            "1.00 (0.50 – 1.50)",
            "1.00 (0.50 – 1.50)",
            "2.00 (mean)",
            "It beats the mean.",
        ]
    ]
    svg = (tmp_path / "out" / "pictures" / "toy-1-honest-1.svg").read_text()
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "--ink:#1d2326" in svg
    assert len(told) == 4


def test_only_what_a_folder_lacks_is_run(tmp_path: Path) -> None:
    out, told = tmp_path / "out", list[str]()
    asked = Request(edition=1, options={"share": 0.5})
    run_all([TOY], asked, out, ("honest",), editions=(1,))
    before = (out / "toy-1-honest-share-0.5.json").read_text()
    run_all([TOY], asked, out, ("honest", "published"), told.append, editions=(1,), missing=True)
    assert told[0] == "toy, edition 1, honest protocol: there already."
    assert (out / "toy-1-honest-share-0.5.json").read_text() == before
    assert (out / "toy-1-published-share-0.5.json").is_file()
    refused = CliRunner().invoke(app, ["study", "toy", "--missing"])
    assert "--missing asks what a folder holds" in str(refused.exception)


def test_a_result_is_there_only_with_the_same_options(tmp_path: Path) -> None:
    def told(asked: Request) -> list[str]:
        lines: list[str] = []
        assert run_all([TOY], asked, tmp_path, ("honest",), lines.append, editions=(1,), missing=True) == []
        return lines

    first = Request(members=1, epochs=1)
    told(first)
    assert told(first) == ["toy, edition 1, honest protocol: there already."]
    name = "toy, edition 1, honest protocol: "
    assert told(Request(seed=5))[0] == (
        f"{name}run again, for its result there has members 1, not 3, seed 0, not 5, epochs 1, not None."
    )
    assert json.loads((tmp_path / "toy-1-honest.json").read_text())["seed"] == 5
    assert told(Request(seed=5, data=Path("own.csv")))[0].endswith("has data None, not own.csv.")
    assert told(Request(seed=5, data=Path("own.csv"))) == [f"{name}there already."]


def test_a_file_of_others_ends_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    for name, content in {"notes": "{}", "list": "[1]", "torn": '{"study": ', "near": '{"study": "toy"}'}.items():
        (tmp_path / f"{name}.json").write_text(content)
    assert run_all([TOY], Request(), tmp_path, ("honest",), told.append, editions=(1,)) == []
    assert told[-1].startswith("left out of the index, for they are no results of a study: list.json, near.json, notes")
    assert "toy-1-honest.html" in (tmp_path / "index.html").read_text()
    with pytest.raises(ps.DataError, match=r"list.json' is no result of a study; take it out"):
        read_results(tmp_path)


def test_a_full_disk_stops_no_other_study(tmp_path: Path, file_size_limit: Callable[[int], None]) -> None:
    ran: list[str] = []

    def counted(request: Request) -> StudyResult:
        ran.append(request.protocol)
        if len(ran) == 1:
            file_size_limit(1000)  # room for none, after the work
        return run(request)

    told: list[str] = []
    toy = replace(TOY, function=counted)
    with pytest.raises(WriteError, match=r"index.html' cannot be written: File too large"):
        run_all([toy], Request(), tmp_path, ("honest", "published"), told.append, editions=(1,))
    assert ran == ["honest"]  # the other did not begin, for it could not have been kept
    assert ["cannot be written: File too large" in line for line in told] == [True, True]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["pictures", "toy-1-honest.json"]  # the work is safe


def test_every_result_on_the_pages_has_a_command_that_makes_it() -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    made = set()
    command = typer.main.get_command(app)
    for line in (docs / "studies" / "runs.txt").read_text().splitlines():
        if not line.startswith("penstock "):
            continue
        _, name, *rest = line.split()
        context = command.commands[name].make_context(name, rest)
        asked = context.params
        study = registry.resolve_study(asked["name"])
        declared = {field.name for field in fields(study.options)}
        given = {key: value for key, value in asked.items() if key in declared and value is not None}
        for edition in [asked["edition"]] if asked["edition"] else study.editions:
            for protocol in [asked["protocol"]] if asked["protocol"] else study.protocols:
                request = study.completed(Request(protocol, edition, options=given))
                assert request.stem(study.name) not in made, "two commands make one result"
                made.add(request.stem(study.name))
    marks = re.compile(r"<!-- (?:result|table|picture) (\S+)")
    shown = {name for path in docs.rglob("*.md") for name in marks.findall(path.read_text(encoding="utf-8"))}
    assert shown - made == set()
    assert set(read_results(docs / "results")) - made == set()


def test_pages_are_filled_from_results(tmp_path: Path) -> None:
    run_all([TOY], Request(), tmp_path, ("honest",))
    results = read_results(tmp_path)
    page = (
        "# Toy\n<!-- result toy-1-honest -->\nold\n<!-- end -->\n<!-- picture toy-1-honest 1 -->\n<!-- end -->\n"
        "<!-- table toy-1-honest 0 -->\n<!-- end -->\n<!-- summary -->\n<!-- end -->\nKept.\n"
    )
    filled = fill(page, results)
    assert "old" not in filled
    assert "| net | 1.000 | – |\n| · lowest | 0.500 |  |" in filled
    assert "![A line](pictures/toy-1-honest-1.svg)" in filled
    assert "| MAE | 1.10 | 1.00 | 0.50 – 1.50 | 2.00 (mean) |" in filled
    assert filled.endswith("Kept.\n")
    assert fill(filled, results) == filled
    assert pictures_of(page) == [("toy-1-honest", 1)]
    assert "*toy-2-honest has not been run yet.*" in fill("<!-- result toy-2-honest -->\n<!-- end -->", results)
    with pytest.raises(ps.DataError, match="no such study; did you mean 'toy'"):
        fill("<!-- result toyy -->\n<!-- end -->", results)


def test_the_documentation_agrees_with_its_results() -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    results = read_results(docs / "results")
    for path in docs.rglob("*.md"):
        page = path.read_text(encoding="utf-8")
        folder = "../pictures" if path.parent.name == "studies" else "pictures"
        assert fill(page, results, folder) == page, f"{path}: run python docs/fill.py"
        for name, number in pictures_of(page):
            assert name not in results or (docs / "pictures" / f"{name}-{number}.svg").is_file()
