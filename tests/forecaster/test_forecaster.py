from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import penstock as ps

NETWORK = ps.Network([ps.LSTM(4)])


def test_the_scaler_sees_training_rows_only(walk: pd.DataFrame) -> None:
    model = ps.Forecaster(NETWORK, window=8, epochs=1).fit(walk[:100])
    y = walk["y"][:100]
    assert model.scaling_.shift.tolist() == [y.min()]
    assert model.scaling_.scale.tolist() == [y.max() - y.min()]


def test_the_validation_tail_is_cut_from_the_training_rows(walk: pd.DataFrame) -> None:
    assert ps.Forecaster(NETWORK, window=8, epochs=1, validation=0.25).fit(walk).validation_rows_.tolist() == [40]
    assert ps.Forecaster(NETWORK, window=8, epochs=1, validation=12).fit(walk).validation_rows_.tolist() == [12]
    assert ps.Forecaster(NETWORK, window=8, epochs=1, validation=0).fit(walk).validation_rows_.tolist() == [0]


def test_a_validation_frame_of_ones_own_is_watched_but_not_learned_from(walk: pd.DataFrame) -> None:
    def fit(ahead: pd.DataFrame) -> ps.Forecaster:
        model = ps.Forecaster(NETWORK, window=8, epochs=4, patience=None)
        return model.fit(walk[:130], validation=ahead)

    one, other = fit(walk[130:]), fit(walk[130:].assign(y=lambda frame: frame["y"] + 9))
    assert np.array_equal(one.history_.training_loss, other.history_.training_loss)
    assert not np.array_equal(one.history_.validation_loss, other.history_.validation_loss)
    with pytest.raises(
        ps.DataError, match="begin at 2020-06-30.*, not after the training rows, which end at 2020-06-30"
    ):
        fit(walk[129:])
    with pytest.raises(ps.DataError, match="the validation frame holds no whole horizon: 5 rows or more are needed"):
        ps.Forecaster(NETWORK, window=8, horizon=5, epochs=1).fit(walk[:130], validation=walk[130:133])


def test_learns_a_sine_better_than_the_last_value() -> None:
    y = np.sin(np.arange(240) / 5)
    frame = pd.DataFrame({"ds": np.arange(240), "y": y})
    model = ps.Forecaster(ps.Network([ps.LSTM(8)]), window=16, optimizer=ps.Adam(0.01), epochs=60, horizon=2, members=2)
    result = ps.compare([model], frame, ps.RollingOrigin(horizon=2, test=40))
    row = result.rows[0]
    assert row["model"] == "LSTM(8)"
    assert row["skill"] > 0.8
    assert row["dm_pvalue"] < 0.005
    assert result.verdicts["LSTM(8)"].startswith("LSTM(8) beats the last value: its RMSE is")


def test_the_forecast_is_the_mean_of_the_members(walk: pd.DataFrame) -> None:
    model = ps.Forecaster(NETWORK, window=8, epochs=2, members=3, horizon=2).fit(walk)
    from penstock.data.frames import read_panel

    panel, _ = read_panel(walk)
    members = model.forecast_panel(panel, panel.offsets[1:] - 1)
    assert members.shape == (3, 1, 2)
    np.testing.assert_array_equal(model.predict()["yhat"], members.mean(axis=0)[0])


@pytest.mark.slow
def test_two_nearly_equal_lengths_share_one_program(walk: pd.DataFrame) -> None:
    from penstock.training.config import TrainSpec
    from penstock.training.epoch import compiled_epoch
    from penstock.training.rates import separate

    model = ps.Forecaster(ps.Network([ps.LSTM(5)]), window=8, epochs=1, validation=20)
    model.clone().fit(walk[:152])
    before = compiled_epoch.cache_info().currsize
    spec = TrainSpec(model.network, model.train_config(model.head()), ps.Inputs(), 1)
    program = compiled_epoch(separate(spec)[0], True, quick=True)
    compiled = program._cache_size()  # type: ignore[attr-defined]
    model.clone().fit(walk[:153])
    assert compiled_epoch.cache_info().currsize == before
    assert program._cache_size() == compiled == 1  # type: ignore[attr-defined]


