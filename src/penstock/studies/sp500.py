"""sp500: one LSTM on the level of the S&P 500, one day ahead.

Source: Jansen, *Machine Learning for Algorithmic Trading*, univariate time-series regression; first edition (2018):
LSTM of 20 units on 2010–2018; second edition (2020): LSTM of 10 units on 2011–2019. Both scale on all rows and stop
early on the test rows; the published protocol does the same and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from penstock.baselines.autoregression import AR
from penstock.baselines.drift import Drift
from penstock.baselines.naive import Naive
from penstock.baselines.seasonal_naive import SeasonalNaive
from penstock.data.window_scaling import WindowScale
from penstock.data.windows import cut_windows
from penstock.datasets.home import data_file
from penstock.datasets.sp500 import SP500_FILE, sp500
from penstock.errors import DataError
from penstock.evaluation.audit import audit
from penstock.evaluation.compare import compare
from penstock.evaluation.leaks import Leak
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.forecaster import Forecaster
from penstock.layers.declared import LSTM
from penstock.networks.network import Network
from penstock.report.table import Table
from penstock.studies.comparisons import TRANSFORMER, comparison_figure, comparison_tables
from penstock.studies.result import StudyResult
from penstock.studies.study import Request
from penstock.training.optimizers import AdamW, RMSprop

__all__ = ["EDITIONS", "TRIED", "WINDOW", "read_index", "run", "window_forecaster"]

WINDOW = 63

OWN_SCALE = "window scale"
"""Mark of the network whose windows are scaled by themselves."""

TRIED = (
    ("LSTM(20), squared error, AdamW(0.001, weight_decay=0.1), batches of 256, patience 10", 0.9969),
    ("LSTM(20), mean absolute error, weight_decay=1, else alike", 0.9988),
    ("LSTM(4), else as the first", 1.0009),
    ("LSTM(8) on logs, Adam(0.003), one cycle of 10 epochs", 1.1030),
)
"""What was tried for :func:`window_forecaster`: the mean of five members, 1,008 days in four folds."""


@dataclass(frozen=True)
class Edition:
    """What one edition of the source did, and the figures it states (in units of the scaled series)."""

    start: str
    end: str
    rows: int
    units: int
    patience: int
    published: dict[str, float]


EDITIONS = {
    1: Edition(
        "2010-01-04", "2018-12-31", rows=2264, units=20, patience=25, published={"rmse": 0.0150, "pearson": 0.9584}
    ),
    2: Edition(
        "2011-02-23", "2019-12-31", rows=2229, units=10, patience=20, published={"rmse": 0.0103, "spearman": 0.9817}
    ),
}


def run(request: Request) -> StudyResult:
    """Run one edition under one protocol."""
    edition = EDITIONS[request.edition]
    frame = read_index(request)
    spread = float(frame["y"].max() - frame["y"].min())  # the source's scaler: all rows
    test = int((frame["ds"] >= f"{edition.end[:4]}-01-01").sum())
    lstm = Forecaster(
        Network([LSTM(edition.units)]),
        window=WINDOW,
        scale="none" if request.leaking else "minmax",  # the published protocol scales all rows beforehand
        loss="mse",
        optimizer=RMSprop(learning_rate=0.001, decay=0.9, epsilon=1e-8),
        batch=20,
        patience=edition.patience,
        **request.training(500),
    )
    beside = [lstm.clone().set_params(network=TRANSFORMER)] if request.options.transformer else []
    every = {model.label: model for model in (lstm, *beside, Naive(), Drift(), SeasonalNaive(5), AR(5))}
    windowed = {} if request.leaking else {f"{lstm.label}, {OWN_SCALE}": window_forecaster(edition.units, request)}
    result = compare(
        {lstm.label: lstm, **windowed, **every},
        frame,
        RollingOrigin(horizon=1, test=test),
        level=(80, 95),
        intervals="adaptive",
        leaks=(Leak.SCALING, Leak.STOPPING) if request.leaking else (),
    )
    windows = cut_windows(result.panel, WINDOW, horizon=1)
    fitted = result.entries[lstm.label].model
    validation = 0 if request.leaking else int(fitted.validation_rows_[0])  # type: ignore[attr-defined]
    train = len(windows.starts) - test
    facts = {
        "source": "arch.data.sp500, adjusted close" if request.edition == 1 and request.data is None else "FRED SP500",
        "first": f"{frame['ds'].iloc[0]:%F}",
        "last": f"{frame['ds'].iloc[-1]:%F}",
        "rows": len(frame),
        "windows": list(windows.shape),
        "train": train,
        "learned from": train - validation,
        "for validation": validation or "the test rows",
        "test": test,
        "parameters": lstm.parameters,
        "figures in": f"the source's units: one is {spread:,.2f} index points",
    }
    tables = comparison_tables(result)
    if windowed:
        tables.append(_tried())
    if request.options.audit and not request.leaking:
        tables.append(_audited(lstm, frame))
    return StudyResult(
        "sp500",
        request,
        facts,
        [
            comparison_figure(result, score, lstm.label, figure, unit=1 if request.leaking else spread, form=".5f")
            for score, figure in edition.published.items()
        ],
        tables,
        result.said,
        leaks=[leak.value for leak in result.leaks],
        draw=lambda: result.pictures(),
        comparison=result,
    )


def window_forecaster(units: int, request: Request) -> Forecaster:
    """Return a network, unfitted, whose windows are scaled by themselves: it forecasts what to add to the last value.

    A window is centred on its last value and divided by its mean absolute daily change, so that no level is unknown to
    it. Its training was chosen on the training rows of edition 1 (:data:`TRIED`).
    """
    return Forecaster(
        Network([LSTM(units)]),
        window=WINDOW,
        season=1,
        scale=WindowScale("last", "difference"),
        loss="mse",
        optimizer=AdamW(0.001, weight_decay=0.1),
        batch=256,
        patience=10,
        **request.training(100),
    )


def _tried() -> Table:
    rows = [
        {"network on windows scaled by themselves": name, "RMSE over the last value's": each} for name, each in TRIED
    ]
    return Table(
        "Tried on the training rows of edition 1: each of 2014 to 2017 forecast from the years before",
        {"network on windows scaled by themselves": "", "RMSE over the last value's": ".4f"},
        rows,
    )


def _audited(lstm: Forecaster, frame: pd.DataFrame) -> Table:
    """Probe a twin that trains two epochs: where data leak does not depend on how long a network trains."""
    found = audit(lstm.clone().set_params(epochs=2, members=1), frame.tail(400))
    rows = [{"probe": each.probe, "outcome": each.outcome, "what was found": each.sentence} for each in found.findings]
    return Table("Audit", {"probe": "", "outcome": "", "what was found": ""}, rows)


def read_index(request: Request) -> pd.DataFrame:
    """Read the days of an edition, all of them."""
    edition = EDITIONS[request.edition]
    path = None
    if request.data is not None or request.edition == 2:  # the data in `arch` end in 2018
        path = data_file(SP500_FILE, request.data)
    frame = sp500(path, start=edition.start, end=edition.end)
    if len(frame) != edition.rows:
        raise DataError(
            f"the data hold {len(frame):,} days from {frame['ds'].iloc[0]:%F} to {frame['ds'].iloc[-1]:%F}, but "
            f"the {edition.rows:,} from {edition.start} to {edition.end} are needed. FRED serves the last ten years "
            "only: an older download is needed. For other days use: penstock compare FILE."
        )
    return frame
