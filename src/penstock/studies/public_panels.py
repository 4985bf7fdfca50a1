"""Public panels with published results: read, split, forecast by every model, and scored as their publishers do."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from penstock.automatic.candidates import panel_forecaster
from penstock.automatic.forecast import Forecast, forecast
from penstock.baselines.naive import Naive
from penstock.baselines.naive2 import Naive2
from penstock.baselines.seasonal_naive import SeasonalNaive
from penstock.baselines.theta import Theta
from penstock.datasets.home import DataFile, data_file
from penstock.errors import DataError
from penstock.evaluation.compare import compare
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.report.table import Table
from penstock.studies.figures import Figure
from penstock.studies.result import StudyResult
from penstock.studies.study import Request

__all__ = ["PANELS", "PublicPanel", "published_figures", "run_panels"]

_LEVELS = (80, 95)
_SCORES = {"MASE": "mase", "sMAPE": "smape", "OWA": "owa"}
_SHOWN = 12  # published models in a table: the best of them
_SEASONS = "season "


@dataclass(frozen=True)
class PublicPanel:
    """A public panel.

    Attributes
    ----------
    file
        Its file: columns unique_id, ds, y.
    horizon
        Test rows of each series.
    season
        Periods in steps, as the publishers give them; that of MASE first.
    """

    file: DataFile
    horizon: int
    season: tuple[int, ...]


def _panel(name: str, horizon: int, season: tuple[int, ...], source: str, sha256: str) -> PublicPanel:
    return PublicPanel(DataFile(f"{name}.csv.gz", source, None, (sha256,)), horizon, season)


_M3, _M4, _NN5 = "the R package Mcomp", "github.com/Mcompetitions/M4-methods", "the R package tscompdata"

PANELS = {
    "m3_yearly": _panel("m3_yearly", 6, (1,), _M3, "b1b28c2e873021e5461bfa597ceec4cdb7d5e7e3ae70189e2dc90112c8ef09c5"),
    "m3_quarterly": _panel(
        "m3_quarterly", 8, (4,), _M3, "966aba69aa48b7e31eadb303bb3451ee8af1acb2793cfd6955f9ea92260a4a12"
    ),
    "m3_monthly": _panel(
        "m3_monthly", 18, (12,), _M3, "a6fb721000a59750bb43f3a2c1b962f5c9de04f925190f9ab971fd7ff0792491"
    ),
    "m4_hourly": _panel(
        "m4_hourly", 48, (24, 168), _M4, "6d839acad97cd7394436d62b4772cb349fefda1800cedd6e1af10c51e7088e2c"
    ),
    "nn5_daily": _panel(
        "nn5_daily", 56, (7,), _NN5, "0899c59b894900fe1c3aa53e00ac25dbc0a702ef22c558a08f1598b841790055"
    ),
}
"""The panels by name; nothing that is fitted depends on it."""

PUBLISHED = DataFile("published.csv", "the publications that its rows name")


def run_panels(name: str, request: Request, panels: Sequence[str]) -> StudyResult:
    """Forecast each panel by every model, and score all beside the published figures."""
    tables, verdicts, figures, facts = [], [], [], {}
    for panel in panels:
        train, test = split(PANELS[panel], request.data)
        facts[panel] = f"{train['unique_id'].nunique():,} series, {len(train):,} training rows, {len(test):,} test rows"
        rows, result = _rows(PANELS[panel], request, train, test)
        published = published_figures(panel, PANELS[panel].season[0], request.data)
        tables.append(Table(f"{panel}: ours", _FORMS, rows))
        tables += [_published_table(panel, published), _tried_table(panel, result)]
        ours, combined, naive = rows[-2], rows[-1], rows[0]
        deepar = published.loc[published["model"] == "DeepAR", "MASE"].min()
        best = min(rows[:-2], key=lambda row: row["MASE"])
        figures.append(
            Figure(
                f"{panel}: MASE of the network",
                _number(deepar),
                ours["MASE"],
                None,
                None,
                best["model"],
                best["MASE"],
                ".3f",
            )
        )
        verdicts.append(
            f"{panel}: the network's MASE is {ours['MASE']:.3f}, that of ps.forecast {combined['MASE']:.3f}, of the "
            f"{naive['model']} {naive['MASE']:.3f}, and of the best published {published['MASE'].min():.3f}."
        )
    return StudyResult(
        name,
        request,
        facts,
        figures,
        tables,
        verdicts,
        notes=[
            "The published figure beside ours is DeepAR's.",
            "The usual network's options are the library's defaults, chosen on training rows before this study was "
            "written; what else was tried then was not recorded. What ps.forecast tries by itself is listed.",
        ],
    )


_FORMS = {"model": "", "MASE": ".3f", "sMAPE": ".2f", "OWA": ".3f", "80 %": ".1%", "95 %": ".1%", "seconds": ".0f"}


def split(panel: PublicPanel, data: str | Path | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a panel; return its training and its test rows."""
    path = data_file(panel.file, data)
    try:
        frame = pd.read_csv(path)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{str(path)!r} cannot be read as a table: {str(error).splitlines()[0]}") from error
    if not pd.api.types.is_integer_dtype(frame["ds"]):
        frame["ds"] = pd.to_datetime(frame["ds"])
    last = frame.groupby("unique_id").cumcount(ascending=False) < panel.horizon
    return frame[~last], frame[last]


