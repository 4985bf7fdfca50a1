"""Runs that were ended go on to the bits of runs that were not; another run is refused in words."""

from __future__ import annotations

import fcntl
import inspect
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.checkpoints import TrainingFile
from penstock.cli.kept import CheckpointOptions
from penstock.errors import ModelFileError, OptionError, TrainingWarning
from penstock.text import TextClassifier
from penstock.training.callbacks import Callback

NETWORK = ps.Network([ps.RNN(2)])


class DiedError(RuntimeError):
    """Stands for the end of a process."""


class DieAfter(Callback):
    """Ends the fit after so many epochs of this process."""

    def __init__(self, epochs: int) -> None:
        self.left = epochs

    def on_epoch_end(self, event: Any) -> None:
        self.left -= 1
        if not self.left:
            raise DiedError


def train(callbacks: Sequence[Callback] = ()) -> Any:
    """Train 20 members in 16 lanes or fewer: some wait, and they stop at different epochs."""
    x = np.random.default_rng(0).normal(size=(40, 3, 1))
    return ps.train(
        NETWORK, x[:30], x[:30, -1], validation=(x[30:], x[30:, -1]), optimizer=ps.Adam(0.3), epochs=9, patience=2,
        members=20, callbacks=list(callbacks),
    )  # fmt: skip


def same(one: Any, other: Any) -> bool:
    import jax

    losses = [(each.history.training_loss, each.history.validation_loss) for each in (one, other)]
    trees = (jax.tree.leaves((each.weights, pair)) for each, pair in zip((one, other), losses, strict=True))
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(*trees, strict=True))


def test_a_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = train()
    lengths = whole.history.epochs
    assert lengths.min() < lengths.max()  # lanes changed their jobs
    for number, epochs in enumerate((1, 3, 6)):
        with pytest.raises(DiedError), ps.training.checkpoints(tmp_path / "run", resume=number > 0, minutes=0):
            train([DieAfter(epochs)])
    for left in (None, 1):  # goes on; then has ended, and calls nothing back
        with ps.training.checkpoints(tmp_path / "run", resume=True):
            assert same(train([DieAfter(left or 99)]), whole)
    assert sorted(each.name for each in (tmp_path / "run").iterdir()) == ["lock", "run.json", "training-00001.penstock"]


def test_an_interrupt_keeps_the_epoch_that_it_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainingFile, "due", False)

    class Press(Callback):
        def on_epoch_end(self, event: Any) -> None:
            if event.epoch.max() == 2:
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), ps.training.checkpoints(tmp_path / "run"):
        train([Press()])
    assert capsys.readouterr().err.startswith("interrupted after epoch 2, which is kept in ")
    with ps.training.checkpoints(tmp_path / "run", resume=True):
        after = DieAfter(99)
        assert same(train([after]), train())
    assert after.left == 99 - (train_calls() - 2)


def train_calls() -> int:
    """Count the epochs of all rounds of an uninterrupted run."""
    count = DieAfter(99)
    train([count])
    return 99 - count.left


FRAME = pd.DataFrame({"ds": np.arange(60), "y": np.sin(np.arange(60) / 3)})


def forecaster(**options: Any) -> ps.Forecaster:
    return ps.Forecaster(NETWORK, **{"window": 4, "epochs": 4, "batch": 10, "validation": 0.2, **options})


