"""hitters: salaries of baseball players by linear models, a forest and a network, over one split and a hundred.

Source: James, Witten, Hastie, Tibshirani & Taylor, *An Introduction to Statistical Learning with Python*, sections 10.6
and 10.9.1. Its relaxed lasso (MAE 224.8) was fitted on the TEST rows, as the text says; ours on training rows. A
random forest stands beside, which the source leaves out: what bends may also be had without a network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from penstock.datasets.islp import hitters
from penstock.errors import DataError
from penstock.evaluation.leaks import Leak
from penstock.layers.dense import Dense
from penstock.layers.dropout import Dropout
from penstock.layers.flatten import Flatten
from penstock.networks.network import Network
from penstock.report.table import Table
from penstock.sequences.regressor import SequenceRegressor
from penstock.studies.figures import Figure
from penstock.studies.linear_models import Lassos, fit_lassos, fit_linear, mean_error
from penstock.studies.many_splits import splits_tables, splits_verdict
from penstock.studies.result import StudyResult
from penstock.studies.study import Request

if TYPE_CHECKING:
    from penstock.report.svg import Picture

__all__ = ["run"]

Values = NDArray[np.float64]

_ROWS = 263
_NET = Network([Flatten(1)], dense=[Dense(50), Dropout(0.4)])
_PUBLISHED = {"linear": 259.72, "lasso": 235.68, "network": 221.83}
_COEFFICIENTS = {  # the book's Table 10.3: least squares of the test rows on what the lasso chose
    "intercept": (-226.67, 86.26), "Hits": (3.06, 1.02), "Walks": (0.181, 2.04), "CRuns": (0.859, 0.12),
    "PutOuts": (0.465, 0.13),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Players:
    """The complete rows: figures of play ``[n, 19]``, salaries ``[n]``, names of the columns."""

    X: Values
    y: Values
    names: tuple[str, ...]

    def split(self, seed: int) -> tuple[Values, Values, Values, Values]:
        """Split as the lab does: a third to test."""
        from sklearn.model_selection import train_test_split

        X, X_test, y, y_test = train_test_split(self.X, self.y, test_size=1 / 3, random_state=seed)
        return X, X_test, y, y_test


def run(request: Request) -> StudyResult:
    """Fit on the lab's split, then on many."""
    table = _read(request)
    X, X_test, y, y_test = table.split(1)
    members = _network(request, X, y, X_test, request.networks, y_test if request.leaking else None)
    maes, lassos = _others(X, X_test, y, y_test)
    each = np.abs(members - y_test).mean(axis=1)
    net = float(np.median(each))
    ensemble = float(np.abs(members.mean(axis=0) - y_test).mean())
    rows: list[dict[str, Any]] = [
        {"model": f"network, median of {len(each)} members", "MAE": net},
        {"model": "· lowest", "MAE": float(each.min()), "mark": "minor"},
        {"model": "· highest", "MAE": float(each.max()), "mark": "minor"},
        {"model": "· mean of their forecasts", "MAE": ensemble, "mark": "minor"},
        *({"model": name, "MAE": value} for name, value in maes.items()),
    ]
    best = min(maes, key=lambda name: maes[name])
    many = _many(request, table)
    pairs, summary = splits_tables(many)
    kept = ", ".join(table.names[column] for column in lassos.kept)
    return StudyResult(
        "hitters",
        request,
        {
            "players": len(table.y),
            "train": len(y),
            "test": len(y_test),
            "columns": len(table.names),
            "the lasso keeps": kept,
            "random splits": request.options.splits,
        },
        [
            Figure(
                "MAE of the network", _PUBLISHED["network"], net, float(each.min()), float(each.max()), best,
                maes[best], ".2f",
            ),
            Figure("MAE of the linear model", _PUBLISHED["linear"], maes["linear"], form=".2f"),
            Figure("MAE of the lasso", _PUBLISHED["lasso"], maes["lasso"], form=".2f"),
            Figure("MAE of the relaxed lasso", 224.8, maes["relaxed lasso"], form=".2f"),
        ],
        [
            Table("Mean absolute error on the lab's split, 1,000 dollars", {"model": "", "MAE": ".2f"}, rows),
            summary,
            pairs,
            _coefficients(table, lassos, X, y),
        ],
        [splits_verdict(many)],
        leaks=[Leak.STOPPING.value] if request.leaking else (),
        notes=[f"{len(y_test)} test rows decide little: see how the models change places over the random splits."],
        draw=lambda: [_spread(many)],
    )  # fmt: skip


