"""Model files from strangers: refused in words, or models that predict; nothing else, and at no great cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pytest

import file_mutations
import penstock as ps
from golden.make_models import FOLDER, SAMPLES, SERIES
from penstock import storage
from penstock.errors import DataWarning
from penstock.storage import read_model, write_model
from penstock.stored_arrays import read_arrays
from penstock.strict_json import strict_json

NAMES = [*SERIES, *SAMPLES]
CHEAP = [name for name in SERIES if name != "Forecaster"]  # nothing is compiled


def test_mutated_files_are_refused_or_predict(tmp_path: Path) -> None:
    """The short form of the fuzzer; one that fails here by its seed fails below as well."""
    path = tmp_path / "m.penstock"
    found = set()
    for seed in range(1000, 1045):
        kind, content = file_mutations.mutated(FOLDER / f"{CHEAP[seed % len(CHEAP)]}.penstock", seed)
        if kind in ("zip", "text"):
            continue  # large ones
        path.write_bytes(content)
        outcome = file_mutations.outcome(path)
        assert outcome in ("refused", "predicts", "said"), f"seed {seed}: {outcome}"
        found.add(outcome)
        assert os.listdir(tmp_path) == ["m.penstock"]
    assert {"refused", "predicts"} <= found


@pytest.mark.slow
def test_mutated_files_of_every_class_cost_little(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In a process of its own, which is measured: at most 20 s of processor and 1 GB, and no file but the one given."""
    path = tmp_path / "m.penstock"
    code = [sys.executable, str(Path(file_mutations.__file__))]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    stood = "penstock-was-here" in os.listdir("/tmp")
    beside, forms = tmp_path_factory.mktemp("beside"), file_mutations.write_forms(tmp_path_factory.mktemp("forms"))
    files = {name: FOLDER / f"{name}.penstock" for name in NAMES} | forms
    names = [*files]
    options: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": env, "cwd": beside}
    with subprocess.Popen(code, **options) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        for seed in range(int(os.environ.get("PENSTOCK_FUZZ", "600"))):
            name = names[seed % len(names)]
            kind, content = file_mutations.mutated(files[name], seed)
            path.write_bytes(content)
            worker.stdin.write(f"{name}\t{path}\n")
            worker.stdin.flush()
            seconds, peak, outcome = worker.stdout.readline().rstrip("\n").split("\t")
            about = f"seed {seed}, {kind} of {name}: {outcome}, {seconds} s, {peak} MB"
            assert outcome in ("refused", "predicts", "said"), about
            assert float(seconds) < 20, about
            assert int(peak) < 1000, about
            assert os.listdir(tmp_path) == ["m.penstock"], about
        worker.stdin.close()
    assert worker.returncode == 0
    assert stood or "penstock-was-here" not in os.listdir("/tmp")
    assert os.listdir(beside) == []


def edited(tmp_path: Path, name: str, edit: Any) -> Path:
    """The golden file of a class, with description and arrays edited and checksums that fit."""
    description, arrays = read_model(FOLDER / f"{name}.penstock")
    write_model(tmp_path / "m", *edit(description, arrays))
    return tmp_path / "m"


def test_no_attribute_of_narwhals_is_looked_up_by_a_name_of_the_file(tmp_path: Path) -> None:
    for parts in (
        ["from_dict", {}],
        ["generate_temporary_column_name", 8],
        ["Datetime", "xs", None],
        ["Enum", ["a"]],
        5,
    ):

        def edit(description: Any, arrays: Any, parts: Any = parts) -> Any:
            description["frame"]["time"] = parts
            return description, arrays

        with pytest.raises(ps.ModelFileError, match="is unknown|are unknown"):
            ps.load(edited(tmp_path, "Naive", edit))
    assert nw.Datetime("ns").time_zone is None


def test_names_of_series_are_of_the_type_that_the_file_says(tmp_path: Path) -> None:
    def edit(description: Any, arrays: Any) -> Any:
        assert isinstance(description["ids"][0], str)
        description["frame"]["id"] = ["Int64"]
        return description, arrays

    for name in ("Naive", "Forecaster"):
        with pytest.raises(ps.ModelFileError, match="does not hold a whole"):
            ps.load(edited(tmp_path, name, edit))


