"""Finished rehearsals are kept whole; a killed run goes on where it was."""

import shutil
from dataclasses import replace

import pandas as pd
import pytest

from riskml.errors import UsageError
from riskml.policy import running
from riskml.policy.running import Task, run_task, run_tasks
from tests.unit.policy.conftest import FIRST, LAST

pytestmark = pytest.mark.slow


@pytest.fixture
def task(folder, setup, tmp_path, rehearsal, monkeypatch) -> Task:
    # The world is made ready once for all tests; what is tested is what comes after.
    monkeypatch.setattr(running, "prepare", lambda *_, **__: rehearsal)
    return Task(folder, "declaration", FIRST, LAST, ("random", "oracle"), setup, tmp_path / "out")


def test_processes_change_nothing(task, tmp_path) -> None:
    one = run_task(task)
    two = run_task(replace(task, out=tmp_path / "other"), workers=2)
    pd.testing.assert_frame_equal(one.daily, two.daily)
    assert one.rates == two.rates
    assert one.daily["policy"].unique().tolist() == ["random", "oracle"]
    assert (one.total["violations"].to_numpy() >= 0).all()
    width = one.rates["random"]["unbiased"]["high"] - one.rates["random"]["unbiased"]["low"]
    assert abs(one.rates["random"]["truth"] - one.rates["random"]["unbiased"]["value"]) < width
    assert one.rates["oracle"]["unbiased"] is None
    assert one.rates["oracle"]["naive"]["low"] > one.rates["oracle"]["truth"]


def test_a_killed_run_goes_on_where_it_was(task, monkeypatch) -> None:
    real = running.account

    def killed(rehearsal, done):
        if done.policy == "oracle":
            raise KeyboardInterrupt
        return real(rehearsal, done)

    monkeypatch.setattr(running, "account", killed)
    with pytest.raises(KeyboardInterrupt):
        run_task(task)
    assert task.finished("random")
    assert not task.finished("oracle")
    monkeypatch.setattr(running, "account", real)
    again = run_task(task)
    assert again.resumed == ("random",)
    assert set(again.daily["policy"]) == {"random", "oracle"}
    monkeypatch.setattr(running, "prepare", None)  # nothing is left to do
    assert run_task(task).resumed == ("random", "oracle")


def test_another_setup_is_another_rehearsal(task) -> None:
    assert replace(task, setup=replace(task.setup, seed=9)).digest != task.digest
    assert replace(task, last=FIRST).digest != task.digest
    assert replace(task, policies=("random",)).digest == task.digest


def test_several_worlds_are_laid_together(task, folder, tmp_path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    both = run_tasks([task, replace(task, data=other)], workers=2)
    one = run_tasks([task])
    assert both.daily["world"].unique().tolist() == [folder.name, "other"]
    assert len(both.daily) == 2 * len(one.daily)
    assert both.rates[f"{folder.name} random"] == one.rates["random"]
    with pytest.raises(UsageError, match="the same folder name"):
        run_tasks([task, task])
