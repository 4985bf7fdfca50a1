"""macro: consumer sentiment and industrial production forecast together, a month ahead.

Source: Jansen, *Machine Learning for Algorithmic Trading*, multivariate time-series regression; first edition (2018):
production of the 2019 vintage to 2017-12, raw changes; second edition (2020): the 2020 vintage to 2019-12, scaled to
[0, 1] on all rows. Both stop early on the test rows. The source's VAR forecasts all 24 months from one origin; the
same VAR, rolled a month at a time, stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from penstock.baselines.autoregression import AR
from penstock.baselines.mean import Mean
from penstock.baselines.naive import Naive
from penstock.baselines.vector_autoregression import VAR
from penstock.datasets.macro import macro
from penstock.errors import DataError
from penstock.evaluation.compare import compare
from penstock.evaluation.comparison import Comparison
from penstock.evaluation.leaks import Leak
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.forecaster import Forecaster
from penstock.layers.declared import LSTM
from penstock.layers.dense import Dense
from penstock.networks.network import Network
from penstock.report.table import Table
from penstock.studies.comparisons import TRANSFORMER, comparison_figure, comparison_tables
from penstock.studies.figures import Figure
from penstock.studies.result import StudyResult
from penstock.studies.study import Request

__all__ = ["EDITIONS", "read_changes", "run"]

TEST = 24
_LSTM = "LSTM"


@dataclass(frozen=True)
class Edition:
    """What one edition of the source did, and the figures it states."""

    vintage: int
    end: str
    months: int
    window: int
    network: Network
    published: float
    var: float
    unit: str


EDITIONS = {
    1: Edition(
        2019, "2017-12-01", 456, 24,
        Network(
            [LSTM(12, dropout=0.2, recurrent_dropout=0.2), LSTM(6, dropout=0.2, recurrent_dropout=0.2)],
            dense=[Dense(10, "linear")],
        ),
        published=1.7127, var=1.9520, unit="the mean over both series of raw changes",
    ),
    2: Edition(
        2020, "2019-12-01", 480, 18,
        Network([LSTM(12, dropout=0.1, recurrent_dropout=0.1)], dense=[Dense(6, "linear")]),
        published=0.03534, var=0.04286, unit="the mean over both series, each scaled to [0, 1] by all rows",
    ),
}  # fmt: skip


def run(request: Request) -> StudyResult:
    """Run one edition under one protocol."""
    edition = EDITIONS[request.edition]
    frame, months = read_changes(request, edition)
    joint = edition.network
    lstm = Forecaster(
        joint,
        window=edition.window,
        joint=True,
        scale="none" if request.leaking else "standard",
        loss="mae",
        optimizer="rmsprop",
        batch=20,
        patience=10 if request.leaking else 25,
        **request.training(50 if request.leaking else 200),
    )
    leaks = (Leak.STOPPING,) if request.leaking else ()
    models = {
        _LSTM: lstm,
        "transformer": lstm.clone().set_params(network=TRANSFORMER),
        "Naive": Naive(),
        "VAR(1)": VAR(1),
        "VAR by BIC": VAR("bic"),
        "AR by BIC": AR("bic"),
        "Mean": Mean(),
    }
    result = compare(models, frame, RollingOrigin(horizon=1, test=TEST), leaks=leaks)
    once = compare({"VAR(1)": VAR(1)}, frame, RollingOrigin(horizon=TEST, test=TEST))
    fitted = result.entries[_LSTM].model
    rows = len(result.panel.times) // 2
    windows = rows - edition.window
    form = ".4f" if request.edition == 1 else ".5f"
    once_mae = next(row["mae"] for row in once.rows if row["model"] == "VAR(1)")
    rolled = next(row["mae"] for row in result.rows if row["model"] == "VAR(1)")
    figure = comparison_figure(result, "mae", _LSTM, edition.published, form=form)
    far = Figure("MAE of the VAR(1), 24 months from one origin", edition.var, once_mae, form=form)
    near = Figure("MAE of the VAR(1), one month ahead, rolled", None, rolled, form=form)
    leak_words = [leak.value for leak in result.leaks]
    if request.leaking and request.edition == 2:
        leak_words.insert(0, Leak.SCALING.value)
    return StudyResult(
        "macro",
        request,
        {
            "months": months,
            "rows after annual differences": rows,
            "windows": [windows, edition.window, 2],
            "train": windows - TEST,
            "test": TEST,
            "parameters": fitted.parameters,
            "errors are": edition.unit,
        },
        [figure, far, near],
        [*comparison_tables(result), _apart(result)],
        [*result.said, _verdict(result)],
        leaks=leak_words,
        notes=["The mean over both series is that of sentiment alone in edition 1: its points outweigh log changes."],
        draw=lambda: result.pictures(),
        comparison=result,
    )


def read_changes(request: Request, edition: Edition) -> tuple[pd.DataFrame, int]:
    """Read both series as annual changes in a long frame: log production, points of sentiment."""
    raw = macro(edition.vintage, request.data)
    raw = raw[raw["ds"].between("1980-01-01", edition.end)]
    if len(raw) != edition.months:
        raise DataError(
            f"the files hold {len(raw)} months from 1980-01 to {edition.end[:7]} in which both series have a value; "
            f"{edition.months} are needed: one of them is cut off or of another vintage."
        )
    changes = pd.DataFrame(
        {"ds": raw["ds"], "ip": np.log(raw["ip"]).diff(12), "sentiment": raw["sentiment"].diff(12)}
    ).dropna()
    if request.edition == 2:  # the source's units, in which its figure stands; the honest network scales by its own
        both = changes[["ip", "sentiment"]]
        changes[["ip", "sentiment"]] = (both - both.min()) / (both.max() - both.min())
    long = changes.melt("ds", var_name="unique_id", value_name="y")
    return long[["unique_id", "ds", "y"]], len(raw)


def _errors(result: Comparison, model: str) -> dict[str, float]:
    """Give the mean absolute error of each series; of several members, their median."""
    series = result.panel.series_of(result.origins)
    y = result.panel.y[result.targets]
    out = {}
    for number, name in enumerate(result.panel.ids):
        errors = np.abs(result.entries[model].yhat - y)[:, series == number].mean(axis=(1, 2))
        out[str(name)] = float(np.median(errors))
    return out


def _apart(result: Comparison) -> Table:
    naive, rows = _errors(result, result.naive), []
    for name in result.entries:
        ip, sentiment = (each := _errors(result, name))["ip"], each["sentiment"]
        rows.append([name, ip, sentiment, (ip + sentiment) / 2, ip / naive["ip"], sentiment / naive["sentiment"]])
    columns = {
        "model": "", "MAE ip": ".5f", "MAE sentiment": ".4f", "both": ".4f", "ip / last value": ".3f",
        "sentiment / last value": ".3f",
    }  # fmt: skip
    return Table.of("Each series by itself", columns, rows, ["Of several members, the median."])


def _verdict(result: Comparison) -> str:
    parts = []
    for series in ("ip", "sentiment"):
        errors = {name: _errors(result, name)[series] for name in result.entries}
        best = min((name for name in errors if name != _LSTM), key=lambda name: errors[name])
        parts.append(f"{series}: LSTM {errors[_LSTM]:.4g}, {best} {errors[best]:.4g}")
    return f"Mean absolute errors apart, against the best other model: {'; '.join(parts)}."
