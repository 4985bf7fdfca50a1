from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.storage import FORMAT, read_model, write_model

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def model_file(tmp_path: Path, walk: pd.DataFrame) -> Path:
    path = tmp_path / "m.penstock"
    ps.Forecaster(ps.Network([ps.LSTM(2)]), window=4, epochs=1).fit(walk).save(path)
    return path


def rewrite(path: Path, **parts: bytes) -> None:
    """Put other parts into the zip, with checksums of the zip itself that fit."""
    with zipfile.ZipFile(path) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**old, **{name.replace("__", "."): part for name, part in parts.items()}}.items():
            archive.writestr(name, content)


def test_round_trip_of_parts(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3).T, "b": np.array([1, 2], dtype=np.int64)}
    write_model(tmp_path / "m", {"model": "x", "text": "é"}, arrays)
    description, back = read_model(tmp_path / "m")
    assert description == {"model": "x", "text": "é"}
    assert all(np.array_equal(back[name], array) and back[name].dtype == array.dtype for name, array in arrays.items())


def test_no_pickle_in_it(model_file: Path) -> None:
    with zipfile.ZipFile(model_file) as archive:
        assert sorted(archive.namelist()) == ["arrays.safetensors", "manifest.json", "model.json"]
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["format"] == FORMAT
        assert manifest["penstock"] == ps.__version__
        assert json.loads(archive.read("model.json"))["options"]["network"]["layers"][0]["units"] == 2


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_truncated(model_file: Path, share: float) -> None:
    whole = model_file.read_bytes()
    model_file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ps.ModelFileError, match="truncated, damaged or no model file"):
        ps.load(model_file)


def test_every_single_byte_that_is_changed_is_noticed_or_harmless(model_file: Path) -> None:
    whole = model_file.read_bytes()
    expected = ps.load(model_file).predict()["yhat"].iloc[0]
    for place in range(0, len(whole), max(1, len(whole) // 150)):
        model_file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            assert ps.load(model_file).predict()["yhat"].iloc[0] == expected
        except ps.ModelFileError:
            continue


def test_altered(model_file: Path) -> None:
    with zipfile.ZipFile(model_file) as archive:
        description = archive.read("model.json")
    rewrite(model_file, model__json=description.replace(b'"window": 4', b'"window": 5'))
    with pytest.raises(ps.ModelFileError, match=r"was altered: model.json in it does not match its checksum"):
        ps.load(model_file)


def test_newer_format(model_file: Path) -> None:
    rewrite(model_file, manifest__json=json.dumps({"format": FORMAT + 1, "penstock": "9.1"}).encode())
    with pytest.raises(ps.ModelFileError, match=rf"has the format {FORMAT + 1}, written by penstock 9.1; .* upgrade"):
        ps.load(model_file)


def test_not_a_model_file(tmp_path: Path) -> None:
    with pytest.raises(ps.ModelFileError, match="there is no model file"):
        ps.load(tmp_path / "none.penstock")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ps.ModelFileError, match="no model file"):
        ps.load(tmp_path / "text")
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("a.txt", "hello")
    with pytest.raises(ps.ModelFileError, match="a zip but no whole model file"):
        ps.load(tmp_path / "zip")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "Prophet"}, "holds a 'Prophet', which this penstock does not know"),
        ({"model": ["Forecaster"]}, r"holds a \['Forecaster'\], which this penstock does not know"),
        ({"model": "mine:Prophet"}, "no model named 'mine:Prophet' is known; import the module 'mine' first"),
        ({"options": {"network": {"kind": ["Network"]}}}, r"a description is named by text, not by \['Network'\]"),
        ({"options": {"window": -3}}, "does not hold a whole Forecaster"),
        ({"options": ["window"]}, "does not hold a whole Forecaster"),
        ({"ids": ["a", "b"]}, "does not hold a whole Forecaster"),
        ({"members": 2}, r"has the shape \(1, 1, 8\), not \(2, 1, 8\)"),
    ],
)
def test_what_does_not_fit_together_is_refused(model_file: Path, change: dict[str, object], message: str) -> None:
    """Also with the right checksums, as a program of somebody else might write them."""
    description, arrays = read_model(model_file)
    members = change.pop("members", None)
    if members:
        description["options"]["members"] = members
    write_model(model_file, {**description, **change}, arrays)
    with pytest.raises(ps.ModelFileError, match=message):
        ps.load(model_file)


def replaced(value: object, by: object) -> Iterator[object]:
    """The JSON with one value after the other, at any depth, replaced."""
    yield by
    if isinstance(value, dict):
        for name, item in value.items():
            yield from ({**value, name: new} for new in replaced(item, by))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from ([*value[:place], new, *value[place + 1 :]] for new in replaced(item, by))


@pytest.mark.parametrize("by", [[], {}, None, "text", 1e300], ids=repr)
def test_whatever_stands_in_place_of_a_value_no_raw_error_comes(tmp_path: Path, by: object) -> None:
    frame = pd.DataFrame({"unique_id": "a", "ds": range(40), "y": np.sin(np.arange(40.0)), "sector": "metals"})
    network = ps.Network([ps.Recurrent(ps.cells.LeakyCell, 2)], embeddings=[1])
    model = ps.Forecaster(network, window=4, epochs=1, members=1).fit(frame, static="sector")
    model.save(tmp_path / "m")
    description, arrays = read_model(tmp_path / "m")
    read = 0
    for crafted in replaced(description, by):
        write_model(tmp_path / "m", crafted, arrays)  # type: ignore[arg-type]
        try:
            read += isinstance(ps.load(tmp_path / "m"), ps.Forecaster)
        except ps.ModelFileError:
            continue
    assert read < 40


def test_a_description_that_is_no_object(model_file: Path) -> None:
    write_model(model_file, ["Forecaster"], read_model(model_file)[1])  # type: ignore[arg-type]
    with pytest.raises(ps.ModelFileError, match="holds a None, which this penstock does not know"):
        ps.load(model_file)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.penstock")), ids=lambda path: path.stem)
def test_files_of_every_earlier_format_still_load(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())
    out = ps.load(path).predict()
    assert [str(day.date()) for day in out["ds"]] == expected["ds"]
    np.testing.assert_allclose(out["yhat"], expected["yhat"], rtol=1e-5)
