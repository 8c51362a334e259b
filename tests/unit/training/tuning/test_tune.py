"""Studies on a small world; one of them is really killed."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskml.config import settings
from riskml.errors import LabelError, UsageError
from riskml.evaluation.metrics import at_rate
from riskml.training.definition import load_definition
from riskml.training.space import Tuning
from riskml.training.tuning.search import Search
from riskml.training.tuning.storage import locked
from riskml.training.tuning.trials import Refused, TrialRecord
from riskml.training.tuning.tune import Tuned, tune
from riskml.training.tuning.writing import definition_toml, write_definition
from tests.oracles.synthetic import FEATURES
from tests.support.tuning import DEFINITION, UNTIL, frame, run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]
Home = Callable[[str], Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    def use(name: str) -> Path:
        monkeypatch.setenv("RISKML_HOME", str(tmp_path / name))
        settings.cache_clear()
        return tmp_path / name

    use("home")
    yield use
    settings.cache_clear()


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tuned]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISKML_HOME", str(tmp_path_factory.mktemp("shared")))
        settings.cache_clear()
        yield run(14)
    settings.cache_clear()


@pytest.fixture(scope="module")
def search() -> Search:
    return Search.of(frame(), FEATURES, DEFINITION, UNTIL.to_pydatetime())


def told(tuned: Tuned) -> pd.DataFrame:
    """Return what the trials were, but for their numbers and the time they took."""
    return tuned.trials.drop(columns=["trial", "seconds"])


def test_a_seed_decides_everything_and_more_trials_continue_a_study(
    home: Home, tuned: Tuned
) -> None:
    assert len(run(6).trials) == 6
    again = run(14)
    pd.testing.assert_frame_equal(told(tuned), told(again))
    assert (tuned.study, tuned.best_trial) == (again.study, again.best_trial)
    assert tuned.definition == again.definition
    assert tuned.unseen == again.unseen
    other = run(3, seed=4)
    assert other.study != tuned.study
    assert not told(other).equals(told(tuned).head(3))


def states(database: Path) -> Counter[str]:
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=0.1) as connection:
            rows = connection.execute("select state from trials").fetchall()
            return Counter(state for (state,) in rows)
    except sqlite3.OperationalError:
        return Counter()  # not made yet, or being written


def half_way(place: Path) -> bool:
    """Say whether trials are finished and another is at work."""
    found = Counter[str]()
    for database in place.glob("tuning/*/study.db"):
        found += states(database)
    return found["RUNNING"] == 1 and found["COMPLETE"] + found["PRUNED"] >= 4


@pytest.mark.slow
def test_a_study_killed_half_way_resumes_as_if_it_had_not_been(home: Home) -> None:
    place = home("killed")
    process = subprocess.Popen([sys.executable, "-m", "tests.support.tuning"], cwd=ROOT)
    try:
        while process.poll() is None:
            # It is held still while we look, so that it is killed in what we saw.
            process.send_signal(signal.SIGSTOP)
            if half_way(place):
                break
            process.send_signal(signal.SIGCONT)
            time.sleep(0.05)
        assert process.poll() is None, "it ended by itself"
    finally:
        process.kill()
        process.wait()
    (database,) = place.glob("tuning/*/study.db")
    left = states(database)
    assert left["RUNNING"] == 1
    done = left["COMPLETE"] + left["PRUNED"]
    budget = done + 4
    seen: list[TrialRecord] = []
    resumed = run(budget, on_trial=lambda _, trial: seen.append(trial))
    assert resumed.study == database.parent.name
    assert len(resumed.trials) == len(seen) == budget
    home("undisturbed")
    undisturbed = run(budget)
    pd.testing.assert_frame_equal(told(resumed), told(undisturbed))
    assert resumed.definition == undisturbed.definition


def test_the_first_trial_is_the_definition_itself(home: Home) -> None:
    alone = run(1)
    assert alone.best_trial == 0
    assert not alone.adopted
    assert alone.definition == DEFINITION
    assert alone.searched.gain.value == 0.0
    assert not len(alone.importance)


def test_the_first_trial_of_any_study_is_the_definition_itself(tuned: Tuned) -> None:
    row = tuned.trials.iloc[0]
    assert row["lightgbm.num_leaves"] == DEFINITION.lightgbm.num_leaves
    assert row["value"] == pytest.approx(tuned.searched.own)


def test_hopeless_trials_are_pruned_and_the_best_so_far_never_falls(tuned: Tuned) -> None:
    trials = tuned.trials
    assert (trials["state"] == "pruned").any()
    pruned = trials[trials["state"] == "pruned"]
    assert (pruned["slices"] < 3).any()
    assert (trials.loc[: DEFINITION.tuning.startup - 1, "state"] == "complete").all()
    assert (trials["best"].diff().dropna() >= 0).all()
    assert trials["best"].iloc[-1] == trials["value"].max()


def test_trials_at_once_are_as_many_and_each_is_what_it_is_alone(
    home: Home, search: Search
) -> None:
    trials = run(6, jobs=2).trials
    assert len(trials) == 6
    complete = trials[trials["state"] == "complete"].iloc[-1]
    names = [name for name in trials if "." in name]
    parameters = {name: complete[name] for name in names}
    parameters["lightgbm.num_leaves"] = int(parameters["lightgbm.num_leaves"])
    alone, _ = search.evaluate(parameters, lambda _slice, _value: False)
    assert alone == complete["value"]


def test_no_trial_sees_the_last_slice(search: Search) -> None:
    # Turning every label of it over changes nothing of what trials are told.
    own = {"lightgbm.num_leaves": 15}
    before, _ = search.evaluate(own, lambda _slice, _value: False)
    last = search.kept_back.test
    turned = search.rows.assign(
        label=np.where(last, 1 - search.rows["label"], search.rows["label"])
    )
    blind = replace(search, rows=turned)
    after, _ = blind.evaluate(own, lambda _slice, _value: False)
    assert last.any()
    assert before == after
    for fold in search.folds:
        assert not (fold.train & last).any()
        assert search.rows.loc[fold.train, "label_known_at"].max() < fold.start
    assert not (search.kept_back.train & last).any()


def test_the_comparison_on_the_last_slice_is_what_inspecting_it_finds(
    tuned: Tuned, search: Search
) -> None:
    rounds = search.searched({}).rounds
    raw = search.unseen({}, rounds)
    last = search.kept_back.test
    assert np.isnan(raw[~last]).all()
    labels = search.rows.loc[last, "label"]
    assert tuned.unseen.own == pytest.approx(at_rate(labels, raw[last], 0.1).recall)
    assert tuned.unseen.positives == labels.sum()


def test_confidence_decides_whether_the_best_trial_is_adopted(home: Home) -> None:
    # A poor start, so that there is something to gain, and one so sure that nothing convinces it.
    poor = DEFINITION.lightgbm.model_copy(update={"learning_rate": 0.001, "num_leaves": 2})
    start = DEFINITION.model_copy(update={"lightgbm": poor})
    found = run(6, definition=start)
    assert found.adopted
    assert found.definition == found.best != start
    assert found.searched.best > found.searched.own
    sure = start.tuning.model_copy(update={"confidence": 0.9999, "rate": 0.001})
    doubting = run(6, definition=start.model_copy(update={"tuning": sure}))
    assert not doubting.adopted
    assert doubting.definition == doubting.own


def test_what_is_written_is_read_back_and_can_be_tuned_again(tuned: Tuned, tmp_path: Path) -> None:
    path = write_definition(tuned, tmp_path / "new" / "best.toml")
    assert load_definition(path) == tuned.definition
    assert tuned.study in path.read_text()
    changed = replace(tuned, adopted=True)
    path.write_text(definition_toml(changed))
    assert load_definition(path) == tuned.best
    assert sorted(item.name for item in path.parent.iterdir()) == ["best.toml"]


def test_two_processes_do_not_share_a_study(home: Home) -> None:
    with locked(run(1).folder), pytest.raises(UsageError, match="another riskml tune is at work"):
        run(2)


def test_parameters_that_cannot_be_evaluated_cost_a_trial_and_say_why(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate = Search.evaluate

    def choosy(self, parameters, report):
        if parameters["lightgbm.extra_trees"] is False:
            raise Refused("no such trees")
        return evaluate(self, parameters, report)

    monkeypatch.setattr(Search, "evaluate", choosy)
    seen: list[TrialRecord] = []
    trials = run(8, on_trial=lambda _, trial: seen.append(trial)).trials
    refused = [trial for trial in seen if trial.state == "refused"]
    assert {trial.note for trial in refused} == {"no such trees"}
    assert len(trials) == 8
    assert (trials["state"] == "refused").sum() == len(refused)


def test_a_slice_with_one_class_is_a_clear_error(home: Home) -> None:
    rows = frame().copy()
    early = rows["decision_time"] < pd.Timestamp("2021-03-01", tz="UTC")
    rows["label"] = rows["label"].mask(~early & rows["label"].notna(), 0.0)
    with pytest.raises(LabelError, match="no slice has something to learn from"):
        tune(rows, FEATURES, DEFINITION, trials=2, until=UNTIL.to_pydatetime())


@pytest.mark.parametrize("wrong", [{"trials": 0}, {"trials": 2, "jobs": 0}])
def test_impossible_numbers_are_refused(home: Home, wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="use numbers from 1"):
        run(wrong.pop("trials"), **wrong)


def test_other_data_or_another_objective_is_another_study(home: Home) -> None:
    def digest(rows: pd.DataFrame, **tuning) -> str:
        part = DEFINITION.tuning.model_copy(update=tuning)
        changed = DEFINITION.model_copy(update={"tuning": Tuning.model_validate(part.model_dump())})
        return Search.of(rows, FEATURES, changed, UNTIL.to_pydatetime()).digest(0)

    base = digest(frame())
    assert base == digest(frame().sample(frac=1, random_state=0))  # row order is no input
    assert base != digest(frame().assign(noise=0.0))
    assert base != digest(frame(), objective="average_precision")
    assert base != digest(frame(), rate=0.2)