@pytest.mark.parametrize("zone", ["dateutil//etc/passwd", "../../etc/passwd", "/etc/localtime", 5])
def test_a_time_zone_is_no_path(tmp_path: Path, zone: Any) -> None:
    def edit(description: Any, arrays: Any) -> Any:
        description["frame"]["time"] = ["Datetime", "ns", zone]
        return description, arrays

    with pytest.raises(ps.ModelFileError, match="no time zone has the name"):
        ps.load(edited(tmp_path, "Naive", edit))


@pytest.mark.parametrize("name", ["Forecaster", "AR"])
def test_weights_that_are_not_finite_are_refused_or_told(tmp_path: Path, name: str) -> None:
    def broken(description: Any, arrays: Any, said: bool = False) -> Any:
        key = next(each for each in arrays if each.startswith(("weights", "coef")))
        arrays[key] = np.full_like(arrays[key], np.nan)
        return ({**description, "not_finite": [key]} if said else description), arrays

    with pytest.raises(ps.ModelFileError, match="NaN or infinite numbers stand in '(weights|coef).*does not say why"):
        ps.load(edited(tmp_path, name, broken))
    path = edited(tmp_path, name, lambda *both: broken(*both, said=True))
    with pytest.warns(DataWarning, match="holds numbers that are NaN or infinite in '(weights|coef)"):
        ps.load(path)


def test_a_model_whose_numbers_overflow_says_so(tmp_path: Path) -> None:
    path = edited(tmp_path, "Drift", lambda description, arrays: (description, {**arrays, "step": np.array([1.7e308])}))
    with np.errstate(over="ignore"), pytest.warns(DataWarning, match=r"2 of 3 numbers that Drift predicts are NaN"):
        ps.load(path).predict()


def test_sizes_are_bounded_before_anything_is_inflated(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(
        file_mutations._bomb(file_mutations.parts_of((FOLDER / "AR.penstock").read_bytes()), "model.json", 17)
    )
    with pytest.raises(ps.ModelFileError, match=r"would inflate model.json .* allowed: 16,777,216.*max_bytes=18"):
        ps.load(path)
    assert ps.load(path, max_bytes=20_000_000).predict() is not None
    with pytest.raises(ps.ModelFileError, match=r"would inflate to [\d,]+ bytes; allowed: max_bytes=1,000"):
        ps.load(FOLDER / "AR.penstock", max_bytes=1000)
    with pytest.raises(ps.OptionError, match="max_bytes=0 is not allowed"):
        ps.load(FOLDER / "AR.penstock", max_bytes=0)


def test_what_compresses_beyond_the_bound_is_stored_so_that_it_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(storage._LIMITS, "arrays.safetensors", storage._Limit(1000, 20))
    write_model(tmp_path / "m", {"model": "x"}, {"zeros": np.zeros(100_000)})
    with zipfile.ZipFile(tmp_path / "m") as archive:
        assert archive.getinfo("arrays.safetensors").compress_type == zipfile.ZIP_STORED
    assert read_model(tmp_path / "m")[1]["zeros"].nbytes == 800_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 101 + "]" * 101, "deeper than 100"),
        ("[" * 100_000 + "]" * 100_000, "deeper than 100"),
        ('{"a": {"b": 1, "b": 2}}', "the name 'b' stands twice"),
        ("[NaN]", "NaN is no JSON"),
        ("[1e999]", "beyond what a float holds"),
        ("[18446744073709551616]", "beyond 64 bits"),
        ("[" + "1" * 5000 + "]", "beyond 64 bits"),
    ],
)
def test_json_of_strangers(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        strict_json(text.encode())
    assert strict_json(b"[" * 100 + b"]" * 100) is not None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"dtype": "F64", "shape": [0, 10**9], "data_offsets": [0, 0]}, "holds nothing, in the shape"),
        ({"dtype": "F64", "shape": [2], "data_offsets": [0, 8]}, "has 8 bytes for the shape"),
        ({"dtype": "F64", "shape": [-1], "data_offsets": [0, 8]}, "are no whole numbers"),
        ({"dtype": "O", "shape": [1], "data_offsets": [0, 8]}, "has the type 'O'"),
        ({"dtype": "F64", "shape": [1], "data_offsets": [8, 16]}, "do not stand where the header says"),
        ({"dtype": "F64", "shape": [], "data_offsets": [0, 8], "more": 1}, "something else than type"),
    ],
)
def test_headers_of_strangers(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_arrays(file_mutations._headed({"a": entry}, bytes(8)))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (
            "padding",
            {"strategy": {"Fixed": 10**9}, "direction": "Right", "pad_id": 0, "pad_type_id": 0, "pad_token": "a"},
        ),
        ("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Removed", "invert": True}),
        ("model", {"type": "WordLevel", "vocab": {"<pad>": 0, "<unk>": 1, "a": 10**9}, "unk_token": "<unk>"}),
        ("truncation", {"direction": "Left", "max_length": 0, "strategy": "LongestFirst", "stride": 10}),
    ],
)
def test_a_tokenizer_does_what_tokens_makes_and_nothing_else(tmp_path: Path, part: str, value: Any) -> None:
    def edit(description: Any, arrays: Any) -> Any:
        description["vocabulary"]["tokenizer"][part] = value
        return description, arrays

    with pytest.raises(ps.ModelFileError, match=f"works otherwise than any that Tokens makes: {part}"):
        ps.load(edited(tmp_path, "BagRegressor", edit))


