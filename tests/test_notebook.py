"""What notebooks show of models, comparisons and audits: whole HTML in which every text is escaped."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pandas as pd

import penstock as ps
from penstock.report.table import Table

NASTY = "<script>alert(1)</script>"


class Elements(HTMLParser):
    """Collects texts and elements; every element but the void ones must be closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag != "script"
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_model_shows_its_call_its_options_and_whether_it_is_fitted() -> None:
    model = ps.AR(order=3)
    shown = Elements(model._repr_html_())
    assert f"{model!r} (not fitted)" in shown.texts
    assert shown.texts[shown.texts.index("order") + 1] == "3"
    assert '<tr class="changed"><td>order</td>' in model._repr_html_()
    assert '<tr><td>horizon</td><td class="text">1</td></tr>' in model._repr_html_()
    model.fit(np.arange(30.0) % 7)
    assert f"{model!r} (fitted)" in Elements(model._repr_html_()).texts


def test_a_comparison_shows_its_tables_and_sentences_and_escapes_names() -> None:
    days = pd.date_range("2024-01-01", periods=40, freq="D")
    frame = pd.DataFrame({"ds": days, "y": 5 + np.sin(np.arange(40.0))})
    result = ps.compare({NASTY: ps.AR(2)}, frame, ps.RollingOrigin(test=8))
    shown = Elements(result._repr_html_())
    assert NASTY in shown.texts
    assert {*result.notes, *result.findings} <= set(shown.texts)
    assert set(result.table().columns) <= set(shown.texts)
    trading = Elements(result.trade("sign")._repr_html_())
    assert NASTY in trading.texts


def test_an_audit_shows_its_findings() -> None:
    from penstock.evaluation.audit import Audit
    from penstock.evaluation.probes import FAIL, Finding

    shown = Elements(Audit(NASTY, (Finding("future", FAIL, NASTY),))._repr_html_())
    assert f"Audit of {NASTY}: failed." in shown.texts
    assert shown.texts.count(NASTY) == 1


def test_a_table_of_results_goes_into_a_paper() -> None:
    table = Table("Scores", {"model": "", "RMSE": "4g"}, [{"model": "A_1 & <b>", "RMSE": 1.5}])
    assert r"A\_1 \& $<$b$>$ & 1.500 \\" in table.to_latex()
    assert "<td>A_1 &amp; &lt;b&gt;</td>" in table.to_html()