def published_figures(name: str, season: int, data: str | Path | None) -> pd.DataFrame:
    """Return the published MASE and sMAPE of a panel, one model a row, where MASE has this season."""
    table = pd.read_csv(
        data_file(PUBLISHED, data), dtype={"note": str}, keep_default_na=False, na_values={"value": [""]}
    )
    table = table[(table["data"] == name) & table["metric"].isin(["MASE", "sMAPE"])]
    other = table["note"].astype(object).fillna("").str.extract(rf"{_SEASONS}(\d+)(?:;|$)")[0]
    table = table[other.isna() | (other == str(season))]
    wide = table.pivot_table(index=["model", "source"], columns="metric", values="value", aggfunc="min").reset_index()
    return wide.reindex(columns=["model", "source", "MASE", "sMAPE"]).sort_values("MASE")


def _rows(
    panel: PublicPanel, request: Request, train: pd.DataFrame, test: pd.DataFrame
) -> tuple[list[dict[str, Any]], Forecast]:
    """Score every model by :func:`penstock.compare` on the last rows of each series."""
    first, horizon = panel.season[0], panel.horizon
    periods = tuple(period for period in panel.season if period > 1)
    options: dict[str, Any] = {
        "members": request.networks,
        "seed": request.seed,
        "steps": 2000 if request.epochs is None else 100 * request.epochs,
    }
    began = time.perf_counter()
    result = forecast(train, horizon, season=periods or 1, level=_LEVELS, **options)
    seconds = time.perf_counter() - began
    cutoffs = train.groupby("unique_id")["ds"].max().rename("cutoff")
    given = result.frame.join(cutoffs, on="unique_id")
    naive = SeasonalNaive(first, horizon=horizon) if first > 1 else Naive(horizon=horizon)
    last = {"last value": Naive(horizon=horizon)} if first > 1 else {}
    models: dict[str, Any] = {
        "seasonal naive" if first > 1 else "last value": naive,
        "Naive2": Naive2(first, horizon=horizon),
        **last,
        "Theta": Theta(first, horizon=horizon),
        f"network, {request.networks} members": panel_forecaster(horizon, periods, **options),
        "ps.forecast": given,
    }
    frame, split = pd.concat([train, test]), RollingOrigin(horizon=horizon, test=horizon, align="series")
    frame = frame.sort_values(["unique_id", "ds"], kind="stable")
    asked: dict[str, Any] = {"metrics": ["mase", "smape", "owa"], "season": first}
    compared = compare(models, frame, split, strict=True, **asked)
    rows = [
        {
            "model": name,
            **{heading: compared.row(name)[key] for heading, key in _SCORES.items()},
            "seconds": compared.row(name)["fit_seconds"],
        }
        for name in models
    ]
    bounds = compare({"ps.forecast": given}, frame, split, level=_LEVELS, intervals="own", metrics="coverage")
    covered = bounds.row("ps.forecast")
    rows[-1] |= {"seconds": seconds, **{f"{level} %": covered[f"coverage_{level}"] for level in _LEVELS}}
    return rows, result


def _tried_table(name: str, result: Forecast) -> Table:
    """List every network and model that was tried, with its error on the last horizons of the training rows."""
    networks = [{"tried": f"network {each}", "error": error} for each, error in result.tried.items()]
    parts = [{"tried": label, "error": error, "weight": weight} for label, error, weight in result.parts]
    title = f"{name}: tried by ps.forecast on the last training horizons"
    return Table(title, {"tried": "", "error": ".3f", "weight": ".2f"}, [*networks, *parts])


def _published_table(name: str, published: pd.DataFrame) -> Table:
    shown = published.head(_SHOWN)
    wanted = published["model"].str.contains("DeepAR|ES-RNN|LSTM|GRU")
    shown = pd.concat([shown, published[wanted & ~published.index.isin(shown.index)]])
    rows = [
        {"model": row.model, "MASE": _number(row.MASE), "sMAPE": _number(row.sMAPE), "source": row.source}
        for row in shown.itertuples()
    ]
    return Table(
        f"{name}: published, the best and the recurrent",
        {"model": "", "MASE": ".3f", "sMAPE": ".2f", "source": ""},
        rows,
    )


def _number(value: Any) -> float | None:
    return None if value is None or np.isnan(value) else float(value)