def test_options_that_would_take_for_ever_are_refused(tmp_path: Path) -> None:
    cell = {"kind": "Recurrent", "cell": "DeepTransitionCell", "units": 3, "dropout": 0.0, "recurrent_dropout": 0.0}
    deep = {**cell, "options": [["depth", 100_000]]}
    for layers in ([deep], [{"kind": "GRU", "units": 3}] * 5000):

        def edit(description: Any, arrays: Any, layers: Any = layers) -> Any:
            description["options"]["network"]["layers"] = layers
            return description, arrays

        with pytest.raises(ps.ModelFileError, match="depth=100000 is out of range|describe 5,0"):
            ps.load(edited(tmp_path, "Forecaster", edit))


def test_parts_that_stand_twice_or_do_not_belong_are_refused(tmp_path: Path) -> None:
    parts = file_mutations.parts_of((FOLDER / "AR.penstock").read_bytes())
    (tmp_path / "m").write_bytes(file_mutations.zipped({**parts, "../../x": b"x"}))
    with pytest.raises(ps.ModelFileError, match=r"holds more than a model: \.\./\.\./x"):
        ps.load(tmp_path / "m")
    with zipfile.ZipFile(tmp_path / "m", "w") as archive:
        for name in parts:
            archive.writestr(name, parts[name])
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("model.json", parts["model.json"])
    with pytest.raises(ps.ModelFileError, match="a part stands twice"):
        ps.load(tmp_path / "m")
    assert json.loads(parts["manifest.json"])["format"] <= 2


def test_scales_of_no_target_are_refused(tmp_path: Path) -> None:
    """Seed 432 of the fuzzer: `y.shift` and an empty array changed places."""

    def edit(description: Any, arrays: Any) -> Any:
        return description, {**arrays, "y.shift": np.zeros(0), "y.scale": np.zeros(0)}

    with pytest.raises(ps.ModelFileError, match="0 targets are scaled, of a network with 1 outputs"):
        ps.load(edited(tmp_path, "SequenceRegressor", edit))


def test_features_and_their_weights_fit_together(tmp_path: Path) -> None:
    """Seed 7278 of the fuzzer: fewer inverse frequencies than features, met by no word of a trial."""
    path = edited(tmp_path, "BagRegressor", lambda about, arrays: (about, {**arrays, "ngrams.idf": np.ones(1)}))
    with pytest.raises(ps.ModelFileError, match="features, their weights and coefficients do not fit together"):
        ps.load(path)


@pytest.mark.parametrize(
    ("name", "key", "message"),
    [("SMA", "span", "spans .2147483647. are not possible"), ("Forecaster", "tail_rows", "not within the rows")],
)
def test_numbers_that_memory_is_made_for_are_bounded(tmp_path: Path, name: str, key: str, message: str) -> None:
    """Seed 2006 of the fuzzer: 16 GB for a mean of 2³¹ values."""
    huge = np.array([2**31 - 1])
    with pytest.raises(ps.ModelFileError, match=message):
        ps.load(edited(tmp_path, name, lambda about, arrays: (about, {**arrays, key: huge})))