def _read(request: Request) -> Players:
    frame = hitters(request.data).dropna()
    if len(frame) != _ROWS:
        raise DataError(
            f"the file has {len(frame)} complete rows, but {_ROWS} are needed: it is cut off or another one."
        )
    X = pd.get_dummies(frame.drop(columns="Salary"), drop_first=True, dtype=float)
    return Players(X.to_numpy(), frame["Salary"].to_numpy(dtype=float), tuple(X.columns))


def _forest(X: Values, y: Values, X_test: Values, y_test: Values) -> float:
    """Give the mean absolute error of a random forest with scikit-learn's usual options, which nobody tuned."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(200, random_state=0).fit(X, y)
    return float(np.abs(forest.predict(X_test) - y_test).mean())


def _network(
    request: Request, X: Values, y: Values, X_test: Values, members: int, y_validation: Values | None, seed: int = 0
) -> Values:
    """Train the lab's network and give each member's forecasts of the test rows, ``[members, n]``."""
    model = SequenceRegressor(
        network=_NET,
        loss="mse",
        optimizer="rmsprop",
        batch=32,
        patience=None if y_validation is None else 25,
        validation=0,
        **(request.training(50, seed=seed) | {"members": members}),
    )
    model.fit(X[:, None], y, validation=None if y_validation is None else (X_test[:, None], y_validation))
    return model.y_scaling_.inverse(model.outputs(X_test[:, None]))[:, :, 0]


def _many(request: Request, table: Players) -> dict[str, Values]:
    """Give each model's mean absolute error on every random split, ``[splits]``; the network has one member each."""
    errors = []
    for split in range(request.options.splits):
        X, X_test, y, y_test = table.split(1000 + split)
        forecast = _network(request, X, y, X_test, 1, None, seed=split)[0]
        errors.append({"network": float(np.abs(forecast - y_test).mean()), **_others(X, X_test, y, y_test)[0]})
    return {name: np.array([each[name] for each in errors]) for name in errors[0]}


def _others(X: Values, X_test: Values, y: Values, y_test: Values) -> tuple[dict[str, float], Lassos]:
    """Give the mean absolute error of every model but the network, and the lassos."""
    lassos = fit_lassos(X, y)
    errors = {
        "linear": mean_error(fit_linear(X, y), X_test, y_test),
        "lasso": mean_error(lassos.lasso, X_test, y_test),
        "relaxed lasso": mean_error(lassos.relaxed, X_test, y_test),
        "random forest": _forest(X, y, X_test, y_test),
        "mean salary": float(np.abs(y_test - y.mean()).mean()),
    }
    return errors, lassos


def _spread(many: dict[str, Values]) -> Picture:
    from penstock.report.evidence import spread_picture

    caption = "Each point is one random split into 175 and 88 players; the bars are the means."
    means = {name: float(each.mean()) for name, each in many.items()}
    return spread_picture("Over random splits", caption, many, means, "mean absolute error, thousands of dollars")


def _coefficients(table: Players, lassos: Lassos, X: Values, y: Values) -> Table:
    """Regress the TRAINING salaries on what the lasso keeps; the book's table, of test rows, stands beside."""
    from statsmodels.regression.linear_model import OLS

    names = ["intercept", *(table.names[column] for column in lassos.kept)]
    fit = OLS(y, np.column_stack([np.ones(len(y)), X[:, lassos.kept]])).fit()
    ours = dict(zip(names, zip(fit.params, fit.bse, fit.pvalues, strict=True), strict=True))
    rows = []
    for name in [*names, *(name for name in _COEFFICIENTS if name not in names)]:
        row: dict[str, Any] = {"term": name}
        if name in ours:
            row |= dict(zip(("coefficient", "std. error", "p"), map(float, ours[name]), strict=True))
        if name in _COEFFICIENTS:
            row |= dict(zip(("published", "its std. error"), _COEFFICIENTS[name], strict=True))
        rows.append(row)
    forms = {
        "term": "",
        "coefficient": ".3f",
        "std. error": ".3f",
        "p": "p",
        "published": ".3f",
        "its std. error": ".2f",
    }
    notes = [
        "Ours is fitted on the training rows of the lab's split. The lasso chose the columns on the same rows, so that "
        "the p-values are too small. The published one was fitted on the test rows of another split."
    ]
    return Table("Least squares on what the lasso keeps", forms, rows, notes)  # fmt: skip
