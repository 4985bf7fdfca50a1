"""waves: one to many. Three numbers unfold into a wave, told to the first state only or at every step.

Generated data: amplitude, frequency and phase, drawn evenly, and the 60 values of the sine wave that they describe. The
test waves are other draws. A ridge regression on the three numbers and their products, which knows no time, is the
baseline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.layers.declared import LSTM
from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.report.table import Table
from penstock.sequences.to_sequence import SequenceToSequence
from penstock.studies.figures import Figure
from penstock.studies.result import StudyResult
from penstock.studies.study import Request
from penstock.training.optimizers import Adam

if TYPE_CHECKING:
    from penstock.report.svg import Picture

__all__ = ["run", "waves"]

STEPS, TEST = 60, 500
TABLE = {"model": "", "RMSE": ".4f", "R²": ".4f", "parameters": ",", "epochs": ""}

Values = NDArray[np.float64]


def waves(count: int, rng: np.random.Generator) -> tuple[Values, Values]:
    """Draw what describes waves ``[count, 3]``, and the waves ``[count, 60]``.

    Examples
    --------
    >>> told, wave = waves(2, np.random.default_rng(0))
    >>> told.shape, wave.shape, bool((np.abs(wave) <= told[:, :1]).all())
    ((2, 3), (2, 60), True)
    """
    amplitude, frequency, phase = rng.uniform((0.5, 1.0, 0.0), (1.5, 3.0, np.pi), size=(count, 3)).T
    time = np.arange(STEPS) / STEPS
    wave = amplitude[:, None] * np.sin(2 * np.pi * frequency[:, None] * time + phase[:, None])
    return np.stack([amplitude, frequency, phase], axis=1), wave


def run(request: Request) -> StudyResult:
    """Train both networks and compare what they tell of waves that they have not seen."""
    rng = np.random.default_rng(request.seed)
    given, true = waves(request.options.train, rng)
    new, truth = waves(TEST, rng)
    models = {
        "told to the first state": _fit(request, "initial_state", given, true),
        "told at every step": _fit(request, "every_step", given, true),
    }
    told = {name: model.predict(new) for name, model in models.items()}
    told["ridge on products of the three"] = _ridge(given, true, new)
    rows = [_row(name, each, truth, models.get(name)) for name, each in told.items()]
    errors = {row["model"]: row["RMSE"] for row in rows}
    best = min(models, key=lambda name: errors[name])
    ridge = "ridge on products of the three"
    return StudyResult(
        "waves",
        request,
        {"learned from": len(given), "test waves": TEST, "steps": STEPS},
        [Figure("RMSE", None, errors[best], baseline=ridge, baseline_value=errors[ridge])],
        [Table("Waves not seen before", TABLE, rows)],
        [
            f"A vector unfolds into {STEPS} steps with an RMSE of {errors[best]:.4f} ({best}), against "
            f"{errors[ridge]:.4f} of a ridge regression that knows no time and {truth.std():.4f} of the mean."
        ],
        draw=lambda: _pictures(truth, told),
    )


def _fit(request: Request, condition: str, given: Values, true: Values) -> SequenceToSequence:
    network = EncoderDecoder([], LSTM(request.options.units), condition=condition, autoregressive=False)
    model = SequenceToSequence(
        network,
        loss="mse",
        optimizer=Adam(0.005),
        batch=64,
        patience=20,
        clip=1.0,
        **request.training(150),
    )
    return model.fit(given, true)


def _ridge(given: Values, true: Values, new: Values) -> Values:
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    model = make_pipeline(StandardScaler(), PolynomialFeatures(3), RidgeCV(np.logspace(-4, 4, 17)))
    found: Values = model.fit(given, true).predict(new)
    return found


def _row(name: str, told: Values, truth: Values, model: SequenceToSequence | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "model": name,
        "RMSE": float(np.sqrt(np.mean((told - truth) ** 2))),
        "R²": float(1 - np.mean((told - truth) ** 2) / truth.var()),
    }
    if model is not None:
        row |= {"parameters": model.parameters_, "epochs": ", ".join(map(str, model.history_.epochs))}
    return row


def _pictures(truth: Values, told: dict[str, Values]) -> list[Picture]:
    from penstock.report.lines import Curves, curves_picture

    time = np.arange(STEPS)
    lines = [{"the wave": truth[place], **{name: each[place] for name, each in told.items()}} for place in (0, 1)]
    panels = [Curves({name: (time, wave) for name, wave in each.items()}, "step", "") for each in lines]
    return [curves_picture("Two waves not seen before", "Each is told from three numbers alone.", panels)]
