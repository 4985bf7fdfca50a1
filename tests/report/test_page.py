from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from browser import look, needs_browser
from penstock.report.page import Page
from penstock.report.table import Table


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    days = pd.date_range("2020-01-01", periods=160, freq="B")
    frame = pd.DataFrame({"ds": days, "y": 100 + np.cumsum(np.random.default_rng(1).normal(size=160))})
    model = ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=4, members=2)
    result = ps.compare([model, ps.AR(2)], frame, ps.RollingOrigin(test=70))
    path = result.report(tmp_path_factory.mktemp("page") / "r.html", title="Walk & <b>talk</b>")
    path.with_suffix(".txt").write_text(result.verdicts["RNN(2)"])
    return path


class Tags(HTMLParser):
    """Collects tags, attributes and ids; complains where tags do not close."""

    VOID = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_is_one_whole_page_that_needs_nothing_else(page: Path) -> None:
    text = page.read_text()
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert not {"script", "link", "img", "iframe"} & set(tags.seen)
    for name, value in tags.attributes:
        if name in ("src", "href", "xlink:href"):
            assert (value or "").startswith("#")
    assert "@import" not in text
    assert "url(http" not in text
    ids = [value for name, value in tags.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_says_what_it_should(page: Path) -> None:
    text = page.read_text()
    assert "<h1>Walk &amp; &lt;b&gt;talk&lt;/b&gt;</h1>" in text
    import html

    assert (
        html.unescape(re.search(r'class="lead">\s*<p>(.*?)</p>', text).group(1)) == page.with_suffix(".txt").read_text()
    )  # type: ignore[union-attr]
    titles = re.findall(r"<h2>(.*?)</h2>", text)
    assert titles == [
        "Scores on the test rows",
        "Data, split and settings",
        "Data and split",
        "Forecasts and actual values",
        "The last 60 test rows",
        "Losses of RNN(2)",
        "Residuals",
        "Loss saved against the best baseline",
        "Every pair of models",
        "Members",
    ]
    assert text.count("<svg") == 16  # eight pictures, each wide and narrow
    assert "This protocol leaks" not in text


def test_takes_its_colours_from_the_page(page: Path) -> None:
    text = page.read_text()
    for picture in re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL):
        assert "var(--ink)" in picture or "var(--c1)" in picture
        assert not re.search(r"#0[123]0[123]0[123]|#11000\d", picture)
    assert "prefers-color-scheme: dark" in text
    used = set(re.findall(r"var\((--[a-z0-9]+)\)", text))
    assert used <= set(re.findall(r"(--[a-z0-9]+):", text))


def test_names_leaks() -> None:
    text = Page("t", ["lead"], [Table.of("Scores", ["model"], [["a"]])], warnings=["It saw <the> test."]).html()
    assert "This protocol leaks." in text
    assert "<li>It saw &lt;the&gt; test.</li>" in text


@pytest.mark.slow
def test_the_same_comparison_gives_the_same_bytes(walk: pd.DataFrame, tmp_path: Path) -> None:
    texts = []
    for name in ("a.html", "b.html"):
        result = ps.compare([ps.Drift()], walk, ps.RollingOrigin(test=20))
        for row in result.rows:
            row["fit_seconds"] = 0.0
        texts.append(result.report(tmp_path / name).read_text())
    assert texts[0] == texts[1]


@pytest.mark.slow
def test_many_series_show_the_median_the_worst_and_the_best_and_say_so(walk: pd.DataFrame, tmp_path: Path) -> None:
    late = np.arange(160) >= 140
    lifts = {"b": 0.0, "c": 3.0, "d": 9.0}  # a step of the last 20 rows that no model foresees
    more = [walk.assign(unique_id=name, y=walk["y"] + lift * late * np.sin(walk.index)) for name, lift in lifts.items()]
    result = ps.compare([ps.Drift()], pd.concat([*more[::-1], walk[:100]]), ps.RollingOrigin(test=20))
    text = result.report(tmp_path / "r.html").read_text()
    scores = result.scores_by()
    mase = scores[scores["model"] == "Drift"]["rmse"].tolist()
    assert mase == sorted(mase, reverse=True)
    for name, which in (("d", "worst"), ("c", "median"), ("b", "best")):
        assert f"series &#39;{name}&#39;, the {which} of 3 by Drift&#39;s MASE, " in text
    assert text.count("<h2>Scores by series</h2>") == 1
    assert "series &#39;walk&#39;" not in text


@pytest.mark.slow
def test_a_series_that_ends_before_the_test_is_not_the_one_that_is_drawn(walk: pd.DataFrame, tmp_path: Path) -> None:
    both = pd.concat([walk[:100].assign(unique_id="ended"), walk])
    result = ps.compare([ps.Drift()], both, ps.RollingOrigin(test=20))
    text = result.report(tmp_path / "r.html").read_text()
    assert "series &#39;walk&#39;, the only one that is scored" in text
    assert "&#39;ended&#39;" not in text.split("<h2>Data and split</h2>")[1]
    days = [f"{day:%F}" for day in walk["ds"]]
    assert f"training from {days[0]} to {days[139]}; test from {days[140]} to {days[159]}." in text


@pytest.mark.slow
def test_counted_steps_and_long_horizons(tmp_path: Path) -> None:
    frame = pd.DataFrame({"ds": range(60), "y": [float(n % 7) for n in range(60)]})
    result = ps.compare([ps.SeasonalNaive(7)], frame, ps.RollingOrigin(horizon=3, test=12, step=3))
    assert "3 steps ahead" in result.report(tmp_path / "r.html").read_text()


