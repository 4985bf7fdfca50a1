from __future__ import annotations

from pathlib import Path

import pytest

import compiled_programs


def test_the_folder_is_chosen_by_variables(tmp_path: Path) -> None:
    given = {"JAX_COMPILATION_CACHE_DIR": "here"}
    assert compiled_programs.keep(given) == "kept in here (JAX_COMPILATION_CACHE_DIR)"
    off = {"PENSTOCK_TEST_CACHE": "off"}
    assert compiled_programs.keep(off) == "not kept (PENSTOCK_TEST_CACHE=off)"
    assert off == {"PENSTOCK_TEST_CACHE": "off", "PENSTOCK_CACHE": "off"}
    moved = {"PENSTOCK_TEST_CACHE": str(tmp_path / "there")}
    compiled_programs.keep(moved)
    assert Path(moved["JAX_COMPILATION_CACHE_DIR"]).parent == tmp_path / "there"
    assert moved["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] == "0"
    (tmp_path / "file").touch()
    refused = {"PENSTOCK_TEST_CACHE": str(tmp_path / "file")}
    assert compiled_programs.keep(refused).startswith("not kept: ")


def test_a_fast_test_that_is_not_fast_fails(request: pytest.FixtureRequest) -> None:
    plugins = request.config.pluginmanager.get_plugins()
    hooks = next(plugin for plugin in plugins if hasattr(plugin, "FAST_SECONDS"))

    class Item:
        def __init__(self, marked: bool) -> None:
            self.marked = marked

        def get_closest_marker(self, name: str) -> bool | None:
            return self.marked or None

    def run(processor: float, *, marked: bool = False, slowness: float = 1.0) -> None:
        """Give the hook a test of 6 s on the clock, where 5 s are allowed; the patches end before this one's."""
        readings, times = iter([0.0, processor]), iter([0.0, 6.0])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hooks, "clock", lambda: next(times))
            patch.setattr(hooks, "used", lambda: next(readings))
            patch.setattr(hooks, "slowness", lambda: slowness)
            around = hooks.pytest_runtest_call(Item(marked))
            next(around)
            next(around, None)

    run(1.0)  # the machine was busy with something else
    run(9.0, marked=True)
    run(9.0, slowness=5.0)  # a machine that is five times slower
    with pytest.raises(pytest.fail.Exception, match="took 6.0 s, and a fast test may take 5 s: make it smaller or"):
        run(9.0)
