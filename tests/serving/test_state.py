"""Sessions outlive the process: killed at any moment, every step that was answered is there, to the same bits."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import penstock as ps
from penstock.errors import DataError, OptionError
from penstock.serving import state
from penstock.serving.journal import Journal
from penstock.serving.limits import Limits
from penstock.serving.models import read_served
from penstock.serving.problems import RequestError
from penstock.serving.steps import read_row

from .conftest import ROWS, Server


@pytest.mark.slow  # three processes
def test_no_answered_step_is_lost_when_the_server_is_killed(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "net.penstock", tmp_path)
    first = Server(tmp_path, "net.penstock", "--state", "kept")
    session = first.begin(level=[80])
    address = f"/v1/sessions/{session}/step"
    rows = [{"t": int(t), "y": float(y), "step": n} for n, (t, y) in enumerate(ROWS[100:].values.tolist(), start=1)]
    answers = [first.ask("POST", address, row) for row in rows[:5]]
    first.process.kill()
    first.process.wait()
    # The file is replaced by another model meanwhile: the session goes on with its own.
    ps.Forecaster(ps.Network([ps.LSTM(4)]), window=8, epochs=1, batch=32, seed=2, horizon=2).fit(ROWS[:100]).save(
        tmp_path / "net.penstock"
    )
    second = Server(tmp_path, "net.penstock", "--state", "kept")
    assert second.wait_for("restored")["steps"] == 5
    assert second.ask("POST", address, rows[4]) == answers[4]  # asked again: the same answer
    stream = ps.load(folder / "net.penstock").stream(level=80)
    expected = [stream.push(row["t"], row["y"]).yhat.tolist() for row in rows]
    answers += [second.ask("POST", address, row) for row in rows[5:8]]
    assert [answer["yhat"] for _, answer in answers] == expected[:8]
    # A model file that changes is read again, for new requests.
    before = second.ask("POST", "/v1/models/net/forecast")[1]
    shutil.copy(folder / "net.penstock", tmp_path / "beside")
    (tmp_path / "beside").rename(tmp_path / "net.penstock")
    second.wait_for("reloaded")
    after = second.ask("POST", "/v1/models/net/forecast")[1]
    assert before["forecasts"] != after["forecasts"]
    assert [row["yhat"] for row in after["forecasts"]] == ps.load(folder / "net.penstock").predict()["yhat"].tolist()
    (tmp_path / "net.penstock").write_bytes(b"no model")  # what cannot be read leaves the old model
    second.wait_for("reload failed")
    assert second.ask("POST", "/v1/models/net/forecast")[1] == after
    assert second.end() == 0


@pytest.mark.parametrize("rows", [3, 100])
def test_sessions_go_on_from_the_journal_and_from_saved_streams(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(state, "_ROWS", rows)
    served = read_served(folder / "net.penstock")
    stream = served.model.stream(level=80)
    expected = [stream.push(t, y).values for t, y in zip(ROWS["ds"][100:108], ROWS["y"][100:108], strict=True)]
    names: list[str] = []
    for begin in (0, 4):
        place = state.State(tmp_path / "kept")
        sessions = state.StoredSessions(Limits(), place)
        sessions.restore([served])
        assert list(sessions.by_id) == names[:1]
        if not names:
            names = [sessions.create(served, {"level": [80]}).id for _ in range(2)]
        for number in range(begin, begin + 4):
            asked = {"t": int(ROWS["ds"][100 + number]), "y": float(ROWS["y"][100 + number]), "step": number + 1}
            answer = sessions.step(names[0], read_row(asked))
            assert answer["yhat"] == expected[number][0].tolist()
            assert answer["intervals"]["80"]["hi"] == expected[number][2].tolist()
        if not begin:
            sessions.delete(names[1])
        sessions.commit()
        with pytest.raises(OptionError, match="is used by another server"):
            state.State(tmp_path / "kept")
        place.close()  # nothing else is written at the end
    assert len(list((tmp_path / "kept" / "streams").iterdir())) == (rows == 3)


def test_a_full_disk_refuses_a_step_that_can_be_sent_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = read_served(folder / "net.penstock")
    monkeypatch.setattr(state, "_ROWS", 1)
    sessions = state.StoredSessions(Limits(), state.State(tmp_path / "kept"))
    name = sessions.create(served, {}).id
    sessions.commit()
    row = read_row({"t": 100, "y": 20.0, "step": 1})
    with monkeypatch.context() as full:
        full.setattr("os.fsync", lambda file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        answer = sessions.step(name, row)  # its stream cannot be saved, which the journal makes good
        with pytest.raises(RequestError, match="Send it again with the same number"):
            sessions.commit()
    assert sessions.step(name, row) is answer
    sessions.commit()
    assert [record.get("step") for record in sessions.state.journal.read()] == [None, 1]
    sessions.close()


def test_a_torn_end_is_cut_off_and_damage_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    for number in range(3):
        journal.append({"step": number})
        journal.commit()
    journal.close()
    whole = (tmp_path / "journal").read_bytes()
    for length in range(len(whole) + 1):
        (tmp_path / "journal").write_bytes(whole[:length])
        journal = Journal(tmp_path / "journal")
        assert list(journal.read()) == [{"step": number} for number in range(whole[:length].count(b"\n"))]
        journal.append({"step": "next"})
        journal.commit()
        assert list(journal.read())[-1] == {"step": "next"}
        journal.close()
    (tmp_path / "journal").write_bytes(whole.replace(b'"step":1', b'"step":7'))
    with pytest.raises(DataError, match="is damaged in line 2"):
        list(Journal(tmp_path / "journal").read())
