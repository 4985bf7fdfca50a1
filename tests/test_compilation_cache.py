from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penstock import compilation_cache

COMPILE = """
import os
from penstock import compilation_cache
print(compilation_cache.keep(os.environ))
import jax
jax.monitoring.register_event_listener(lambda event, **_: print(event))
assert int(jax.jit(lambda x: 3 * x + {added})(2)) == 6 + {added}
{then}
"""
HIT, MISS = "/jax/compilation_cache/cache_hits", "/jax/compilation_cache/cache_misses"


def run(folder: Path, added: int = 1, then: str = "") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    return subprocess.run(
        [sys.executable, "-c", COMPILE.format(added=added, then=then)],
        env=environment | {"PENSTOCK_CACHE": str(folder)}, capture_output=True, text=True,
    )  # fmt: skip


def test_the_second_process_compiles_nothing(tmp_path: Path) -> None:
    first = run(tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith(f"kept in {tmp_path}")
    assert MISS in first.stdout
    assert HIT not in first.stdout
    kept = {path.name: path.read_bytes() for path, _ in compilation_cache.programs(tmp_path)}
    assert kept
    assert not list((tmp_path / "running").iterdir())

    second = run(tmp_path)
    assert HIT in second.stdout
    assert MISS not in second.stdout
    assert {path.name: path.read_bytes() for path, _ in compilation_cache.programs(tmp_path)} == kept


@pytest.mark.slow
def test_a_process_that_is_killed_tears_nothing(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 0
    kept = {path.name: path.read_bytes() for path, _ in compilation_cache.programs(tmp_path)}
    killed = run(tmp_path, added=2, then="os.kill(os.getpid(), 9)")
    assert killed.returncode == -signal.SIGKILL
    assert {path.name: path.read_bytes() for path, _ in compilation_cache.programs(tmp_path)} == kept

    (left,) = (tmp_path / "running").iterdir()
    os.utime(left, (time.time() - 3 * 24 * 3600,) * 2)
    assert run(tmp_path).returncode == 0
    assert not list((tmp_path / "running").iterdir()), "what a killed process left is deleted after two days"


def test_a_folder_that_the_user_gave_to_jax_is_left_alone(tmp_path: Path) -> None:
    environment = {"JAX_COMPILATION_CACHE_DIR": "here", "PENSTOCK_CACHE": str(tmp_path)}
    assert compilation_cache.keep(environment) == "kept in here (JAX_COMPILATION_CACHE_DIR)"
    assert compilation_cache.summary(environment) == "kept in here (JAX_COMPILATION_CACHE_DIR)"
    assert environment == {"JAX_COMPILATION_CACHE_DIR": "here", "PENSTOCK_CACHE": str(tmp_path)}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("word", ["off", "OFF", "0", "none"])
def test_nothing_is_kept_where_it_is_turned_off(word: str) -> None:
    environment = {"PENSTOCK_CACHE": word}
    assert compilation_cache.keep(environment) == f"not kept (PENSTOCK_CACHE={word})"
    assert environment == {"PENSTOCK_CACHE": word}


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environment = {"PENSTOCK_CACHE": str(tmp_path / "file")}
    assert compilation_cache.keep(environment).startswith("not kept: ")
    assert "JAX_COMPILATION_CACHE_DIR" not in environment


def test_the_programs_used_longest_ago_are_deleted(tmp_path: Path) -> None:
    for age, name in enumerate(["new", "middle", "old"]):
        path = tmp_path / "key" / f"{name}-cache"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(100))
        os.utime(path, (1e9 - age, 1e9 - age))
    (tmp_path / "key" / "other").write_bytes(bytes(1000))
    assert compilation_cache.prune(tmp_path, limit=250) == 200
    assert sorted(path.name for path in (tmp_path / "key").iterdir()) == ["middle-cache", "new-cache", "other"]
    assert compilation_cache.prune(tmp_path, limit=250) == 200
    assert compilation_cache.summary({"PENSTOCK_CACHE": str(tmp_path)}).startswith(f"2 in {tmp_path}, 0.0 MB")


def test_other_hardware_or_another_instruction_set_has_other_programs() -> None:
    assert compilation_cache.machine_key({}) == compilation_cache.machine_key({})
    assert compilation_cache.machine_key({}) != compilation_cache.machine_key({"PENSTOCK_ISA": "avx2"})


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/cache"}, Path("/cache")),
        ("linux", {}, Path.home() / ".cache"),
        ("darwin", {}, Path.home() / "Library" / "Caches"),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local")),
    ],
)
def test_caches_lie_where_the_platform_has_them(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], expected: Path
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert compilation_cache.user_cache(environment) == expected