def test_fit_goes_on_and_refuses_another_run(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "run"
    whole = forecaster().fit(FRAME)
    with pytest.raises(DiedError):
        forecaster().fit(FRAME, checkpoint=folder, callbacks=[DieAfter(2)])
    with pytest.raises(OptionError, match="holds the checkpoints of a run already; give resume=True"):
        forecaster().fit(FRAME, checkpoint=folder)
    with pytest.raises(OptionError, match=r"another one: batch was 10 and is 12 now; epochs was 4 and is 9 now\. Give"):
        forecaster(batch=12, epochs=9).fit(FRAME, checkpoint=folder, resume=True)
    with pytest.raises(OptionError, match="rows was 60 and is 59 now"):
        forecaster().fit(FRAME[:59], checkpoint=folder, resume=True)
    with pytest.raises(OptionError, match=r"another one: the rows that the network reads was \w+ and is \w+ now; the "):
        forecaster().fit(FRAME.assign(y=FRAME["y"] ** 3), checkpoint=folder, resume=True)
    again = forecaster(progress=False).fit(FRAME, checkpoint=folder, resume=True)
    assert again.predict().equals(whole.predict())
    assert np.array_equal(again.history_.training_loss, whole.history_.training_loss)


def test_a_folder_is_for_one_run(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="say where they are: checkpoint='FOLDER'"):
        forecaster().fit(FRAME, resume=True)
    (tmp_path / "notes.txt").write_text("mine")
    for folder, message in ((tmp_path, "holds other files \\('notes.txt'\\)"), (tmp_path / "notes.txt", "is a file")):
        with pytest.raises(OptionError, match=message):
            forecaster().fit(FRAME, checkpoint=folder)
    with pytest.warns(TrainingWarning, match="holds no checkpoint: nothing here is trained by epochs"):
        ps.Naive().fit(FRAME, checkpoint=tmp_path / "run")
    with (tmp_path / "run" / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(OptionError, match="another process keeps its checkpoints in"):
            ps.Naive().fit(FRAME, checkpoint=tmp_path / "run", resume=True)
    with pytest.raises(OptionError, match="minutes=-1 is not allowed"), ps.training.checkpoints(tmp_path, minutes=-1):
        pass


def test_a_run_that_ended_before_anything_was_kept_is_said_and_begun_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt), ps.training.checkpoints(run, what={"batch": "10"}):
        signal.raise_signal(signal.SIGINT)  # as while its first program is compiled
    assert capsys.readouterr().err == f"interrupted before anything was kept in {str(run)!r}\n"
    (run / ".0a0a0a0a.part-run.json").write_bytes(b"half")  # of a process that was killed while it wrote
    with ps.training.checkpoints(run, what={"batch": "12"}):
        train()
    with pytest.raises(KeyboardInterrupt), ps.training.checkpoints(run, resume=True, what={"batch": "12"}):
        signal.raise_signal(signal.SIGINT)
    assert capsys.readouterr().err == ""
    with (
        pytest.raises(OptionError, match="batch was 12 and is 10 now"),
        ps.training.checkpoints(run, resume=True, what={"batch": "10"}),
    ):
        pass


def test_checkpoints_are_so_many_minutes_apart_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[float] = set()
    monkeypatch.setattr(TrainingFile, "due", property(lambda file: bool(seen.add(file._seconds))))
    forecaster(epochs=1).fit(FRAME, checkpoint=tmp_path / "run", checkpoint_minutes=2)
    options = CheckpointOptions(tmp_path / "other", checkpoint_minutes=3)
    assert {*vars(options)} < {*inspect.signature(ps.compare).parameters}
    with options.checkpoints({}):
        train()
    assert seen == {120, 180}


def test_a_damaged_checkpoint_and_another_machine_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, written = tmp_path / "run", tmp_path / "run" / "training-00001.penstock"
    with pytest.raises(DiedError):
        forecaster().fit(FRAME, checkpoint=run, callbacks=[DieAfter(2)])
    left = run / ".0a0a0a0a.part-training-00001.penstock"
    left.write_bytes(b"half")
    monkeypatch.setattr("penstock.training.kept.machine", lambda: "cpu, kernels native sse9")
    with pytest.warns(TrainingWarning, match="goes on with cpu, kernels native sse9: the result may differ"):
        forecaster().fit(FRAME, checkpoint=run, resume=True)
    assert not left.exists()
    written.write_bytes(written.read_bytes()[:-40])
    with pytest.raises(ModelFileError, match="Delete the file to train this part again"):
        forecaster().fit(FRAME, checkpoint=run, resume=True)
    written.unlink()
    assert forecaster().fit(FRAME, checkpoint=run, resume=True).predict().equals(forecaster().fit(FRAME).predict())


def count_checkpoints(monkeypatch: pytest.MonkeyPatch, last: int = -1) -> list[int]:
    """Count the checkpoints that are written; the process ends right behind the last."""
    write, written = TrainingFile.write, [0]

    def counted(self: TrainingFile, *arguments: Any) -> None:
        write(self, *arguments)
        written[0] += 1
        if written[0] == last:
            raise DiedError

    monkeypatch.setattr(TrainingFile, "write", counted)
    return written


@pytest.mark.parametrize("last", [3, pytest.param(6, marks=pytest.mark.slow)])  # in the first network, in the second
def test_a_comparison_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: int) -> None:
    def compare(folder: str, **more: Any) -> Any:
        models = [forecaster(seed=seed, members=2) for seed in (0, 1)]
        split = ps.RollingOrigin(test=12, refit=3)
        return ps.compare(models, FRAME, split, level=80, checkpoint=tmp_path / folder, **more)

    monkeypatch.setattr(TrainingFile, "due", True)
    with monkeypatch.context() as patch:
        all_of_them = count_checkpoints(patch)
        whole = compare("whole")
    with monkeypatch.context() as patch:
        count_checkpoints(patch, last)
        with pytest.raises(DiedError):
            compare("run")
    rest = count_checkpoints(monkeypatch)
    again = compare("run", resume=True)
    assert rest[0] == all_of_them[0] - last
    for one, other in zip(again.entries.values(), whole.entries.values(), strict=True):
        assert np.array_equal(one.forecast, other.forecast)
        assert np.array_equal(one.bounds, other.bounds)
    with pytest.raises(OptionError, match="split was RollingOrigin.*12.* and is RollingOrigin.*13"):
        ps.compare([forecaster()], FRAME, ps.RollingOrigin(test=13), checkpoint=tmp_path / "run", resume=True)


@pytest.mark.slow
def test_sequences_and_texts_go_on(tmp_path: Path) -> None:
    texts, labels = ["good fun", "so bad and so very, very long"] * 20, ["up", "down"] * 20
    words = TextClassifier(NETWORK, epochs=4, units=3, batch=8)
    x = np.random.default_rng(0).normal(size=(40, 3, 1))
    numbers = ps.SequenceRegressor(NETWORK, epochs=4, batch=8)
    for name, model, data in (("words", words, (texts, labels)), ("numbers", numbers, (x, x[:, -1, 0]))):
        whole = model.clone().fit(*data)
        with pytest.raises(DiedError):
            model.clone().fit(*data, checkpoint=tmp_path / name, callbacks=[DieAfter(2)])
        again = model.clone().fit(*data, checkpoint=tmp_path / name, resume=True)
        assert np.array_equal(again.outputs(data[0]), whole.outputs(data[0]))
        with pytest.raises(OptionError, match="seed was 0 and is 1 now"):
            model.clone().set_params(seed=1).fit(*data, checkpoint=tmp_path / name, resume=True)
