"""What the notes below a table of scores say: formulas, weights, the season, the test, and the marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.evaluation.verdict import SIGNIFICANT
from penstock.files import jsonable

if TYPE_CHECKING:
    from penstock.evaluation.comparison import Comparison

__all__ = ["covered_words", "forecast_words", "score_notes", "scores_json", "steps_ahead"]


def score_notes(comparison: Comparison) -> list[str]:
    """Say how to read the table of scores.

    Parameters
    ----------
    comparison
        The comparison.

    Returns
    -------
    The sentences: the scores first, then the test and the marks.
    """
    scoring = comparison.scoring
    judged = scoring.judged.heading
    about = " ".join(scoring.notes(comparison.score_options))
    loss = "MSE" if scoring.judged.key == "rmse" else judged
    if "pearson" in scoring.shown:
        about += " Pearson and Spearman correlate forecasts with actual LEVELS, which the last value alone does well."
    about += f" Skill is 1 − {loss} / {loss} of the last value: above zero is better."
    if len(scoring.series) > 1:
        about += f" Won is the share of the series on which a model has the lowest {judged} of all."
    if any(row["members"]["count"] > 1 for row in comparison.rows):
        about += " A model of several members forecasts their mean or median."
    test = f"{scoring.test.sentence} It takes {'squared errors' if loss == 'MSE' else judged}."
    if scoring.test.name:
        test += f" {scoring.test.heading} is its statistic against the last value, negative where a model is better"
        tested = sum(row["dm_pvalue"] == row["dm_pvalue"] for row in comparison.rows)
        many = ", and p Holm is corrected for the number of models" if tested > 1 else ""
        corrected = "corrected p" if tested > 1 else "p"
        test += (
            f", and p its p-value{many}. ▲ (green) and ▼ (red) mark differences whose {corrected} is below "
            f"{SIGNIFICANT:g}."
        )
    return [about, test]


def scores_json(comparison: Comparison) -> dict[str, Any]:
    """Return what the scores are and how models were tested, ready for JSON.

    Parameters
    ----------
    comparison
        The comparison.

    Returns
    -------
    Formula and weights of each metric, the season, the judged metric, and the test with its reason and assumption.
    """
    scoring = comparison.scoring
    about = {
        metric.key: {"heading": metric.heading, "formula": metric.words, "weights": metric.weights}
        for metric in scoring.metrics
    }
    return {
        "metrics": about,
        "judged_by": scoring.judged.key,
        "season": scoring.rows.season,
        "test": jsonable(scoring.test.to_json()),
        "notes": list(comparison.notes),
    }


def covered_words(comparison: Comparison) -> list[str]:
    """Say what was not compared, what fits chose, and what ran otherwise than asked."""
    said = [] if comparison.coverage is None else list(comparison.coverage.sentences)
    said += comparison.scoring.left_out
    said += [f"{name}: {told}." for name, entry in comparison.entries.items() for told in entry.notes]
    return said + ([] if comparison.work is None else comparison.work.exceptions)


def forecast_words(comparison: Comparison) -> str:
    """Say what was forecast, and how often models were fitted."""
    split = comparison.split
    how = "once" if split.refit is None else f"every {split.refit} cutoffs"
    return f"{len(comparison.origins):,} cutoffs, {steps_ahead(split.horizon)}, models fitted {how}"


def steps_ahead(horizon: int) -> str:
    """Return the horizon in words."""
    return "1 step ahead" if horizon == 1 else f"{horizon} steps ahead"
