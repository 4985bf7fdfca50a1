from __future__ import annotations

import os
from pathlib import Path

import pytest

import compiled_programs


def test_the_programs_used_longest_ago_are_deleted(tmp_path: Path) -> None:
    for age, name in enumerate(["new", "middle", "old"]):
        path = tmp_path / "key" / f"{name}-cache"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(100))
        os.utime(path, (1e9 - age, 1e9 - age))
    (tmp_path / "key" / "other").write_bytes(bytes(1000))
    assert compiled_programs.prune(tmp_path, limit=250) == 200
    assert sorted(path.name for path in (tmp_path / "key").iterdir()) == ["middle-cache", "new-cache", "other"]
    assert compiled_programs.prune(tmp_path, limit=250) == 200


def test_the_folder_is_chosen_by_variables(tmp_path: Path) -> None:
    given = {"JAX_COMPILATION_CACHE_DIR": "here"}
    assert compiled_programs.keep(given) == "kept in here (JAX_COMPILATION_CACHE_DIR)"
    off = {"PENSTOCK_TEST_CACHE": "off"}
    assert compiled_programs.keep(off) == "not kept (PENSTOCK_TEST_CACHE=off)"
    assert off == {"PENSTOCK_TEST_CACHE": "off"}
    moved = {"PENSTOCK_TEST_CACHE": str(tmp_path / "there")}
    compiled_programs.keep(moved)
    assert Path(moved["JAX_COMPILATION_CACHE_DIR"]).parent == tmp_path / "there"
    assert moved["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] == "0"
    (tmp_path / "file").touch()
    refused = {"PENSTOCK_TEST_CACHE": str(tmp_path / "file")}
    assert compiled_programs.keep(refused).startswith("not kept: ")


def test_a_fast_test_that_is_not_fast_fails(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    hooks = next(plugin for plugin in request.config.pluginmanager.get_plugins() if hasattr(plugin, "FAST_SECONDS"))
    monkeypatch.setattr(hooks, "FAST_SECONDS", 0.05)

    def run(seconds_used: float, marked: object) -> None:
        class Item:
            def get_closest_marker(self, name: str) -> object:
                return marked

        clock = iter([0.0, seconds_used])
        monkeypatch.setattr(hooks, "used", lambda: next(clock))
        around = hooks.pytest_runtest_call(Item())
        next(around)
        end = hooks.time.perf_counter() + 0.06
        while hooks.time.perf_counter() < end:
            pass
        try:
            next(around)
        except StopIteration:
            return

    run(0.01, None)  # the machine was busy with something else
    run(9.0, "slow")
    with pytest.raises(pytest.fail.Exception, match="make it smaller or mark it slow"):
        run(9.0, None)
