"""dates: dates as people write them, told as ISO dates, by an encoder-decoder with attention and without.

Generated data, as teaching texts on attention use: days from 1950 to 2049, each written once in one of the forms of
`FORMS`. The days of the test are in no training sample. Both networks are trained in the same way on the same samples,
and decode freely: they are fed their own characters and say themselves where the date ends.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from penstock.layers.attention import AdditiveAttention, Attention
from penstock.layers.bidirectional import Bidirectional
from penstock.layers.declared import GRU
from penstock.layers.embedding import Embedding
from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.report.table import Table
from penstock.sequences.to_sequence import SequenceToSequence
from penstock.studies.figures import Figure
from penstock.studies.result import StudyResult
from penstock.studies.study import Request
from penstock.training.optimizers import Adam

if TYPE_CHECKING:
    from penstock.report.svg import Picture

__all__ = ["FORMS", "dates", "run", "written"]

FORMS = (
    "{day} {month} {year}", "{month} {day}, {year}", "{weekday}, {day} {month} {year}", "{day} {mon} {year}",
    "{weekday} {month} {day} {year}", "{day}{th} of {month} {year}", "{month} the {day}{th}, {year}",
    "{mon}. {day}, {year}", "{day}-{mon}-{year}", "{number_month}/{day}/{year}", "{day}.{number_month}.{year}",
    "{year}/{number_month}/{day}", "{day2}.{month2}.{year}", "{month2}/{day2}/{year}", "{year} {mon} {day}",
    "the {day}{th} day of {month}, {year}",
)  # fmt: skip
"""How the dates are written: with slashes the month stands first, with dots the day."""

FIRST, LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)
TEST = 2000
TABLE = {"model": "", "exact": ".2%", "characters right": ".3%", "parameters": ",", "epochs": ""}
PAD = 0  # the id of a character that no training sample holds


def written(day: datetime.date, form: str) -> str:
    """Write a day in a form.

    Examples
    --------
    >>> written(datetime.date(1979, 5, 3), "{day}{th} of {month} {year}")
    '3rd of may 1979'
    """
    th = "th" if day.day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    month = day.strftime("%B")
    return form.format(
        day=day.day, month=month, year=day.year, weekday=day.strftime("%A"), th=th, mon=month[:3],
        number_month=day.month, day2=f"{day.day:02d}", month2=f"{day.month:02d}",
    ).lower()  # fmt: skip


@lru_cache(maxsize=4)
def dates(train: int, seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Generate dates as people write them, and as ISO dates; the last 2,000 are days that occur nowhere else.

    Examples
    --------
    >>> free, iso = dates(100, seed=0)
    >>> len(free), len(set(iso))
    (2100, 2100)
    """
    rng = np.random.default_rng(seed)
    days = rng.choice((LAST - FIRST).days + 1, size=train + TEST, replace=False)
    chosen = [FIRST + datetime.timedelta(days=int(number)) for number in days]
    forms = rng.integers(len(FORMS), size=len(chosen))
    free = tuple(written(day, FORMS[form]) for day, form in zip(chosen, forms, strict=True))
    return free, tuple(day.isoformat() for day in chosen)


