"""`penstock doctor`: what this machine has, and what is missing."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from penstock import compilation_cache
from penstock.datasets.home import HOME_VARIABLE
from penstock.version import __version__

__all__ = ["doctor"]

NEEDED = (
    "jax",
    "jaxlib",
    "equinox",
    "optax",
    "numpy",
    "narwhals",
    "pandas",
    "statsmodels",
    "arch",
    "safetensors",
    "matplotlib",
)
OPTIONAL = {
    "pyarrow": "Parquet files: pip install 'penstock[parquet]'",
    "polars": "polars frames: pip install polars",
}


def doctor() -> None:
    """Show versions and devices, and say what is missing and how to get it."""
    import jax

    from penstock import kernels

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_row("penstock", __version__)
    table.add_row(
        "python",
        f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    )
    for name in NEEDED:
        table.add_row(name, _version(name) or "[red]missing: pip install --force-reinstall penstock[/]")
    for name, use in OPTIONAL.items():
        table.add_row(name, _version(name) or f"[yellow]not installed; needed for {escape(use)}[/]")
    table.add_row("devices", ", ".join(f"{device.platform}:{device.id}" for device in jax.devices()))
    live = kernels.status()
    path = f"compiled kernels, {live.isa}" if live.path == "native" else "jax.lax.scan"
    table.add_row("recurrence", f"{path} ({escape(live.reason)})")
    table.add_row("programs", escape(compilation_cache.summary(os.environ)))
    table.add_row(HOME_VARIABLE, _data_home())
    Console(width=108).print(table)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _data_home() -> str:
    folder = os.environ.get(HOME_VARIABLE)
    if not folder:
        return "not set (only studies whose data do not come with a package need it)"
    return escape(folder) if Path(folder).is_dir() else f"[red]{escape(folder)} is no folder[/]"
