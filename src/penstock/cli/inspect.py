"""`penstock inspect`: what a model file holds."""

from __future__ import annotations

import hashlib
import json as text
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.cli.output import JsonOption, check_paths

__all__ = ["inspect"]


def inspect(
    model: Annotated[Path, typer.Argument(help="A model file.", show_default=False)],
    json: JsonOption = None,
) -> None:
    """Show what a model file holds: options, columns, scales, rows, losses, versions, fingerprints.

    For example: `penstock inspect close.penstock`
    """
    from penstock.catalogue import load
    from penstock.files import jsonable, write_json

    check_paths(json, inputs=[model])
    found = jsonable(_contents(load(model), model))
    for name, value in found.items():
        shown = value if isinstance(value, str) else text.dumps(value, ensure_ascii=False)
        print(f"{name}: {shown}")  # noqa: T201
    if json is not None:
        write_json(json, found)
        print(f"Written: {json}")  # noqa: T201


def _contents(model: Any, path: Path) -> dict[str, Any]:
    """Say what a model holds, by name."""
    import zipfile

    from penstock.data.times import show_time

    with zipfile.ZipFile(path) as archive:
        manifest = text.loads(archive.read("manifest.json"))
    size = path.stat().st_size
    about: dict[str, Any] = {
        "model": repr(model),
        "file": f"format {manifest['format']}, written by penstock {manifest['penstock']}, {size:,} bytes",
        "arrays (SHA-256)": manifest["sha256"]["arrays.safetensors"],
    }
    if hasattr(model, "kind_"):
        tail = model.tail_
        rows = b"".join(tail.times[tail.span(s)].tobytes() + tail.y[tail.span(s)].tobytes() for s in range(len(tail)))
        about["columns"] = model.kind_.columns.to_json()
        about["series"] = [str(name) for name in model.ids_[:12] if name is not None] or "one, without a name"
        about["number of series"] = len(model.ids_)
        about["rows kept"] = tail.rows
        about["last time"] = show_time(max(tail.times[tail.span(series)][-1] for series in range(len(tail))))
        about["rows kept (SHA-256)"] = hashlib.sha256(rows).hexdigest()
        about["horizon"] = model.horizon
        if model.choice:
            about["chosen"] = list(model.fit_notes)
    if hasattr(model, "scaling_"):
        scaling = model.scaling_
        about["scales (shift, scale)"] = [
            [float(shift), float(scale)] for shift, scale in zip(scaling.shift[:12], scaling.scale[:12], strict=True)
        ]
    history = getattr(model, "history_", None)
    if history is not None and len(history.training_loss):
        import numpy as np

        about["epochs"] = history.epochs
        losses = history.validation_loss if np.isfinite(history.validation_loss).any() else history.training_loss
        about["lowest loss of each member"] = np.nanmin(losses, axis=0)
        about["loss is that of"] = "validation" if losses is history.validation_loss else "training"
    return about