@pytest.mark.slow
def test_more_models_than_colours_and_names_with_dollars(walk: pd.DataFrame, tmp_path: Path) -> None:
    models: dict[str, Any] = {f"model {n} at 5$^2": ps.SeasonalNaive(n) for n in range(2, 9)}
    models["net at 5$^2"] = ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=1)
    text = ps.compare(models, walk, ps.RollingOrigin(test=20)).report(tmp_path / "r.html").read_text()
    assert min(text.count(name) for name in models) > 3


def test_folder_that_does_not_exist(walk: pd.DataFrame, tmp_path: Path) -> None:
    result = ps.compare([ps.Drift()], walk, ps.RollingOrigin(test=20))
    with pytest.raises(ps.OptionError, match="of 'r.html' does not exist"):
        result.report(tmp_path / "none" / "r.html")


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> str:
    days = pd.date_range("2020-01-01", periods=260, freq="B")
    rng = np.random.default_rng(1)
    walks = 100 * np.exp(np.cumsum(0.01 * rng.normal(size=(2, 260)), axis=1))
    frame = pd.concat([pd.DataFrame({"unique_id": n, "ds": days, "y": w}) for n, w in zip("ab", walks, strict=True)])
    split = ps.RollingOrigin(horizon=3, test=70)
    net = ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=1, members=2, validation=30)
    result = ps.compare([net, ps.AR(2), ps.SeasonalNaive(5)], frame, split, level=[80, 95], intervals="adaptive")
    trading = result.trade("sign", cost_bps=5)
    return result.report(tmp_path_factory.mktemp("page") / "e.html", trading=trading).read_text()


def test_shows_the_evidence(evidence: str) -> None:
    titles = re.findall(r"<h2>(.*?)</h2>", evidence)
    assert titles == [
        "Scores on the test rows",
        "Intervals on the test rows",
        "Trading on the forecasts",
        "Data, split and settings",
        "Data and split",
        "Forecasts and actual values of &#39;b&#39;",
        "The last 60 test rows",
        "Forecasts and actual values of &#39;a&#39;",
        "Losses of RNN(2)",
        "Residuals",
        "Forecast fan of RNN(2)",
        "Intervals of RNN(2)",
        "Loss saved against the best baseline",
        "Error by step",
        "Every pair of models",
        "Members",
        "Trading on the forecasts",
    ]
    assert evidence.count("<table>") == 3
    assert '<th scope="col">covered</th><th scope="col">mean width</th>' in evidence
    assert "· median of 2 members" in evidence
    assert "from the last cutoff (series &#39;b&#39;, the worst of 2 by RNN(2)&#39;s MASE, " in evidence
    assert "Buy and hold" in evidence
    assert "Made by Adaptive()" in evidence
    assert "when all are judged together" in evidence
    tags = Tags()
    tags.feed(evidence)
    assert tags.open == []
    ids = [value for name, value in tags.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for picture in re.findall(r"<svg.*?</svg>", evidence, flags=re.DOTALL):
        assert not re.search(r"#0[123]0[123]0[123]|#11000\d", picture)


def test_the_heat_map_is_coloured_by_who_is_better() -> None:
    from penstock.report.evidence import pairs_picture

    statistic = np.array([[np.nan, -3.0], [3.0, np.nan]])
    pvalue = np.array([[np.nan, 0.0004], [0.0004, np.nan]])
    picture = pairs_picture(["good", "bad"], statistic, pvalue, "Diebold-Mariano").wide
    assert picture.count("&lt;.001") == 2
    assert len(re.findall(r"fill: var\(--c3\)", picture)) == 1  # green: the row of the better model
    assert len(re.findall(r"fill: var\(--c2\)", picture)) == 1


@pytest.mark.slow
def test_one_cutoff_draws_the_intervals_of_all_its_steps(walk: pd.DataFrame, tmp_path: Path) -> None:
    split = ps.RollingOrigin(horizon=12, test=12)
    result = ps.compare(ps.Naive(), walk, split, level=80)
    text = result.report(tmp_path / "r.html").read_text()
    assert "All 12 steps ahead from the last cutoff, with their intervals" in text
    assert "Intervals of Naive" not in text


@needs_browser
@pytest.mark.parametrize(("width", "dark"), [(1200, False), pytest.param(390, True, marks=pytest.mark.slow)])
def test_opens_in_a_real_browser(page: Path, tmp_path: Path, width: int, dark: bool) -> None:
    """The page fits its window (nothing to scroll sideways), shows one shape a picture, and follows the scheme."""
    (result,) = look([page], tmp_path, width, dark)
    assert result["inner"] == width
    assert result["over"] <= 0
    assert width < 640 or result["tables"] <= 0  # no column is cut
    assert (result["wide"], result["narrow"]) == ((0, 8) if width < 640 else (8, 0))
    assert result["paper"] == ("rgb(20, 24, 26)" if dark else "rgb(253, 253, 251)")


def test_pictures_of_one_caption_share_no_ids() -> None:
    from penstock.report.pictures import residual_picture

    times, errors = np.arange(5.0), np.array([1.0, -1.0, 2.0, 0.5, -0.5])
    first, second = (residual_picture(times, {"net": scale * errors}) for scale in (1, 2))
    assert first.caption == second.caption
    html = Page("Twice", ["Two pictures."], pictures=[first, second, second]).html()
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) > 30
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'href="#([^"]+)"', html)) | set(re.findall(r"url\(#([^)]+)\)", html))
    assert used
    assert used <= set(ids)
    assert html.count(first.wide) == 1