def run(request: Request) -> StudyResult:
    """Train both networks and let them tell the days that they have not seen."""
    options = request.options
    free, iso = dates(options.train, request.seed)
    characters = sorted({character for text in free[:-TEST] for character in text})
    alphabet = {character: number for number, character in enumerate(characters, start=PAD + 1)}
    ids = [[alphabet.get(character, PAD) for character in text] for text in free]
    models = {
        name: _fit(request, len(alphabet) + 1, attention, ids[:-TEST], iso[:-TEST])
        for name, attention in (("with attention", AdditiveAttention(options.units)), ("without attention", None))
    }
    told = {name: ["".join(each) for each in model.predict(ids[-TEST:])] for name, model in models.items()}
    attending = models["with attention"]
    told["with attention, beam of 5"] = ["".join(each) for each in attending.predict(ids[-TEST:], beam=5)]
    told["pandas.to_datetime"] = _pandas(free[-TEST:])
    truth = iso[-TEST:]
    rows = [_row(name, each, truth, models.get(name)) for name, each in told.items()]
    exact = {row["model"]: row["exact"] for row in rows}
    lengths = [len(text) for text in free]
    facts = {
        "learned from": options.train,
        "test days, in no training sample": TEST,
        "forms": len(FORMS),
        "characters known": len(alphabet),
        "lengths": f"{min(lengths)} to {max(lengths)} characters",
        "forms, as written": "; ".join(written(datetime.date(1979, 5, 3), form) for form in FORMS[:6]),
    }
    parser = "pandas.to_datetime"
    best, plain = exact["with attention"], exact["without attention"]
    pairs = zip(free[-TEST:], told["with attention"], truth, strict=True)
    wrong = [(text, mine) for text, mine, true in pairs if mine != true]
    shown = "; ".join(f"{text} as {mine or 'nothing'}" for text, mine in wrong[:3])
    verdict = [
        f"With attention {best:.2%} of {TEST:,} unseen days are told exactly, without {plain:.2%}; a parser of dates "
        f"that knows English dates, and is told where the day stands first, reads {exact[parser]:.2%}."
    ]
    return StudyResult(
        "dates",
        request,
        facts,
        [Figure("dates told exactly", None, best, baseline=parser, baseline_value=exact[parser], form=".2%")],
        [Table("Unseen days", TABLE, rows)],
        verdict,
        notes=[f"Told wrongly: {shown}."] if wrong else [],
        draw=lambda: _pictures(attending, ids[-TEST:], free[-TEST:], told["with attention"]),
    )


def _fit(
    request: Request, vocabulary: int, attention: Attention | None, ids: Sequence[Sequence[int]], iso: Sequence[str]
) -> SequenceToSequence:
    units = request.options.units
    network = EncoderDecoder(
        [Embedding(vocabulary, 16), Bidirectional(GRU(units))], GRU(units), attention, embedding=16
    )
    model = SequenceToSequence(
        network,
        optimizer=Adam(0.003),
        batch=64,
        patience=5,
        clip=1.0,
        validation=0.05,
        **request.training(20),
    )
    return model.fit(list(ids), list(iso))


def _row(name: str, told: Sequence[str], truth: Sequence[str], model: SequenceToSequence | None) -> dict[str, Any]:
    right = [sum(a == b for a, b in zip(mine, true, strict=False)) for mine, true in zip(told, truth, strict=True)]
    row: dict[str, Any] = {
        "model": name,
        "exact": float(np.mean([mine == true for mine, true in zip(told, truth, strict=True)])),
        "characters right": sum(right) / sum(len(true) for true in truth),
    }
    if model is not None:
        row |= {"parameters": model.parameters_, "epochs": ", ".join(map(str, model.history_.epochs))}
    return row


def _pandas(texts: Sequence[str]) -> list[str]:
    import pandas as pd

    read = []
    for text in texts:
        try:
            read.append(f"{pd.to_datetime(text, dayfirst='.' in text[:3]):%F}")  # told our rule: with dots, day first
        except (ValueError, OverflowError):
            read.append("")
    return read


def _pictures(
    model: SequenceToSequence, ids: Sequence[Sequence[int]], free: Sequence[str], told: Sequence[str]
) -> list[Picture]:
    from penstock.report.grid import attention_picture
    from penstock.report.pictures import loss_picture

    shown = [next(place for place, text in enumerate(free) if word in text) for word in (" of ", ", ")]
    maps = model.attention([ids[place] for place in shown])
    pictures = [
        attention_picture(
            f"What each character of the ISO date attends to: {free[place]}",
            "Rows are the characters that are told, from the top; columns those that are read. Dark is attention.",
            weights,
            list(free[place]),
            [*told[place], "end"],
        )
        for place, weights in zip(shown, maps, strict=True)
    ]
    history = model.history_
    losses = loss_picture("with attention", history.training_loss, history.validation_loss, "on validation days")
    return [*pictures, losses]
