"""Mutations of model files, as damage, chance and an attacker make them; checksums are computed again."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import random
import re
import struct
import sys
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import penstock as ps
from golden.make_models import BOTH, FRAME, SERIES, outputs
from penstock.errors import DataWarning

NUMBERS = [
    0,
    1,
    -1,
    2,
    3,
    7,
    100_000,
    10**6,
    10**9,
    2**31,
    2**32,
    2**53,
    2**63 - 1,
    2**63,
    2**64,
    10**30,
    0.5,
    1e-300,
    1e300,
]
WORDS = [
    "", "a", "../../etc/passwd", "/etc/passwd", "dateutil//etc/passwd", "from_dict", "__class__", "os:system",
    "Network", "GRU", "Forecaster", "Naive", "x" * 10_000, "\u0000", "%s%n", "(a+)+$", "nan", "UTC", "period",
    "<U1000000000",
]  # fmt: skip
ODD: list[Any] = [
    None,
    True,
    False,
    [],
    {},
    [[]],
    {"kind": "GRU", "units": 10**9},
    {"model": "Naive", "options": {}},
    {"pairs": []},
]


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A model file of these parts, with checksums that fit."""
    manifest = json.loads(parts["manifest.json"])
    manifest["sha256"] = {
        n: hashlib.sha256(parts[n]).hexdigest() for n in ("model.json", "arrays.safetensors") if n in parts
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, part in {**parts, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, item in items for each in _places(item, (*path, key)))]


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def edited_json(content: bytes, draw: random.Random) -> bytes:
    """One to three values replaced, removed, repeated, or put elsewhere."""
    value = json.loads(content)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        path = draw.choice(_places(value))
        if not path:
            continue
        owner, old = _at(value, path[:-1]), _at(value, path)
        act = draw.choice(("number", "number", "word", "odd", "remove", "repeat", "other", "near"))
        if act == "remove":
            del owner[path[-1]]
        elif act == "repeat" and isinstance(old, list):
            owner[path[-1]] = old * draw.choice((2, 1000, 50_000)) if len(old) < 20 else old * 2
        elif act == "near" and type(old) in (int, float):
            owner[path[-1]] = draw.choice((old + 1, old - 1, old * 2, old * 1000, -old, float(old)))
        else:
            new = {"number": NUMBERS, "word": WORDS, "odd": ODD}.get(act)
            owner[path[-1]] = copy.deepcopy(draw.choice(new) if new else _at(value, draw.choice(_places(value))))
    return json.dumps(value, allow_nan=True).encode()


def edited_text(content: bytes, draw: random.Random) -> bytes:
    """JSON that no program writes: deep, doubled, with odd numbers."""
    text = content.decode()
    act = draw.choice(("deep", "twice", "nan", "long", "many", "cut"))
    if act == "deep":
        depth = draw.choice((90, 1000, 100_000))
        return text.replace(":", ': {"a":' * depth + "1" + "}" * depth + ', "b":', 1).encode()
    if act == "twice":
        return text.replace("{", '{"model": "Naive", "model": "AR", ', 1).encode()
    if act == "nan":
        return text.replace(": ", ": " + draw.choice(("NaN", "Infinity", "1e999", "1" * 5000)) + ', "c": ', 1).encode()
    if act == "long":
        return text.replace("{", '{"pad": "' + "x" * draw.choice((10**6, 3 * 10**7)) + '", ', 1).encode()
    if act == "many":
        return text.replace("{", '{"pad": [' + "[]," * draw.choice((10**5, 5 * 10**6)) + "1], ", 1).encode()
    return text[: draw.randrange(len(text))].encode()


