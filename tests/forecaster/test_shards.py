"""A forecaster on shards: the bits of memory where there is one file, forecasts equal to those of one panel."""

from __future__ import annotations

import errno
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.errors import DataError, OptionError, WriteError
from penstock.training.callbacks import Callback


def series(names: str, count: int, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    parts = [
        pd.DataFrame(
            {
                "unique_id": name,
                "ds": pd.date_range("2024-01-01", periods=count + more),
                "y": draw.normal(size=count + more).cumsum() + 50,
                "group": "even" if more % 2 == 0 else "odd",
                "volume": draw.normal(size=count + more) + 5,
            }
        )
        for more, name in enumerate(names)
    ]
    return pd.concat(parts, ignore_index=True)


def model(**options: Any) -> ps.Forecaster:
    usual = {"window": 8, "horizon": 2, "scale": "window", "epochs": 2, "batch": 16, "validation": "horizon", "seed": 1}
    return ps.Forecaster(**{"network": ps.Network([ps.LSTM(4)]), **usual, **options})


def weights(fitted: ps.Forecaster) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(fitted.weights_)]


def same(one: ps.Forecaster, other: ps.Forecaster) -> bool:
    return all(np.array_equal(ours, theirs) for ours, theirs in zip(weights(one), weights(other), strict=True))


@dataclass
class Files:
    parts: list[pd.DataFrame]
    whole: pd.DataFrame
    one: ps.Shards
    three: ps.Shards
    fitted: ps.Forecaster


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("shards")
    parts = [series("abc", 30, 1), series("de", 27, 2), series("f", 40, 3)]
    whole = pd.concat(parts, ignore_index=True)
    for name, frames in (("one", [whole]), ("three", parts)):
        (folder / name).mkdir()
        for number, frame in enumerate(frames):
            frame.to_parquet(folder / name / f"{number}.parquet", index=False)
    three = ps.Shards(folder / "three")
    return Files(parts, whole, ps.Shards(folder / "one"), three, model().fit(three))


def test_one_file_trains_to_the_bits_of_memory(files: Files) -> None:
    memory, shards = model().fit(files.whole), model().fit(files.one)
    assert same(memory, shards)
    np.testing.assert_array_equal(memory.history_.validation_loss, shards.history_.validation_loss)
    np.testing.assert_array_equal(memory.history_.training_loss, shards.history_.training_loss)
    assert shards.shards_ == {"files": 1, "series": 6, "rows": len(files.whole)}
    assert shards.clone().fit(files.whole).shards_ is None


def test_forecasts_of_shards_are_those_of_one_panel_bit_for_bit(files: Files, tmp_path: Path) -> None:
    written = files.fitted.predict(files.three, out=tmp_path / "out", level=80)
    assert [path.name for path in written] == ["0.parquet", "1.parquet", "2.parquet"]
    found = pd.concat([pd.read_parquet(path) for path in written], ignore_index=True)
    pd.testing.assert_frame_equal(found, files.fitted.predict(files.whole, level=80), check_exact=True)
    files.fitted.save(tmp_path / "model.penstock")
    loaded = ps.load(tmp_path / "model.penstock")
    assert loaded.shards_ == files.fitted.shards_
    pd.testing.assert_frame_equal(found, loaded.predict(files.whole, level=80), check_exact=True)


def test_what_is_done_is_not_done_anew(files: Files, tmp_path: Path) -> None:
    out = tmp_path / "out"
    written = files.fitted.predict(files.three, out=out)
    before = [path.stat().st_mtime_ns for path in written]
    kept = written[1].read_bytes()
    written[1].unlink()
    files.fitted.predict(files.three, out=out)
    assert [path.stat().st_mtime_ns == time for path, time in zip(written, before, strict=True)] == [True, False, True]
    assert written[1].read_bytes() == kept
    with pytest.raises(OptionError, match="other options; delete it"):
        files.fitted.predict(files.three, out=out, level=80)
    pd.DataFrame({"x": [1]}).to_parquet(written[0])
    with pytest.raises(OptionError, match="holds no forecasts of shards"):
        files.fitted.predict(files.three, out=out)
    with pytest.raises(OptionError, match="is the folder of the shards"):
        files.fitted.predict(files.three, out=files.three.files[0].parent)


