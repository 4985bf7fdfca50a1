"""Late, double, missing and unusable rows; intervals; files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.errors import DataWarning
from penstock.intervals.conformal import ResidualStream
from penstock.storage import read_model, write_model
from penstock.streaming.bounds import StreamBounds
from penstock.streaming.saved import read_stream
from penstock.streaming.stream import Stream

FRAME = pd.DataFrame({
    "ds": pd.date_range("2024-01-01", periods=120, freq="h"), "y": 5 + np.sin(np.arange(120.0) ** 1.3),
})  # fmt: skip
TRAIN, TIMES = FRAME[:100], FRAME.ds.to_numpy()


@pytest.fixture(scope="module")
def model() -> ps.Forecaster:
    network = ps.Network([ps.LSTM(4)])
    return ps.Forecaster(network, window=8, epochs=1, batch=32, seed=1, horizon=2, transform="log").fit(TRAIN)


def yhat(stream: Stream, row: int, y: float | None = -1.0) -> list[float]:
    answer = stream.push(TIMES[row], float(FRAME.y[row]) if y == -1.0 else y)
    assert answer is not None
    return answer.yhat.tolist()


def test_late_and_double_rows_are_refused_or_dropped(model: ps.Forecaster) -> None:
    stream, dropping = model.stream(), model.stream(late="drop", duplicate="drop")
    for each in (stream, dropping):
        yhat(each, 100)
    with pytest.raises(ps.DataError, match=r"2024-01-05T04:00:00 is known already; allowed: duplicate='drop'"):
        stream.push(TIMES[100], 5.0)
    with pytest.raises(ps.DataError, match=r"T03:30:00 is late: the newest is at 2024-01-05T04:00:00"):
        stream.push(TIMES[99] + np.timedelta64(30, "m"), 5.0)
    assert dropping.push(TIMES[99], 5.0) is None
    assert dropping.push(TIMES[0], 5.0) is None
    assert dropping.dropped == 2
    assert yhat(stream, 101) == yhat(dropping, 101)


@pytest.mark.parametrize(("minutes", "steps"), [(20, "0.333"), (90, "1.5")])
def test_a_row_between_the_steps_is_refused(model: ps.Forecaster, minutes: int, steps: str) -> None:
    stream = model.stream(missing="ffill")
    with pytest.raises(
        ps.DataError, match=rf"is {steps} steps later than the newest, .* a whole number of steps apart"
    ):
        stream.push(TIMES[99] + np.timedelta64(minutes, "m"), 5.0)
    assert yhat(stream, 100) == yhat(model.stream(), 100)
    assert stream.push(TIMES[100] + np.timedelta64(62, "m"), 5.0) is not None  # late by two minutes


def test_a_missing_row_is_refused_or_carried_and_amended_when_it_comes(model: ps.Forecaster) -> None:
    stream = model.stream()
    with pytest.raises(ps.DataError, match=r"2 rows are missing between 2024-01-05T03:00:00 and 2024-01-05T06:00:00"):
        stream.push(TIMES[102], 5.0)
    with pytest.raises(ps.DataError, match="y is missing; give a number"):
        stream.push(TIMES[100], None)
    amending = model.stream(missing="ffill", late="amend", duplicate="replace")
    carried = yhat(amending, 102)
    by_hand = model.stream(missing="ffill")
    yhat(by_hand, 100, None)
    yhat(by_hand, 101, None)
    assert carried == yhat(by_hand, 102)
    assert amending.carried == 2
    amending.push(TIMES[100], float(FRAME.y[100]))
    amending.push(TIMES[101], 4.0)
    late = amending.push(TIMES[101], float(FRAME.y[101]))  # known by now: replaced
    assert amending.amended == 3
    whole = model.stream()
    assert late is not None
    assert late.yhat.tolist() == [yhat(whole, row) for row in (100, 101, 102)][-1]
    with pytest.raises(ps.DataError, match="has no place among the rows that are kept"):
        amending.push(TIMES[100] + np.timedelta64(1, "m"), 5.0)


def test_rows_of_one_name_are_taken_for_the_series_without_a_name_as_in_predict(model: ps.Forecaster) -> None:
    stream, without = model.stream(), model.stream()
    with pytest.warns(DataWarning, match="one series without a name; the rows of 'B' are taken for it"):
        wanted = model.predict(FRAME[:101].assign(unique_id="B"))["yhat"].to_numpy()
    with (
        pytest.warns(DataWarning, match="the rows of 'A' are taken for it"),
        pytest.raises(ps.DataError, match="y is missing"),
    ):
        stream.push(TIMES[100], None, id="A")  # refused: the stream is as it was
    with pytest.warns(DataWarning, match="the rows of 'B' are taken for it"):
        answer = stream.push(TIMES[100], float(FRAME.y[100]), id="B")
    assert answer is not None
    np.testing.assert_allclose(answer.yhat, wanted, rtol=1e-6)
    assert answer.yhat.tolist() == yhat(without, 100)
    with pytest.raises(ps.DataError, match="series 'A' is another than 'B', whose rows are taken for the one series"):
        stream.push(TIMES[101], 5.0, id="A")
    answer = stream.push(TIMES[101], float(FRAME.y[101]), id="B")
    assert answer is not None
    assert answer.yhat.tolist() == yhat(without, 101)
    assert repr(stream) == f"Stream({model.label}, 1 series, rows to 2024-01-05T05:00:00, {stream.mode})"


def test_values_that_cannot_be_used_leave_the_stream_as_it_was(model: ps.Forecaster) -> None:
    stream = model.stream(level=80)
    for given, message in (
        ((TIMES[100], np.inf), "not finite"), ((TIMES[100], -1.0), "is not positive, which transform='log' needs"),
        ((TIMES[100], "five"), "is no number"), ((100, 5.0), "is a number, but the column 'ds' of the fit held dates"),
        ((np.datetime64("1500-01-01"), 5.0), "the time 1500-01-01 lies beyond"),
        (("2024-01-05 04:00+01:00", 5.0), "has the time zone"), (("soon", 5.0), "is no time"),
    ):  # fmt: skip
        with pytest.raises(ps.DataError, match=message):
            stream.push(*given)
    with pytest.raises(ps.OptionError, match="'volume' is no past or known covariate"):
        stream.push(TIMES[100], 5.0, volume=1.0)
    for wrong, message in (
        ({"late": "dorp"}, "did you mean 'drop'"), ({"missing": "indicator"}, "was fitted with missing='error'"),
        ({"intervals": "conformal"}, "window=None is not for streams"), ({"level": 0.8}, "did you mean 80"),
    ):  # fmt: skip
        with pytest.raises(ps.OptionError, match=message):
            model.stream(**wrong)
    assert yhat(stream, 100) == yhat(model.stream(level=80), 100)


def test_bounds_are_those_of_adaptive_conformal_inference() -> None:
    rng = np.random.default_rng(0)
    y, made, spread = rng.normal(size=300).cumsum(), rng.normal(size=(300, 2)), np.ones(300)
    adaptive, levels = ps.Adaptive(window=30, gamma=0.05), (60, 90)
    bounds = StreamBounds(1, 2, levels, adaptive)
    calibration = rng.normal(size=(40, 2))
    bounds.calibrate(0, calibration)
    half = []
    for row in range(300):
        bounds.observe(0, y[row])
        half.append(bounds.give(0, made[row], spread[row]))
    for step in range(2):
        cutoffs = np.arange(300 - 1 - step)
        residuals = y[cutoffs + 1 + step] - made[cutoffs, step]
        stream = ResidualStream(calibration[:, step], residuals, cutoffs, cutoffs + 1 + step)
        wanted = adaptive.bounds(stream, levels)
        np.testing.assert_allclose(np.array(half)[cutoffs, :, step].T, wanted[:, 1], rtol=1e-12)
    assert abs(float(bounds.alpha[0, 0, 1]) - 0.1) > 0.01  # it moved


def test_intervals_are_infinite_until_enough_errors_are_known() -> None:
    network = ps.Network([ps.LSTM(4)])
    bare = ps.Forecaster(network, window=8, epochs=1, batch=32, seed=1, horizon=2, validation=0).fit(TRAIN)
    stream = bare.stream(level=50)
    widths = [stream.push(TIMES[row], float(FRAME.y[row])).interval()[1] for row in range(100, 104)]
    assert np.isinf(widths[0]).all()
    assert np.isfinite(widths[1][0])
    assert np.isinf(widths[1][1])
    assert np.isfinite(widths[2]).all()


def test_a_stream_goes_on_from_its_file_with_the_same_bits(model: ps.Forecaster, tmp_path: Path) -> None:
    stream = model.stream(level=[60, 80], late="drop")
    for row in range(100, 104):
        yhat(stream, row)
    assert stream.push(TIMES[100] - np.timedelta64(30, "m"), 3.0) is None
    stream.save(tmp_path / "a.penstock")
    again = ps.load_stream(tmp_path / "a.penstock")
    assert (again.dropped, again.levels, again.late) == (1, (60, 80), "drop")
    for row in range(104, 108):
        first, second = (each.push(TIMES[row], float(FRAME.y[row])) for each in (stream, again))
        assert (first.values == second.values).all()
        assert first.times.tolist() == second.times.tolist()
    model.save(tmp_path / "m.penstock")
    with pytest.raises(ps.ModelFileError, match="holds no stream"):
        ps.load_stream(tmp_path / "m.penstock")
    with pytest.raises(ps.ModelFileError, match=r"holds a stream, no model; penstock\.load_stream reads"):
        ps.load(tmp_path / "a.penstock")


def test_files_that_were_edited_are_refused(model: ps.Forecaster, tmp_path: Path) -> None:
    path = tmp_path / "a.penstock"
    model.stream(level=80).save(path)
    description, arrays = read_model(path)
    description = json.loads(json.dumps(description))

    def refused(message: str, about: dict[str, Any] | None = None, **changed: np.ndarray) -> None:
        new = {**description, "stream": {**description["stream"], **(about or {})}}
        write_model(path, new, {**arrays, **{name.replace("__", "."): each for name, each in changed.items()}})
        with pytest.raises(ps.ModelFileError, match=message):
            ps.load_stream(path)

    refused("lies outside its bounds", stream__rows__end=arrays["stream.rows.end"] + 10**6)
    refused("lies outside its bounds", stream__bounds__oldest=arrays["stream.bounds.oldest"] - 1)
    refused("do not rise", stream__rows__times=arrays["stream.rows.times"][:, ::-1].copy())
    refused("not positive", stream__rows__y=-arrays["stream.rows.y"])
    refused("those by age", stream__bounds__ordered=arrays["stream.bounds.ordered"][..., ::-1].copy())
    refused("has the shape", stream__rows__y=arrays["stream.rows.y"][:, 1:].copy())
    refused("dropped is no count", {"dropped": -1})
    refused("late='maybe' is unknown", {"late": "maybe"})


def test_a_frame_of_rows_gives_the_forecasts_after_the_last(model: ps.Forecaster) -> None:
    stream = model.stream(level=80)
    answer = stream.push_frame(FRAME[100:104])
    one_by_one = model.stream(level=80)
    for row in range(100, 104):
        last = one_by_one.push(TIMES[row], float(FRAME.y[row]))
    assert answer.columns.tolist() == ["ds", "yhat", "lo-80", "hi-80"]
    assert (last.values == answer[["yhat", "lo-80", "hi-80"]].to_numpy().T).all()
    assert answer.ds.tolist() == list(pd.to_datetime(TIMES[104:106]))


def test_a_time_that_is_wrong_by_years_is_not_carried_to(model: ps.Forecaster) -> None:
    stream = model.stream(missing="ffill")
    with pytest.raises(
        ps.DataError, match=r"\d{2},\d{3} rows are missing between .*; at most 10,000 are carried forward"
    ):
        stream.push(np.datetime64("2034-01-05T04:00"), 5.0)
    assert stream.carried == 0
    assert stream.push(TIMES[101], 5.0) is not None
    assert stream.carried == 1


def test_a_stream_that_is_read_may_share_a_model(model: ps.Forecaster, tmp_path: Path) -> None:
    stream = model.stream()
    stream.save(tmp_path / "s.penstock")
    again = read_stream(tmp_path / "s.penstock", model=model)
    assert again.model is model
    assert (again.push(TIMES[100], 5.0).values == stream.push(TIMES[100], 5.0).values).all()
