"""A study whose file is missing, cut off or changed ends in words, before any work, and writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import penstock as ps
from penstock.studies.folder import run_all
from penstock.studies.registry import resolve_study
from penstock.studies.study import Request

PRICES = "stocks_weekly_adj_close.parquet"
CUT = {
    ("sp500", 2, "SP500.csv"): "the data hold 806 days from 2011-02-23 to 2014-05-07, but the 2,229 .* are needed",
    ("trackers", 2, PRICES): "cannot be read as parquet",
    ("stocks-direction", 1, PRICES): "cannot be read as parquet",
    ("stocks-returns", 1, PRICES): "cannot be read as parquet",
    ("macro", 1, "UMCSENT.csv"): "the files hold 122 months .* 456 are needed: one of them is cut off",
    ("macro", 1, "IPGMFN_2019.csv"): "the files hold 189 months .* 456 are needed: one of them is cut off",
    ("macro", 2, "IPGMFN_2020.csv"): "the files hold 195 months .* 480 are needed: one of them is cut off",
    ("nyse", 1, "NYSE.csv"): "is not the NYSE.csv that is needed .* it is cut off or was changed",
    ("hitters", 1, "Hitters.csv"): "is not the Hitters.csv that is needed .* it is cut off or was changed",
}
"""What each study says of each of its files that ends in the middle."""


def asked(edition: int, data: Path | None = None) -> Request:
    return Request(edition=edition, members=1, epochs=1, progress=False, data=data)


@pytest.fixture
def folder(data_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of data with links to the real files, and no way to the net."""
    for path in [*data_home.glob("*.csv"), data_home / PRICES]:
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.setenv("PENSTOCK_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")  # nobody listens there
    return tmp_path


def replaced(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


@pytest.mark.parametrize(("name", "edition", "file"), CUT)
def test_a_file_cut_off(folder: Path, name: str, edition: int, file: str) -> None:
    content = (folder / file).read_bytes()
    replaced(folder / file, content[: len(content) // 2])
    with pytest.raises(ps.DataError, match=CUT[name, edition, file]):
        resolve_study(name)(asked(edition))


@pytest.mark.parametrize(("name", "edition", "file"), CUT)
def test_a_missing_file(folder: Path, name: str, edition: int, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(ps.DataError, match=f"{file} is not in .*; get it from .* and put it there"):
        resolve_study(name)(asked(edition))


@pytest.mark.parametrize(("name", "file"), [("nyse", "NYSE.csv"), ("hitters", "Hitters.csv")])
def test_a_wrong_checksum(folder: Path, name: str, file: str) -> None:
    content = bytearray((folder / file).read_bytes())
    content[-3] ^= 1  # one digit is another
    replaced(folder / file, bytes(content))
    with pytest.raises(ps.DataError, match=rf"is not the {file} that is needed .*SHA-256"):
        resolve_study(name)(asked(1))


@pytest.mark.parametrize(("name", "edition"), [("trackers", 1), ("sp500", 1)])
def test_a_file_of_the_users_own_that_lacks_days(folder: Path, tmp_path: Path, name: str, edition: int) -> None:
    lines = (folder / "SP500.csv").read_text().splitlines()
    (tmp_path / "part.csv").write_text("\n".join([lines[0], *(line for line in lines[1:] if line > "2016-11-21")]))
    with pytest.raises(ps.DataError, match=r"but the 2,264 .* are needed. FRED serves the last ten years only"):
        resolve_study(name)(asked(edition, tmp_path / "part.csv"))


def test_nothing_is_left_of_a_study_that_could_not_run(folder: Path, tmp_path: Path) -> None:
    (folder / "NYSE.csv").unlink()
    out = tmp_path / "out"
    assert run_all([resolve_study("nyse")], asked(1), out, ("honest",)) == ["nyse, edition 1, honest protocol"]
    assert [path.name for path in out.rglob("*")] == ["index.html"]
    assert "NYSE.csv is not in" in (out / "index.html").read_text()
