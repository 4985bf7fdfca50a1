"""The forecaster's covariates: what they teach it, how they are scaled and kept, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.covariate_encoder import CovariateEncoder
from penstock.data.frames import Columns, read_panel
from penstock.data.panel import Panel

SMALL = {"window": 4, "batch": 32, "scale": "standard", "optimizer": ps.Adam(0.02), "validation": 12, "seed": 1}
NETWORK = ps.Network([ps.RNN(4)], dense=[ps.Dense(6, "tanh")], embeddings=[2])
ROLES = {"past": "volume", "known": ["sale", "price"], "static": "unique_id"}


def shop(rows: int = 120) -> pd.DataFrame:
    """Two series that only covariates explain: the target follows the last volume, its own step's sale, the shop."""
    draw = np.random.default_rng(0)
    frames = []
    for name, effect in (("a", -1.0), ("b", 2.0)):
        volume, sale = draw.normal(50, 5, rows), draw.integers(0, 2, rows)
        y = effect + np.roll(volume - 50, 1) / 5 + 2 * sale + 0.01 * draw.normal(size=rows)
        price = draw.normal(9, 1, rows)
        frames.append(pd.DataFrame({"unique_id": name, "ds": range(rows), "y": y, "volume": volume, "sale": sale, "price": price}))  # fmt: skip  # noqa: E501
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def fitted() -> ps.Forecaster:
    known = shop()[lambda frame: frame["ds"] < 110]
    return ps.Forecaster(NETWORK, horizon=2, epochs=150, **{**SMALL, "scale": "none"}).fit(known, **ROLES)  # type: ignore[arg-type]


def test_learns_what_only_covariates_tell(fitted: ps.Forecaster) -> None:
    """The first step is all but determined; of the second, tomorrow's volume is unknown (deviation 1)."""
    panel, _ = read_panel(shop(), Columns(**ROLES))  # type: ignore[arg-type]
    origins = np.concatenate([np.arange(105, 118), np.arange(225, 238)])
    errors = np.abs(fitted.forecast_panel(panel, origins)[0] - panel.y[origins[:, None] + [1, 2]])
    assert errors[:, 0].mean() < 0.35
    assert 0.4 < errors[:, 1].mean() < 1.3
    assert panel.y.std() > 1.9


def test_what_the_network_reads(fitted: ps.Forecaster) -> None:
    assert fitted.inputs_ == ps.Inputs(4, (2,), 4)
    cell, head = 4 * 4 + 4 * 4 + 4, (4 + 2 + 4) * 6 + 6
    assert fitted.parameters == cell + 2 * 2 + head + 6 * 2 + 2
    assert "Embedding(2, 2)" in fitted.summary()


def test_future_rows_give_the_forecast_of_the_whole_frame(fitted: ps.Forecaster) -> None:
    frame = shop()
    panel, _ = read_panel(frame, Columns(**ROLES))  # type: ignore[arg-type]
    history, future = frame[frame["ds"] < 110], frame[frame["ds"] >= 110].drop(columns=["y", "volume"])
    out = fitted.predict(history, future=future)
    assert np.array_equal(out["yhat"], fitted.forecast_panel(panel, np.array([109, 229]))[0].ravel())
    assert np.array_equal(out["yhat"], fitted.predict(future=future)["yhat"])
    other = fitted.predict(history, future=future.assign(sale=1 - future["sale"]))
    assert (other["yhat"] != out["yhat"]).all()
    with pytest.raises(ps.DataError, match="the known covariates of 2 of the 2 steps after row 109 of series 'a' are"):
        fitted.forecast_panel(read_panel(history, Columns(**ROLES))[0], np.array([109]))  # type: ignore[arg-type]


def test_future_blind_in_past_covariates(fitted: ps.Forecaster) -> None:
    frame = shop()
    changed = frame.assign(volume=np.where(frame["ds"] > 109, 1e6, frame["volume"]))
    one, other = (
        fitted.forecast_panel(read_panel(each, Columns(**ROLES))[0], np.array([109, 229]))  # type: ignore[arg-type]
        for each in (frame, changed)
    )
    assert np.array_equal(one, other)


