from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import penstock as ps
from penstock.files import check_destination, write_json, write_whole


def test_writes_and_leaves_nothing_beside(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "new")
    write_whole(tmp_path / "a", b"newer")
    assert (tmp_path / "a").read_text() == "newer"
    assert os.listdir(tmp_path) == ["a"]


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "a", "old")

    def full_disk(handle: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_whole(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_process_killed_while_it_writes_leaves_a_whole_file(tmp_path: Path) -> None:
    """A real process rewrites one file without end and is killed: the file is one of the two whole ones."""
    path = tmp_path / "a"
    contents = ["a" * 2_000_000, "b" * 2_000_000]
    write_whole(path, contents[0])
    code = (
        "import sys; from penstock.files import write_whole\n"
        "while True:\n"
        "    for letter in 'ba': write_whole(sys.argv[1], letter * 2_000_000); print('.', flush=True)"
    )
    for wait in (0.0, 0.003, 0.011):
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        assert path.read_text() in contents


def test_json_holds_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert os.listdir(tmp_path) == []


def test_destinations_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ps.OptionError, match=r"the folder '.*none' of 'r.html' does not exist; make it first: mkdir -p"
    ):
        check_destination(tmp_path / "none" / "r.html")
    with pytest.raises(ps.OptionError, match="is a folder; give the name of a file"):
        check_destination(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ps.OptionError, match="is a device or a pipe, which cannot be replaced"):
        write_whole(tmp_path / "pipe", "x")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "old")
    (tmp_path / "link").symlink_to("a")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_text() == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files are those of Unix")
def test_the_mode_of_the_file_that_is_replaced_stays(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "old")
    fresh = (tmp_path / "a").stat().st_mode & 0o777
    (tmp_path / "a").chmod(0o600)
    write_whole(tmp_path / "a", "new")
    assert ((tmp_path / "a").stat().st_mode & 0o777, (tmp_path / "a").read_text()) == (0o600, "new")
    write_whole(tmp_path / "b", "new")
    assert (tmp_path / "b").stat().st_mode & 0o777 == fresh


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
def test_a_process_that_is_ended_while_it_writes_leaves_no_part(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from penstock.files import write_whole\n"
        "os.fsync = lambda handle: (print('.', flush=True), time.sleep(60))\n"
        "write_whole(sys.argv[1], 'new')"
    )
    write_whole(tmp_path / "a", "old")
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
    assert ((tmp_path / "a").read_text(), os.listdir(tmp_path)) == ("old", ["a"])
