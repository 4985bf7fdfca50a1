"""Where the tests keep compiled programs: one folder for all workers and child processes, kept between runs.

The folder is in the user's cache, so that a fresh clone finds it. ``PENSTOCK_TEST_CACHE`` names another folder, or is
``off``. A folder that ``JAX_COMPILATION_CACHE_DIR`` names already is used as it is and never pruned.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from penstock import compilation_cache
from penstock.compilation_cache import OFF, SETTINGS, machine_key, prune, user_cache

VARIABLE = "PENSTOCK_TEST_CACHE"
LIMIT = 2 * 1024**3
"""Bytes that stay when a run begins; the programs that were used longest ago are deleted first."""


def keep(environment: MutableMapping[str, str]) -> str:
    """Set the variables that JAX reads at its import, and return one line that says what was chosen."""
    environment.setdefault(compilation_cache.VARIABLE, "off")  # no test writes into the user's own folder
    given = environment.get("JAX_COMPILATION_CACHE_DIR")
    if given:
        return f"kept in {given} (JAX_COMPILATION_CACHE_DIR)"
    wanted = environment.get(VARIABLE, "")
    if wanted.lower() in OFF:
        return f"not kept ({VARIABLE}={wanted})"
    root = Path(wanted) if wanted else user_cache(environment) / "penstock-tests"
    folder = root / machine_key(environment)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        prune(root, LIMIT)
    except OSError as error:
        return f"not kept: {error}"
    environment.update({**SETTINGS, "JAX_COMPILATION_CACHE_DIR": str(folder)})
    return f"kept in {folder} ({VARIABLE} names another folder, or is off)"