def test_summary() -> None:
    assert ps.Forecaster(ps.Network([ps.LSTM(20)])).summary().splitlines()[-1].split() == ["total", "1,781"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 0}, "window=0 is out of range; allowed: a whole number at least 1"),
        ({"horizon": -1}, "horizon=-1 is out of range"),
        ({"loss": "rmse"}, "loss='rmse' is unknown; did you mean 'mse'. Allowed: 'mse', 'mae', 'huber', 'direction'"),
        ({"scale": "min-max"}, "scale='min-max' is unknown; did you mean 'minmax'"),
        ({"optimizer": "rmspop"}, "optimizer='rmspop' is unknown; did you mean 'rmsprop'"),
        ({"transform": 3}, "transform=3 is a number; allowed: text among 'none', 'log', 'difference', 'log_return'"),
        ({"epochs": 2.5}, "epochs=2.5 is not a whole number"),
        ({"epochs": True}, "epochs=True is not allowed"),
        ({"members": None}, "members was None, but a value is needed"),
        ({"validation": 1.5}, "validation=1.5 is neither a share below 1 nor a whole number of rows"),
        ({"seed": 2**32}, "seed=4294967296 is out of range"),
        ({"network": [20]}, r"network=\[20\] is not allowed; allowed: Network"),
        ({"window": 0, "epochs": 0}, "epochs=0 .*; window=0"),
    ],
)
def test_options_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        ps.Forecaster(**{"network": NETWORK, **options})  # type: ignore[arg-type]


@pytest.mark.slow
def test_too_few_rows_for_window_horizon_and_validation(walk: pd.DataFrame) -> None:
    model = ps.Forecaster(NETWORK, window=20, horizon=3, validation=10)
    with pytest.raises(ps.DataError, match=r"33 are needed \(window 20 \+ horizon 3 \+ 10 for validation\)"):
        model.fit(walk[:32])
    assert model.set_params(epochs=1).fit(walk[:33]).validation_rows_.tolist() == [10]
    lossy = ps.Forecaster(NETWORK, window=20, transform="difference", validation=10)
    with pytest.raises(ps.DataError, match="32 are needed .* lost to the transform"):
        lossy.fit(walk[:31])
    share = ps.Forecaster(NETWORK, window=63, epochs=1)
    with pytest.raises(ps.DataError, match=r"72 are needed \(window 63 \+ horizon 1 \+ 8 for validation\)"):
        share.fit(walk[:71])
    share.fit(walk[:72])


def test_every_series_must_be_long_enough(walk: pd.DataFrame) -> None:
    both = pd.concat([walk, walk[:9].assign(unique_id="short")])
    with pytest.raises(ps.DataError, match="9 training rows of series 'short' are too few: 10 are needed"):
        ps.Forecaster(NETWORK, window=8, epochs=1).fit(both)


def test_constant_series(walk: pd.DataFrame) -> None:
    flat = walk.assign(y=5.0)
    with pytest.raises(ps.DataError, match=r"are constant \(5\), so 'minmax' scaling would divide by zero"):
        ps.Forecaster(NETWORK, window=8).fit(flat)
    out = ps.Forecaster(NETWORK, window=8, scale="none", epochs=1).fit(flat).predict()
    assert np.isfinite(out["yhat"]).all()


def test_truth_values_of_numpy_are_options() -> None:
    model = ps.Forecaster(ps.Network([ps.GRU(2)]), reverse=np.True_)  # type: ignore[arg-type]
    assert model.reverse is True
    assert ps.Network([ps.GRU(2)], return_sequences=np.bool_(False)) == ps.Network([ps.GRU(2)])  # type: ignore[arg-type]


@pytest.mark.slow
def test_what_is_no_part_of_a_fit_may_change_after_it() -> None:
    frame = pd.DataFrame({"ds": range(40), "y": np.sin(np.arange(40.0))})
    model = ps.Forecaster(ps.Network([ps.GRU(2)]), window=4, epochs=1, members=3, progress=False).fit(frame)
    model.progress, mean = None, model.predict()
    model.ensemble = "median"
    assert not model.predict().equals(mean)
    model.epochs = 2
    with pytest.raises(ps.OptionError, match="^epochs of this Forecaster changed since its fit; call fit again"):
        model.predict()


@pytest.mark.slow
def test_a_target_loss_without_validation_is_refused() -> None:
    frame = pd.DataFrame({"ds": range(40), "y": np.sin(np.arange(40.0))})
    model = ps.Forecaster(ps.Network([ps.GRU(2)]), window=4, epochs=1, target_loss=0.1, validation=0)
    with pytest.raises(ps.OptionError, match="target_loss=0.1 is a validation loss, but there are no validation sampl"):
        model.fit(frame)
    model.fit(frame, validation=frame.assign(ds=frame["ds"] + 40))


@pytest.mark.slow
def test_parameters_are_counted_before_a_fit_with_embeddings() -> None:
    frame = pd.DataFrame({"ds": range(40), "y": np.sin(np.arange(40.0)), "sector": "metals"})
    model = ps.Forecaster(ps.Network([ps.GRU(2)], embeddings=[3, 0]), window=4, epochs=1)
    before = model.parameters
    assert "Embedding(1, 3)" in model.summary()
    assert before == model.fit(frame.assign(land="here"), static=["sector", "land"]).parameters
