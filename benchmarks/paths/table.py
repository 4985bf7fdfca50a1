"""The paths: which library, in which environment."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["EVERY", "PATHS", "TORCH", "Path"]


@dataclass(frozen=True)
class Path:
    """A path.

    Attributes
    ----------
    label
        Its column.
    library
        Folder beside this file.
    environment
        Variables that its process starts with.
    """

    label: str
    library: str
    environment: dict[str, str] = field(default_factory=dict)


def _torch(threads: int, **more: str) -> Path:
    label = f"torch, {threads} thread{'s' if threads > 1 else ''}"
    return Path(label, "torch", {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), **more})


_KERAS = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}

PATHS = {
    "ours": Path("Penstock", "ours", {"PENSTOCK_KERNELS": "native"}),
    "scan": Path("Penstock, `lax.scan`", "ours", {"PENSTOCK_KERNELS": "scan"}),
    "torch-1": _torch(1),
    "torch-2": _torch(2),
    "torch-2-passive": _torch(2, OMP_WAIT_POLICY="passive"),
    "onnx": Path("onnxruntime", "onnxruntime", {"OMP_NUM_THREADS": "1"}),
    "keras": Path("Keras-JAX", "keras", _KERAS),
    "neuralforecast": Path("neuralforecast", "neuralforecast"),
}
"""By name. The two of torch on 2 threads share a column, which shows the faster."""

TORCH = ("torch-1", "torch-2", "torch-2-passive")
EVERY = ("ours", "scan", *TORCH, "keras")