def test_what_shards_cannot_do_is_refused_in_words(files: Files) -> None:
    for call, said in (
        (lambda: files.fitted.predict(), "was fitted on shards, whose rows it does not keep"),
        (lambda: files.fitted.predict(files.three), "say where: predict"),
        (lambda: files.fitted.predict(files.whole, out="x"), "out= is the folder"),
        (lambda: files.fitted.update(files.whole), "was fitted on shards"),
        (lambda: model(scale="standard").fit(files.three), "scale='window'"),
        (lambda: model(scale="standard", stateful=True).fit(files.three), "scale='window'"),
        (lambda: model(balance="series").fit(files.three), "balance='rows'"),
        (lambda: model().fit(files.three, id="name"), "named where they are made"),
        (lambda: model().fit(files.three, missing="ffill"), "missing= stands beside shards"),
        (lambda: model().fit(files.three, validation=files.whole), "validation= stands beside shards"),
        (lambda: files.fitted.predict(ps.Shards(files.three.files, missing="ffill"), out="x"), "missing='error'"),
        (lambda: files.fitted.predict(ps.Shards(files.three.files, past="volume"), out="x"), "was fitted with"),
        (lambda: ps.Naive().fit(files.three), "fit_predict"),
    ):
        with pytest.raises(OptionError, match=said):
            call()
    with pytest.raises(DataError, match="0.parquet: LSTM"):
        model(window=60, min_window=60).fit(files.three)
    with pytest.raises(DataError, match=r"a Shards was given.*pandas\.read_parquet"):
        ps.compare([ps.Naive()], files.three, ps.RollingOrigin(test=2))


def test_a_full_disk_is_told_in_words(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WriteError, match="No space left on device.* TMPDIR"):
        model().fit(files.three)


def test_models_of_each_series_are_fitted_file_by_file(files: Files, tmp_path: Path) -> None:
    written = ps.Drift(horizon=3).fit_predict(files.three, out=tmp_path, level=90)
    found = pd.concat([pd.read_parquet(path) for path in written], ignore_index=True)
    pd.testing.assert_frame_equal(found, ps.Drift(horizon=3).fit(files.whole).predict(level=90), check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"members": 2, "schedule": ps.Cosine()},
        {"steps_per_epoch": 3},
        {"validation": 0},
        {"loss": "pinball", "season": 7, "levels": (80,)},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_of_training_give_the_bits_of_memory(files: Files, options: dict[str, Any]) -> None:
    assert same(model(**options).fit(files.whole), model(**options).fit(files.one))


@pytest.mark.slow
def test_covariates_are_read_alike_from_one_file_and_from_three(files: Files, tmp_path: Path) -> None:
    network = ps.Network([ps.LSTM(4)], embeddings=[2])
    names = {"past": "volume", "static": "group"}
    memory = model(network=network).fit(files.whole, **names)
    assert same(memory, model(network=network).fit(ps.Shards(files.one.files, **names)))
    three = ps.Shards(files.three.files, **names)
    fitted = model(network=network).fit(three)
    ours, theirs = fitted.reader_.encoding, memory.reader_.encoding
    assert ours.values == theirs.values == (("even", "odd"),)
    np.testing.assert_allclose(ours.numbers.shift, theirs.numbers.shift, rtol=1e-12)
    np.testing.assert_allclose(ours.numbers.scale, theirs.numbers.scale, rtol=1e-12)
    found = pd.concat([pd.read_parquet(path) for path in fitted.predict(three, out=tmp_path / "out")])
    fitted.save(tmp_path / "model.penstock")
    again = ps.load(tmp_path / "model.penstock").predict(files.whole)
    pd.testing.assert_frame_equal(found.reset_index(drop=True), again, check_exact=True)


class Stop(Callback):
    """Ends the fit in the third epoch, as a kill would."""

    def on_epoch_end(self, event: Any) -> None:
        if int(event.epoch.max()) == 3:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_fit_on_shards_goes_on_from_its_checkpoint(files: Files, tmp_path: Path) -> None:
    whole = model(epochs=4).fit(files.three)
    with pytest.raises(KeyboardInterrupt):
        model(epochs=4).fit(files.three, checkpoint=tmp_path / "run", callbacks=[Stop()])
    assert same(whole, model(epochs=4).fit(files.three, checkpoint=tmp_path / "run", resume=True))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.forecaster.shards.KEPT", 24)  # of few series, far fewer than a file holds
    peaks = []
    for count in (3, 3, 12):  # the first compiles
        folder = tmp_path / f"{len(peaks)}"
        folder.mkdir()
        for number in range(count):
            names = np.repeat([f"{number}-{name}" for name in range(200)], 60)
            y = np.random.default_rng(number).normal(size=len(names)).cumsum()
            frame = pd.DataFrame({"unique_id": names, "ds": np.arange(len(names)) % 60, "y": y})
            frame.to_parquet(folder / f"{number}.parquet", index=False)
        tracemalloc.start()
        model(epochs=1, season=1).fit(ps.Shards(folder)).predict(ps.Shards(folder), out=folder / "out")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.5 * peaks[1], peaks
