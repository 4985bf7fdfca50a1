"""Sessions outlive the process: killed at any moment, every step that was answered is there, to the same bits."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

import penstock as ps
from penstock.errors import DataError, DataWarning, OptionError
from penstock.serving import state
from penstock.serving.journal import Journal
from penstock.serving.limits import Limits
from penstock.serving.models import read_served
from penstock.serving.problems import RequestError
from penstock.serving.sessions import Session, Sessions
from penstock.serving.steps import Row, read_row

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


class Plain(NamedTuple):
    """What StepReader.many gives."""

    session: str
    t: int
    y: float
    step: int | None = None


@pytest.mark.parametrize("size", [1, 1 << 24])
def test_sessions_go_on_from_the_journal_and_from_sessions_in_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(state, "_SIZE", size)
    begun, begin_another = [], state.State.begin_another
    monkeypatch.setattr(state.State, "begin_another", lambda place: begun.append(1) or begin_another(place))
    served = read_served(folder / "net.penstock")
    stream = served.model.stream(level=80)
    times, values = ROWS["ds"][100:109].tolist(), ROWS["y"][100:109].tolist()
    expected = [stream.push(t, y).values for t, y in zip(times, values, strict=True)]
    names: list[str] = []
    for begin in (0, 4):
        place = state.State(tmp_path / "kept", sync=bool(begin))
        sessions = state.StoredSessions(Limits(), place)
        sessions.restore([served])
        assert list(sessions.by_id) == names[:2]
        if not names:
            names = [sessions.create(served, {"level": [80]}).id for _ in range(3)]
        for number in range(begin, begin + 4):
            asked = {"t": times[number], "y": values[number], "step": number + 1}
            first, second = [sessions.step(names[0], read_row(asked))], [Plain(names[1], times[number], values[number])]
            answers = first + sessions.steps_together([*second, Plain("none", 1, 1.0)])
            for answer in answers[:2]:
                assert answer["yhat"] == expected[number][0].tolist()
                assert answer["intervals"]["80"]["hi"] == expected[number][2].tolist()
            assert answers[2]["status"] == 404
            sessions.commit()
        if not begin:
            sessions.delete(names[2])
        sessions.commit()
        with pytest.raises(OptionError, match="is used by another server"):
            state.State(tmp_path / "kept")
        place.close()  # nothing else is written at the end
    assert bool(begun) == (size == 1)


def test_a_journal_that_was_being_replaced_is_read_with_the_other(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_SIZE", 1)
    monkeypatch.setattr(state, "_SECONDS", 0.0)  # no session is written, as if there had been no time
    served, expected = read_served(folder / "net.penstock"), None
    for begin in (0, 2):
        place = state.State(tmp_path / "kept", sync=False)
        sessions = state.StoredSessions(Limits(), place)
        sessions.restore([served])
        name = next(iter(sessions.by_id), None) or sessions.create(served, {}).id
        for number in range(begin, begin + 2):
            sessions.steps_together([Plain(name, 100 + number, 5.0)])
            sessions.commit()
        assert (tmp_path / "kept" / "journal.old").exists() == (begin == 0)
        place.close()
    stream = served.model.stream()
    for number in range(4):
        expected = stream.push(100 + number, 5.0)
    assert expected is not None
    assert (sessions.by_id[name].step, sessions.by_id[name].answer["yhat"]) == (4, expected.yhat.tolist())


def test_rows_together_are_those_one_by_one_and_hold_up_nobody(folder: Path) -> None:
    served = read_served(folder / "net.penstock")
    sessions, alone = Sessions(Limits()), Sessions(Limits())
    names = [sessions.create(served, {"missing": "ffill"}).id for _ in range(3)]
    for name in names:
        alone.add(Session(name, served, served.model.stream(missing="ffill"), {}))
    rows = [
        Plain(names[0], 100, 5.0, 1), Plain(names[1], 100, 6.0), Plain(names[2], 100, 7.0), Plain(names[0], 101, 5.5),
        Plain(names[1], 103, 5.0),  # two rows are missing: carried forward
        Plain(names[2], 100, 7.5),  # double
        Plain(names[2], 101, float("nan")), Plain(names[0], 102, 1.0, 7), Plain("none", 100, 1.0),
    ]  # fmt: skip
    answers = sessions.steps_together(rows)
    expected = alone.steps([(row.session, Row(row.t, row.y, None, {}, None, row.step, False)) for row in rows])
    assert answers == expected
    assert [answer.get("status") for answer in answers] == [None] * 5 + [422, None, 409, 404]
    assert sessions.by_id[names[1]].stream.carried == 2


def test_a_full_disk_refuses_a_step_that_can_be_sent_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = read_served(folder / "net.penstock")
    sessions = state.StoredSessions(Limits(), state.State(tmp_path / "kept"))
    name = sessions.create(served, {}).id
    sessions.commit()
    row = read_row({"t": 100, "y": 20.0, "step": 1})
    with monkeypatch.context() as full:
        full.setattr("os.fsync", lambda file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        answer = sessions.step(name, row)
        with pytest.raises(RequestError, match="Send it again with the same number"):
            sessions.commit()
    assert sessions.step(name, row) is answer
    sessions.commit()
    assert [record.get("step") for record in sessions.state.journal.read()] == [None, 1]
    monkeypatch.setattr(sessions, "largest", 1)
    with monkeypatch.context() as full:
        full.setattr(sessions.state, "begin_another", lambda: (_ for _ in ()).throw(OSError(28, "No space left")))
        sessions.commit()  # the journal is there, and holds everything
    sessions.commit()
    assert [record["step"] for record in sessions.state.journal.read()] == [1]
    sessions.close()


def test_a_row_that_the_journal_cannot_hold_spoils_no_other_session(folder: Path, tmp_path: Path) -> None:
    served, times = read_served(folder / "net.penstock"), ROWS["ds"][100:102].tolist()
    place = state.State(tmp_path / "kept")
    sessions = state.StoredSessions(Limits(), place)
    one, other = (sessions.create(served, {}).id for _ in range(2))
    with pytest.warns(DataWarning, match="are taken for it"), pytest.raises(UnicodeEncodeError):
        sessions.step(one, Row(times[0], 1.0, "\ud800", {}, None, None, times=False))
    with pytest.raises(RequestError, match="an earlier step of this session failed"):
        sessions.step(one, Row(times[1], 1.0, None, {}, None, None, times=False))
    expected = sessions.step(other, Row(times[0], 1.0, None, {}, None, 1, times=False))
    sessions.commit()
    sessions.close()
    again = state.StoredSessions(Limits(), state.State(tmp_path / "kept"))
    again.restore([served])
    assert again.by_id[other].answer == expected
    again.close()


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
