"""Files found, downloaded from a real server, and refused."""

from __future__ import annotations

import gc
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import penstock as ps
from penstock.datasets.home import DataFile, data_file

CONTENT = b"a,b\n" + b"1,2\n" * 5000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves /whole.csv, breaks off in the middle of /short.csv, knows nothing else."""

    def do_GET(self) -> None:
        if self.path not in ("/whole.csv", "/short.csv"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT if self.path == "/whole.csv" else CONTENT[:9000])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on standard error."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


# requests leaves the socket of a response that broke off to the garbage collector, which warns.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("PENSTOCK_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield tmp_path / "cache" / "penstock"
    gc.collect()


def test_a_file_is_downloaded_once_and_checked(server: str, cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = data_file(DataFile("d.csv", "THERE", f"{server}/whole.csv", (DIGEST,)))
    assert path == cache / "d.csv"
    assert path.read_bytes() == CONTENT
    assert data_file(DataFile("d.csv", "THERE", "http://127.0.0.1:1/", (DIGEST,))) == path  # from the cache
    path.write_bytes(CONTENT[:100])
    assert data_file(DataFile("d.csv", "THERE", f"{server}/whole.csv", (DIGEST,))).read_bytes() == CONTENT
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("path", "digest", "reason"),
    [
        ("whole.csv", "0" * 64, "does not match the known hash"),
        ("short.csv", DIGEST, "IncompleteRead"),
        ("short.csv", None, "IncompleteRead"),
        ("none.csv", DIGEST, "404"),
    ],
)
def test_a_download_that_fails_says_what_to_do_and_leaves_nothing(
    server: str, cache: Path, path: str, digest: str | None, reason: str
) -> None:
    file = DataFile("d.csv", "THERE", f"{server}/{path}", (digest,) if digest else ())
    with pytest.raises(ps.DataError, match="d.csv is needed: get it from THERE, put it in a folder") as error:
        data_file(file)
    assert reason in str(error.value)
    assert list(cache.glob("*")) == []


def test_the_folder_comes_first_and_is_checked(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = DataFile("d.csv", "THERE", "http://127.0.0.1:1/", (DIGEST,))
    monkeypatch.setenv("PENSTOCK_DATA", str(tmp_path))
    (tmp_path / "d.csv").write_bytes(CONTENT)
    assert data_file(file) == tmp_path / "d.csv"
    (tmp_path / "d.csv").write_bytes(CONTENT[:-2])
    with pytest.raises(ps.DataError, match="it is cut off or was changed. Get it from THERE and put it there"):
        data_file(file)
    (tmp_path / "own.csv").write_text("x")
    assert data_file(file, tmp_path / "own.csv") == tmp_path / "own.csv"
    (tmp_path / "sub").mkdir()
    with pytest.raises(ps.DataError, match="d.csv is not in .*sub' .given.; get it from THERE and put it there"):
        data_file(file, tmp_path / "sub")


def test_every_table_of_the_public_sources(data_home: Path) -> None:
    hitters = ps.datasets.hitters()
    assert hitters.shape == (322, 20)
    assert int(hitters["Salary"].isna().sum()) == 59
    nyse = ps.datasets.nyse()
    assert len(nyse) == 6051
    assert [f"{nyse['ds'].iloc[row]:%F}" for row in (0, -1)] == ["1962-12-03", "1986-12-31"]
    assert nyse["train"].dtype == bool
    for vintage, last in ((2019, "2019-01-01"), (2020, "2020-01-01")):
        macro = ps.datasets.macro(vintage)
        assert macro.columns.tolist() == ["ds", "ip", "sentiment"]
        assert f"{macro['ds'].iloc[-1]:%F}" == last
    with pytest.raises(ps.OptionError, match="vintage=2018 is unknown; allowed: 2019, 2020"):
        ps.datasets.macro(2018)


def test_a_long_frame_of_prices(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("ds,unique_id,y\n2020-01-12,B,2\n2020-01-05,B,1.5\n2020-01-05,A,3\n")
    frame = ps.datasets.stocks(tmp_path / "p.csv")
    assert frame["unique_id"].tolist() == ["A", "B", "B"]
    assert frame["y"].tolist() == [3.0, 1.5, 2.0]
    for text, message in (
        ("ds,unique_id,y\n2020-01-12,B,-2\n", "1 prices are missing or not above zero"),
        ("ds,id,y\n2020-01-12,B,2\n", "w.csv has no column 'unique_id'; it has 'ds', 'id', 'y'"),
        ("ds,unique_id,y\nsoon,B,2\n", "the column 'ds' holds 'soon' in row 0, which is no date such as 2018-01-31"),
        ("ds,unique_id,y\n2020-01-12,B,2\n2020-01-12,B,3\n", "B has two prices of 2020-01-12; keep one of a week"),
    ):
        (tmp_path / "w.csv").write_text(text)
        with pytest.raises(ps.DataError, match=message):
            ps.datasets.stocks(tmp_path / "w.csv")


def test_the_current_folder_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "yelp_labelled.txt").write_text("Fine\t1\n")
    monkeypatch.chdir(tmp_path)
    for value in (None, ""):
        monkeypatch.delenv("PENSTOCK_DATA", raising=False) if value is None else monkeypatch.setenv(
            "PENSTOCK_DATA", value
        )
        with pytest.raises(ps.DataError, match="put it in a folder, and set PENSTOCK_DATA to that folder"):
            ps.datasets.yelp()