def edited_arrays(content: bytes, draw: random.Random) -> bytes:
    """Arrays of other values, types, shapes, names; headers that lie."""
    length = int.from_bytes(content[:8], "little")
    header, values = json.loads(content[8 : 8 + length]), bytearray(content[8 + length :])
    names = [name for name in header if name != "__metadata__"]
    act = draw.choice(
        ("values", "values", "nan", "header", "header", "length", "cut", "extend", "shape", "drop", "swap", "huge")
    )
    if not names:
        return content[: draw.randrange(len(content))]
    name = draw.choice(names)
    entry = header[name]
    first, last = entry["data_offsets"]
    dtype = np.dtype({"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "u1", "BOOL": "?"}[entry["dtype"]])
    if act == "values" and last > first:
        array = np.frombuffer(bytes(values[first:last]), dtype).copy()
        place = draw.randrange(len(array))
        drawn = draw.choice((0, 1, -1, 100, 2**31 - 1) if dtype.kind != "f" else (0.0, -1.0, 1e30, 1e-30, 1e300))
        with np.errstate(over="ignore"):  # 1e300 as float32
            array[place] = np.array(drawn).astype(dtype)
        values[first:last] = array.tobytes()
    elif act == "nan" and dtype.kind == "f" and last > first:
        array = np.frombuffer(bytes(values[first:last]), dtype).copy()
        array[draw.randrange(len(array))] = draw.choice((np.nan, np.inf, -np.inf))
        values[first:last] = array.tobytes()
    elif act == "header":
        return _headed(json.loads(edited_json(json.dumps(header).encode(), draw)), values)
    elif act == "length":
        return struct.pack("<Q", draw.choice((0, 1, length - 1, length + 1, 10**6, 2**40, 2**63))) + content[8:]
    elif act == "cut":
        return content[: draw.randrange(len(content))]
    elif act == "extend":
        return content + bytes(draw.choice((1, 8, 10**6, 3 * 10**7)))
    elif act == "shape":
        entry["shape"] = draw.choice(([], [1, *entry["shape"]], [0, 10**9], [2**40, 2**40], entry["shape"][::-1], [-1]))
    elif act == "drop":
        header.pop(name)
    elif act == "swap":
        other = draw.choice(names)
        header[name], header[other] = header[other], header[name]
    else:  # many values of a type, all zero: a bomb
        rows = draw.choice((10**6, 10**7))
        array = np.zeros(rows, dtype)
        header = {key: each for key, each in header.items() if each["data_offsets"][1] <= first}
        header[name] = {"dtype": entry["dtype"], "shape": [rows], "data_offsets": [first, first + array.nbytes]}
        values = values[:first] + array.tobytes()
    return _headed(header, values)


def _headed(header: dict[str, Any], values: bytearray | bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(values)


def edited_zip(content: bytes, draw: random.Random) -> bytes:
    """Another archive: bombs, doubled and foreign entries, paths that lead elsewhere, other methods."""
    parts = parts_of(content)
    act = draw.choice(
        ("bomb", "twice", "foreign", "path", "method", "missing", "comment", "directory", "nested", "manifest")
    )
    if act == "bomb":
        return _bomb(parts, draw.choice(("model.json", "arrays.safetensors", "manifest.json")))
    if act in ("foreign", "path", "nested"):
        name = {"foreign": "a.txt", "path": "../../../tmp/penstock-was-here", "nested": "model.json/x"}[act]
        return zipped({**parts, name: b"x"})
    if act == "method":
        return zipped(parts, draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))
    if act == "missing":
        parts.pop(draw.choice(("model.json", "arrays.safetensors")))
        return zipped(parts)
    if act == "comment":
        return content[:-2] + struct.pack("<H", 4) + b"abcd"
    if act == "manifest":
        return _plain({**parts, "manifest.json": edited_json(parts["manifest.json"], draw)})
    if act == "twice":
        buffer = io.BytesIO(zipped(parts))
        with warnings.catch_warnings(), zipfile.ZipFile(buffer, "a") as archive:
            warnings.simplefilter("ignore")
            archive.writestr("model.json", parts["model.json"])
        return buffer.getvalue()
    return content[:-12] + struct.pack("<HL", 65_535, draw.choice((10**6, 2**32 - 1))) + content[-6:]


def _bomb(parts: dict[str, bytes], name: str, size: int = 900) -> bytes:
    """A file that inflates a part by so many MB, with the checksum that fits."""
    blank, manifest = b" " * 1_000_000, json.loads(parts["manifest.json"])
    digest = hashlib.sha256(parts[name])
    for _ in range(size):
        digest.update(blank)
    if name in manifest["sha256"]:
        parts["manifest.json"] = json.dumps(
            {**manifest, "sha256": {**manifest["sha256"], name: digest.hexdigest()}}
        ).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, part in parts.items():
            with archive.open(each, "w", force_zip64=False) as file:
                file.write(part)
                for _ in range(size if each == name else 0):
                    file.write(blank)
    return buffer.getvalue()


def _plain(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def edited_bytes(content: bytes, draw: random.Random) -> bytes:
    """Bytes flipped, cut off, left out or doubled."""
    act = draw.choice(("flip", "flip", "cut", "drop", "double"))
    at = draw.randrange(len(content))
    if act == "flip":
        return content[:at] + bytes([content[at] ^ (1 << draw.randrange(8))]) + content[at + 1 :]
    if act == "cut":
        return content[:at]
    until = min(at + draw.randrange(1, 200), len(content))
    return content[:at] + (b"" if act == "drop" else content[at:until] * 2) + content[until:]


def _part(name: str, edit: Callable[[bytes, random.Random], bytes]) -> Callable[[bytes, random.Random], bytes]:
    def mutate(content: bytes, draw: random.Random) -> bytes:
        parts = parts_of(content)
        return zipped({**parts, name: edit(parts[name], draw)})

    return mutate


KINDS: dict[str, tuple[int, Callable[[bytes, random.Random], bytes]]] = {
    "json": (50, _part("model.json", edited_json)),
    "arrays": (25, _part("arrays.safetensors", edited_arrays)),
    "bytes": (15, edited_bytes),
    "text": (5, _part("model.json", edited_text)),
    "zip": (5, edited_zip),
}
"""The mutations, each with how often it is drawn."""


def mutated(path: Path, seed: int) -> tuple[str, bytes]:
    """Mutate a file in the way that a seed draws."""
    draw = random.Random(seed)
    kind = draw.choices([*KINDS], [weight for weight, _ in KINDS.values()])[0]
    return kind, KINDS[kind][1](path.read_bytes(), draw)


_SMALL: dict[str, Any] = {"window": 4, "horizon": 3, "epochs": 2, "batch": 16, "seed": 1}
_BESIDE = {"past": "rate", "static": "shop"}
FORMS: dict[str, tuple[Any, dict[str, str]]] = {
    "stateful": (ps.Forecaster(ps.Network([ps.LSTM(3)]), stateful=True, **_SMALL), {}),
    "additions": (
        ps.Forecaster(ps.Network([ps.GRU(2)], embeddings=[0]), scale="window", season=5, members=2, **_SMALL), _BESIDE
    ),
    "joint": (ps.Forecaster(ps.Network([ps.RNN(2)]), joint=True, loss="pinball", **_SMALL), {}),
    "tuned network": (
        ps.Tuned(
            ps.Forecaster(ps.Network([ps.RNN(2)]), stateful=True, **{**_SMALL, "horizon": 1}),
            {"window": [4, 6]}, sampler="grid", horizon=3,
        ), {},
    ),
}  # fmt: skip
"""Models of other parts than those of the golden files, and the covariates that they are fitted with."""

STREAMS = ("Forecaster", "stateful", "additions")


def write_forms(folder: Path) -> dict[str, Path]:
    """Write files of the other forms, and of streams, whose names begin so."""
    frame = BOTH.assign(rate=np.cos(BOTH["y"]), shop=BOTH["unique_id"])
    models = {name: model.clone().fit(frame, **columns) for name, (model, columns) in FORMS.items()}
    models["Forecaster"] = SERIES["Forecaster"].clone().fit(FRAME)
    for name, model in models.items():
        model.save(folder / f"{name}.penstock")
    for name in STREAMS:
        options: dict[str, Any] = {"level": 80} if name == "Forecaster" else {}
        models[name].stream(**options).save(folder / f"stream of {name}.penstock")
    return {path.stem: path for path in sorted(folder.glob("*.penstock"))}


def _pushed(stream: Any) -> list[float]:
    """What a stream forecasts after the next row."""
    more: dict[str, Any] = dict.fromkeys(stream.model.kind_.columns.past, 1.0)
    more |= {"id": stream.ids[0]} if len(stream.ids) > 1 else {}
    return [float(each) for each in stream.push(150, 50.0, **more).yhat]


def outcome(path: Path, *, stream: bool = False) -> str:
    """Load a file and let the model predict: ``refused``, ``predicts``, ``said`` (by error or warning), or worse."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = ps.load_stream(path) if stream else ps.load(path)
        except ps.ModelFileError:
            return "refused"
        try:
            numbers = _pushed(model) if stream else outputs(type(model).__name__, model)
        except ps.PenstockError:
            return "said"
        except Exception as error:
            return f"raw {error!r}"
    said = any(issubclass(each.category, DataWarning) for each in caught)
    return "predicts" if np.isfinite(numbers).all() else "said" if said else "unsaid NaN"


def main() -> None:
    """Try files, whose names and paths come in; print the outcome, seconds of processor, and MB at the peak."""
    for line in sys.stdin:
        start = time.process_time()
        name, path = line.rstrip("\n").split("\t")
        found = outcome(Path(path), stream=name.startswith("stream of "))
        # not ru_maxrss, in which a child begins with what its parent took
        peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024  # type: ignore[index]
        print(f"{time.process_time() - start:.2f}\t{peak}\t{found}", flush=True)


if __name__ == "__main__":
    main()
