"""etth1: seven hourly series of a transformer, 96 to 720 hours ahead from the last 720, by SegRNN.

Twelve months of 30 days are trained on, four validated on, four tested on; every window of the test part counts, none
is dropped. Values are standardised by the training rows; errors are mean squared errors over all windows, steps and
series.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from penstock.data.columns import Columns
from penstock.data.frames import read_panel
from penstock.data.panel import Panel
from penstock.data.window_scaling import WindowScale
from penstock.datasets.home import DataFile, data_file
from penstock.forecaster.forecaster import Forecaster
from penstock.layers.declared import GRU
from penstock.networks.segrnn import SegRNN
from penstock.report.table import Table
from penstock.studies.figures import Figure
from penstock.studies.public_panels import PUBLISHED
from penstock.studies.result import StudyResult
from penstock.studies.study import Request
from penstock.training.optimizers import Adam

__all__ = ["run", "segment_forecaster"]

Values = NDArray[np.float64]

MONTH, TRAIN, VALIDATION, TEST = 30 * 24, 12, 4, 4
LOOK_BACK, SEASON = 720, 24
HORIZONS = (96, 192, 336, 720)
_FORMS = {"model": "", "horizon": "", "MSE": ".3f", "MAE": ".3f", "seconds": ".0f"}
_EPOCHS = 10  # of one cycle
_BLOCK = 2000  # windows that are forecast at once
_SHOWN = ("SegRNN", "DLinear", "PatchTST", "iTransformer", "GRU", "DeepAR", "Informer")
_FILE = DataFile(
    "etth1.csv.gz",
    "github.com/zhouhaoyi/ETDataset, as a long table",
    None,
    ("7868f4137075e1cf8b82abba73cb78b8036132010bdfe612a2b8c268e14ffef7",),
)


@dataclass(frozen=True)
class _Chosen:
    """What the validation part chose for a horizon; no steps: stopped early."""

    units: int
    spread: str
    steps: int


CHOSEN = {
    96: _Chosen(128, "series", 500),
    192: _Chosen(128, "series", 400),
    336: _Chosen(128, "deviation", 300),
    720: _Chosen(64, "deviation", 0),
}
"""By steps ahead: of what was tried, that with the lowest squared error on the validation part."""

TRIED = (
    ("128 units, 500 steps of 256 windows, one cycle at .002, spread of the series", 96, 0.6300, 0.5249),
    ("256 units, 600 steps of 256 windows, one cycle at .001, dropout .3, spread of the series", 96, 0.6284, 0.5214),
    ("128 units, 1,500 steps of 256 windows, one cycle at .002, spread of the series", 96, 0.6306, 0.5268),
    ("128 units, 500 steps of 256 windows, one cycle at .002, deviation of each window", 96, 0.6503, 0.5339),
    ("64 units, stopped early at .001", 96, 0.6419, 0.5323),
    ("64 units, stopped early at .001", 720, 1.3098, 0.7743),
    ("32 units, stopped early at .001", 720, 1.3524, 0.7906),
    ("64 units, stopped early at .001, deviation of each window", 720, 1.2793, 0.7683),
    ("64 units, stopped early at .001, mean and deviation of each window", 720, 1.2924, 0.7705),
    ("64 units, stopped early at .001, additions to the day before", 720, 1.3555, 0.7868),
    ("64 units, 300 steps of 256 windows, one cycle at .002, spread of the series", 720, 1.3475, 0.7867),
    ("64 units, 300 steps of 256 windows, one cycle at .002, deviation of each window", 720, 1.2987, 0.7745),
    ("128 units, the same", 720, 1.2917, 0.7668),
    ("128 units, the same, dropout .7", 720, 1.2979, 0.7715),
    ("128 units, the same at .001", 720, 1.2925, 0.7719),
    ("128 units, the same at .002, segments of 24", 720, 1.2747, 0.7603),
    ("256 units, the same at .001, dropout .6", 720, 1.2864, 0.7657),
    ("128 units, stopped early at .001, batches of 256, deviation of each window", 720, 1.2946, 0.7716),
    ("128 units, the same, squared error", 720, 1.3202, 0.7959),
    ("64 units, stopped early at .001, batches of 256, deviation of each window", 720, 1.2674, 0.7622),
    ("64 units, the same, segments of 24", 720, 1.2656, 0.7658),
    ("128 units, 300 steps of 256 windows, one cycle at .002, deviation of each window", 336, 1.1490, 0.7222),
    ("128 units, the same, spread of the series", 336, 1.1591, 0.7211),
    ("64 units, stopped early at .001, segments of 24, deviation of each window", 336, 1.1539, 0.7209),
    ("64 units, the same, spread of the series", 336, 1.1652, 0.7228),
    (
        "128 units, 400 steps of 256 windows, one cycle at .002, segments of 24, spread of the series",
        192,
        0.9032,
        0.6244,
    ),
    (
        "128 units, 500 steps of 256 windows, one cycle at .002, segments of 24, spread of the series",
        96,
        0.6283,
        0.5229,
    ),
)
"""What was tried, one member each: steps ahead, mean squared and mean absolute error on the validation part."""


def segment_forecaster(horizon: int, request: Request) -> Forecaster:
    """Return the network, unfitted: one GRU over segments of a day, as the validation part chose it for the horizon.

    As published but for its size, its segments and its schedule: dropout of a half before the readout, half of the
    cell's input in the forecast given by a vector of the series, and the absolute error. Up to 192 steps ahead 128
    units learn from windows less their last value for a fixed number of steps; further ahead windows are divided by
    their own deviation too, and 720 steps ahead 64 units stop early.
    """
    chosen = CHOSEN[horizon]
    return Forecaster(
        SegRNN(GRU(chosen.units, reset_after=True), 24, dropout=0.5, embeddings=[32]),
        window=LOOK_BACK,
        min_window=LOOK_BACK,
        horizon=horizon,
        season=1,
        scale=WindowScale("last", chosen.spread),
        loss="mae",
        batch=256,
        **_schedule(chosen.steps),
        **request.training(_EPOCHS if chosen.steps else 40),
    )


def _schedule(steps: int) -> dict[str, Any]:
    """Return the options of one cycle over so many steps, or of early stopping where there are none."""
    if not steps:
        return {"optimizer": Adam(0.001), "steps_per_epoch": 30, "patience": 6}
    return {
        "optimizer": Adam(0.002), "schedule": "one_cycle", "steps_per_epoch": steps // _EPOCHS, "patience": None,
    }  # fmt: skip


def run(request: Request) -> StudyResult:
    """Train for each horizon, and score every window of the test part."""
    frame = _standardised(data_file(_FILE, request.data))
    published = _published(request)
    rows: list[dict[str, Any]] = []
    for horizon in HORIZONS:
        began = time.perf_counter()
        model = segment_forecaster(horizon, request)
        first, last = TRAIN * MONTH, (TRAIN + VALIDATION) * MONTH
        before, later = frame[frame["row"] < first], frame[frame["row"].between(first, last - 1)]
        model.fit(before.drop(columns="row"), static="unique_id", validation=later.drop(columns="row"))
        panel, _ = read_panel(frame.drop(columns="row"), Columns(static=("unique_id",)))
        rows += _scores(panel, model, horizon, time.perf_counter() - began)
    ours = {row["horizon"]: row for row in rows if row["seconds"] is not None}
    naive = {row["horizon"]: row for row in rows if row["model"] == "seasonal naive"}
    best = {h: published[(published["horizon"] == h) & (published["metric"] == "MSE")] for h in HORIZONS}
    figures = [
        Figure(
            f"MSE, {h} steps ahead",
            _segrnn(best[h]),
            ours[h]["MSE"],
            None,
            None,
            "seasonal naive",
            naive[h]["MSE"],
            ".3f",
        )
        for h in HORIZONS
    ]
    return StudyResult(
        "etth1",
        request,
        {"series": 7, "look-back": LOOK_BACK, "training rows": TRAIN * MONTH, "test rows": TEST * MONTH},
        figures,
        [
            Table("Every window of the test part", _FORMS, rows),
            _published_table(published),
            Table(
                "Tried on the validation part, one member each",
                {"what": "", "horizon": "", "MSE": ".4f", "MAE": ".4f"},
                [dict(zip(("what", "horizon", "MSE", "MAE"), each, strict=True)) for each in TRIED],
            ),
        ],
        [
            "SegRNN's mean squared error is "
            + ", ".join(f"{ours[h]['MSE']:.3f} ({h} steps; published {_segrnn(best[h]):.3f})" for h in HORIZONS)
            + "."
        ],
        notes=["Published figures are those of one table with a look-back of 720 and no window dropped."],
    )  # fmt: skip


def _standardised(path: Any) -> pd.DataFrame:
    """Read the rows up to the end of the test part, standardised by the training rows of each series."""
    frame = pd.read_csv(path)
    frame["ds"] = pd.to_datetime(frame["ds"])
    frame["row"] = frame.groupby("unique_id").cumcount()
    before = frame[frame["row"] < TRAIN * MONTH].groupby("unique_id")["y"]
    mean, deviation = before.mean(), before.std(ddof=0)
    frame["y"] = (frame["y"] - frame["unique_id"].map(mean)) / frame["unique_id"].map(deviation)
    return frame[frame["row"] < (TRAIN + VALIDATION + TEST) * MONTH]


def _scores(panel: Panel, model: Forecaster, horizon: int, seconds: float) -> list[dict[str, Any]]:
    """Score the model, the last value and the seasonal naive on every window of the test part."""
    first, last = (TRAIN + VALIDATION) * MONTH, (TRAIN + VALIDATION + TEST) * MONTH
    origins = np.concatenate([start + np.arange(first - 1, last - horizon) for start in panel.offsets[:-1]])
    squared: dict[str, float] = {}
    absolute: dict[str, float] = {}
    ahead = np.arange(1, horizon + 1)
    for block in np.array_split(origins, -(-len(origins) // _BLOCK)):
        y = panel.y[block[:, None] + ahead]
        back = block[:, None] - (SEASON - 1) + (ahead - 1) % SEASON
        found = {
            model.label: model.aggregate(model.forecast_panel(panel, block)),
            "last value": np.repeat(panel.y[block][:, None], horizon, axis=1),
            "seasonal naive": panel.y[back],
        }
        for name, yhat in found.items():
            squared[name] = squared.get(name, 0.0) + float(np.square(y - yhat).sum())
            absolute[name] = absolute.get(name, 0.0) + float(np.abs(y - yhat).sum())
    values = len(origins) * horizon
    return [
        {
            "model": name, "horizon": horizon, "MSE": squared[name] / values, "MAE": absolute[name] / values,
            "seconds": seconds if name == model.label else None,
        }
        for name in squared
    ]  # fmt: skip


def _published(request: Request) -> pd.DataFrame:
    """Return the published figures with a look-back of 720 and no window dropped."""
    table = pd.read_csv(data_file(PUBLISHED, request.data))
    kept = (table["data"] == "etth1") & table["note"].fillna("").str.startswith("look-back 720, nothing dropped")
    table = table[kept & table["model"].isin(_SHOWN)]
    return table.assign(horizon=table["horizon"].astype(int))


def _segrnn(table: pd.DataFrame) -> float:
    return float(table.loc[table["model"] == "SegRNN", "value"].iloc[0])


def _published_table(published: pd.DataFrame) -> Table:
    wide = published[published["metric"] == "MSE"].pivot_table(index="model", columns="horizon", values="value")
    rows = [
        {"model": model, **{f"MSE at {horizon}": float(each[horizon]) for horizon in HORIZONS}}
        for model, each in wide.sort_values(HORIZONS[0]).iterrows()
    ]
    source = published["source"].iloc[0]
    return Table(
        "Published", {"model": "", **{f"MSE at {horizon}": ".3f" for horizon in HORIZONS}}, rows, [f"Source: {source}."]
    )