def test_round_trip(fitted: ps.Forecaster, tmp_path: Path) -> None:
    fitted.save(tmp_path / "m.penstock")
    loaded = ps.load(tmp_path / "m.penstock")
    future = shop()[lambda frame: frame["ds"] >= 110]
    assert loaded.predict(future=future).equals(fitted.predict(future=future))
    assert loaded.parameters == fitted.parameters


def test_scaled_on_training_rows_unless_marks(fitted: ps.Forecaster) -> None:
    train = shop()[lambda frame: frame["ds"] < 110]
    encoding = fitted.reader_.encoding.numbers
    expected = [train["volume"].mean(), 0.0, train["price"].mean()]
    np.testing.assert_allclose(encoding.shift, expected, rtol=1e-12)
    np.testing.assert_allclose(encoding.scale, [train["volume"].std(ddof=0), 1, train["price"].std(ddof=0)])
    constant = Panel(np.zeros(3), np.arange(3), np.array([0, 3]), (None,), past=np.full((3, 1), 7.0))
    assert CovariateEncoder.fit(constant).past(constant).tolist() == [[0.0]] * 3


def test_marks_cost_a_byte_and_the_series_not_the_windows() -> None:
    panel, _ = read_panel(shop(), Columns(known="sale"))
    model = ps.Forecaster(ps.Network([ps.RNN(2)]), known_in_window=False, horizon=3, **SMALL)  # type: ignore[arg-type]
    source = model.prepare(panel).samples.source
    assert source.widths == ps.Inputs(1, (), 3)
    assert source.extra is not None
    assert source.extra.dtype == np.uint8
    assert source.extra.shape == (240, 1)
    read = source.read(np.array([0, 120]), 4)
    assert read.extra is not None
    assert read.extra.tolist() == panel.known[np.array([[4, 5, 6], [124, 125, 126]]), 0].tolist()


def test_newest_first_for_publications_that_do() -> None:
    panel, _ = read_panel(shop(), Columns())
    plain, reverse = (
        ps.Forecaster(ps.Network([ps.RNN(2)]), reverse=flag, **SMALL)
        .prepare(panel)
        .samples.source.read(np.array([3]), 4)  # type: ignore[arg-type]
        for flag in (False, True)
    )
    assert np.array_equal(plain.x[:, ::-1], reverse.x)


@pytest.mark.slow
def test_a_known_series_in_another_category_and_an_unknown_one() -> None:
    frame = shop(40).assign(sector=lambda frame: np.where(frame["unique_id"] == "a", "oil", "gas"))
    network = ps.Network([ps.RNN(2)], embeddings=[0])
    model = ps.Forecaster(network, epochs=1, **SMALL).fit(frame, static="sector")  # type: ignore[arg-type]
    before, after = model.predict(), model.predict(frame.assign(sector="oil"))
    assert (before["yhat"] == after["yhat"]).tolist() == [True, False]
    with pytest.raises(ps.DataError, match="static value 'gaz' of series 'b' was not among those fitted; did you mean 'gas'"):  # fmt: skip  # noqa: E501
        model.predict(frame.assign(sector=frame["sector"].replace("gas", "gaz")))


@pytest.mark.parametrize(
    ("network", "joint", "static", "message"),
    [
        (ps.Network([ps.RNN(2)]), False, "unique_id", "static names 1 columns, but the network has 0 embeddings"),
        (NETWORK, False, (), "no static columns are named, but the network has 1 embeddings; give"),
        (NETWORK, True, "unique_id", "joint=True reads all series in one sample, which has no static covariates"),
    ],
)
def test_embeddings_and_static_columns_must_agree(network: ps.Network, joint: bool, static: str, message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        ps.Forecaster(network, joint=joint, **SMALL).fit(shop(40), static=static)  # type: ignore[arg-type]
