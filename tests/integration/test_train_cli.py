"""`riskml train`, `evaluate` and `promote` on a small trade, with the real MLflow on SQLite."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from riskml.bundle import Bundle
from riskml.cli import main
from riskml.config import settings
from riskml.errors import DataError
from riskml.training.definition import load_stage_definition
from riskml.training.tracking.client import mlflow_client
from riskml.training.tracking.studies import StudyRuns
from riskml.training.tuning.trials import TrialRecord
from tests.oracles.tables import make_tables, write_tables

pytestmark = [
    pytest.mark.slow,
    pytest.mark.integration,
    # MLflow leaves the closing of its SQLite connections to the collector. Remove when it does not.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    # pyarrow 25 reads time columns through an interface that pandas retires. Remove when it
    # does not.
    pytest.mark.filterwarnings("ignore:Series.values returning an ndarray"),
]

MODEL = """
stage = "declaration"
[fit]
threads = 1
ensemble = 2
folds = 3
max_rounds = 60
patience = 15
[gates]
min_lift = 1.2
"""

SEARCHED = """
[tuning]
rate = 0.1
folds = 3
startup = 2
[tuning.space.lightgbm]
num_leaves = { low = 2, high = 31 }
extra_trees = { choices = [true, false] }
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("place")
    write_tables(make_tables(), folder / "data")
    # A simulated world lies beside its truth. Whatever here opened it would fail on this one.
    (folder / "data" / "truth.parquet").write_bytes(b"no training code reads the truth")
    (folder / "model.toml").write_text(MODEL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISKML_HOME", str(folder / "home"))
        patch.delenv("RISKML_TRACKING_URI", raising=False)
        settings.cache_clear()
        yield folder
    settings.cache_clear()


@pytest.fixture
def run(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["riskml", *arguments])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def train(run: Run, place: Path, *more: str) -> tuple[int, str, str]:
    where = ("--data", str(place / "data"), "--model", str(place / "model.toml"))
    return run("train", *where, "--stage", "declaration", *more)


@pytest.fixture(scope="module")
def trained() -> dict[str, Any]:
    return {}


def test_train_prints_the_run_and_the_version_and_writes_the_bundle(
    run: Run, place: Path, trained: dict[str, Any]
) -> None:
    bundle = place / "bundle"
    code, out, err = train(run, place, "--until", "2022-07-01", "--out", str(bundle), "--json")
    assert code == 0, err
    found = json.loads(out)
    trained.update(found)
    assert found["version"] == "1"
    assert len(found["run_id"]) == 32
    manifest = Bundle.load(bundle).manifest
    assert manifest.model_digest == found["model_digest"]
    # The cut is the local midnight, exclusive.
    assert manifest.training_window.until == "2022-06-30T17:00:00+00:00"
    assert manifest.training_window.last_decision < manifest.training_window.until


def test_the_truth_beside_the_tables_was_not_read(place: Path, trained: dict[str, Any]) -> None:
    truth = place / "data" / "truth.parquet"
    with pytest.raises(pa.ArrowInvalid):
        pd.read_parquet(truth)
    assert trained["version"] == "1"


def test_evaluate_prints_one_object_with_model_baselines_offices_and_checks(
    run: Run, place: Path, trained: dict[str, Any]
) -> None:
    where = ("--data", str(place / "data"), "--stage", "declaration", "--resamples", "50")
    period = ("--from", "2022-07-01", "--to", "2022-10-31")
    answers = []
    for model in (str(place / "bundle"), f"runs:/{trained['run_id']}", trained["model_ref"]):
        code, out, err = run("evaluate", *where, "--model", model, *period, "--json")
        assert code == 0, err
        answers.append(json.loads(out))
    found = answers[0]
    for other in answers[1:]:
        assert {**other, "model_ref": ""} == {**found, "model_ref": ""}
    precision = found["model"]["average_precision"]
    assert precision["low"] < precision["value"] < precision["high"]
    assert precision["value"] > 1.5 * found["base_rate"]
    assert found["model"]["at"]["0.05"]["hit_rate"]["value"] > found["base_rate"]
    assert {row["office"] for row in found["per_office"]} == {"HPH", "SGN"}
    assert found["checks"][0]["code"] == "RK001"
    assert found["rows"] + found["immature"] == found["labelled"] == found["arrivals"]
    assert found["baselines"]["random"]["at"]["0.05"]["lift"]["value"] == pytest.approx(1.0)


def test_evaluate_prints_tables_for_people(run: Run, place: Path) -> None:
    code, out, err = run(
        "evaluate", "--data", str(place / "data"), "--stage", "declaration", "--resamples", "10",
        "--model", str(place / "bundle"), "--from", "2022-07-01", "--to", "2022-10-31",
        "--by", "shipment",
    )  # fmt: skip
    assert code == 0, err
    assert "At inspection rates" in out
    assert "RK008" in out


def test_promote_judges_on_a_later_period_and_exports(
    run: Run, place: Path, trained: dict[str, Any]
) -> None:
    period = ("--data", str(place / "data"), "--from", "2022-07-01", "--to", "2022-10-31")
    code, out, err = run(
        "promote", "--stage", "declaration", "--version", trained["version"], *period, "--json"
    )
    assert code == 0, err
    decision = json.loads(out)
    assert decision["promoted"] is True
    assert (
        Bundle.load(place / "home" / "champions" / "declaration").manifest.model_digest
        == (trained["model_digest"])
    )


def tune(run: Run, place: Path, *more: str) -> tuple[int, str, str]:
    (place / "searched.toml").write_text(MODEL.replace("ensemble = 2", "ensemble = 1") + SEARCHED)
    where = ("--data", str(place / "data"), "--model", str(place / "searched.toml"))
    out = ("--out", str(place / "tuned.toml"))
    return run("tune", *where, *out, "--stage", "declaration", "--until", "2022-07-01", *more)


def test_a_broken_off_search_goes_on_in_the_same_run_and_logs_every_trial_once(
    run: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = StudyRuns.log

    def broken(self: StudyRuns, study: str, trial: TrialRecord) -> None:
        if trial.number == 2:  # finished, but never logged
            raise DataError("the power went", "wait for it")
        log(self, study, trial)

    with monkeypatch.context() as patch:
        patch.setattr(StudyRuns, "log", broken)
        code, _, err = tune(run, place, "--trials", "4")
    assert code == 1
    assert err == "riskml: error: the power went: wait for it\n"
    assert not (place / "tuned.toml").exists()
    with mlflow_client() as mlflow:
        client = mlflow.MlflowClient()
        experiment = client.get_experiment_by_name("riskml-declaration").experiment_id

        def parents() -> list[Any]:
            return client.search_runs([experiment], "tags.study LIKE 'riskml-declaration-%'")

        assert [run.info.status for run in parents()] == ["KILLED"]
        code, out, err = tune(run, place, "--trials", "4", "--json")
        assert code == 0, err
        found = json.loads(out)
        (parent,) = parents()
        assert parent.info.run_id == found["run_id"]
        assert parent.info.status == "FINISHED"
        assert parent.data.params["tuning.objective"] == "violations"
        assert parent.data.metrics["searched.best"] == found["searched"]["best"]
        nested = client.search_runs(
            [experiment], f"tags.`mlflow.parentRunId` = '{found['run_id']}'"
        )
        kept = {item.path for item in client.list_artifacts(found["run_id"])}
    assert sorted(int(run.data.tags["trial"]) for run in nested) == [0, 1, 2, 3]
    assert all("lightgbm.num_leaves" in run.data.params for run in nested)
    complete = [run for run in nested if run.data.tags["state"] == "complete"]
    assert len(complete) == found["trials"]["complete"]
    assert max(run.data.metrics["objective"] for run in complete) == found["searched"]["best"]
    assert {"history.png", "trials.csv", "importance.csv", "definition.toml"} <= kept
    definition = load_stage_definition("declaration", place / "tuned.toml")
    own = load_stage_definition("declaration", place / "searched.toml")
    assert (definition != own) == found["adopted"]


def test_tune_tells_people_what_was_compared(run: Run, place: Path) -> None:
    code, out, err = tune(run, place, "--trials", "4")
    assert code == 0, err
    assert "objective: share of all violations found in the riskiest 10.0%" in out
    assert "last slice, which no trial saw: own 0." in out
    assert err == ""  # no bar without a terminal


def test_a_challenger_that_knows_less_is_refused_in_one_line(run: Run, place: Path) -> None:
    strict = place / "strict.toml"
    strict.write_text(MODEL.replace("min_lift = 1.2", "min_lift = 500.0"))
    code, out, err = run(
        "train", "--data", str(place / "data"), "--stage", "declaration", "--model", str(strict),
        "--until", "2022-06-01", "--json",
    )  # fmt: skip
    assert code == 0, err
    version = json.loads(out)["version"]
    code, _, err = run("promote", "--stage", "declaration", "--version", version)
    assert code == 1
    assert err.startswith("riskml: error: riskml-declaration version")
    assert "at least 500 times" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("train", "--stage", "departure"), 2, "unknown stage 'departure'"),
        (("train", "--stage", "declaration", "--until", "yesterday"), 2, "is no date"),
        (
            ("train", "--stage", "declaration", "--until", "2021-01-01"),
            1,
            "the first label of the data is known on 2021-01-",
        ),
        (("train", "--stage", "pre_arrival"), 1, "manifests.parquet"),
        (("train", "--stage", "declaration", "--model", "no.toml"), 2, "cannot read no.toml"),
        (
            ("tune", "--stage", "declaration", "--out", "x.toml", "--until", "2021-01-01"),
            1,
            "the first label of the data is known on 2021-01-",
        ),
        (
            ("evaluate", "--stage", "declaration", "--model", "BUNDLE", "--from", "2030-01-01",
             "--to", "2030-12-31"),
            1,
            "no matured label lies between",
        ),
        (
            ("evaluate", "--stage", "declaration", "--model", "BUNDLE", "--from", "2022-02-01",
             "--to", "2022-01-01"),
            2,
            "later than --to",
        ),
        (
            ("evaluate", "--stage", "pre_arrival", "--model", "BUNDLE", "--from", "2022-01-01",
             "--to", "2022-02-01"),
            2,
            "decides at stage declaration",
        ),
        (
            ("evaluate", "--stage", "declaration", "--model", "BUNDLE", "--from", "2022-01-01",
             "--to", "2022-02-01", "--by", "moon"),
            2,
            "--by 'moon' is unknown",
        ),
        (("promote", "--stage", "declaration", "--version", "99"), 1, "has no version 99"),
        (("promote", "--stage", "declaration"), 2, "--version is missing"),
        (("promote", "--stage", "declaration", "--back"), 2, "say why to go back"),
        (
            ("promote", "--stage", "declaration", "--back", "--reason", "hits fell"),
            1,
            "no champion of stage declaration served before version 1",
        ),
        (
            ("promote", "--stage", "declaration", "--version", "1", "--from", "2022-01-01"),
            2,
            "belong together",
        ),
        (
            ("promote", "--stage", "declaration", "--version", "1", "--from", "2022-01-01",
             "--to", "2022-02-01", "DATA"),
            1,
            "was trained on labels until 2022-06-30",
        ),
    ],
)  # fmt: skip
def test_a_wrong_call_is_one_clear_line_and_leaves_nothing(
    run: Run, place: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    before = sorted(str(path) for path in (place / "home").rglob("*") if path.is_dir())
    words = [str(place / "bundle") if word == "BUNDLE" else word for word in arguments]
    if arguments[0] != "promote" or "DATA" in words:
        words = [word for word in words if word != "DATA"] + ["--data", str(place / "data")]
    found, out, err = run(*words)
    assert found == code, err
    assert message in err
    assert err.count("\n") == 1
    assert out == "" or arguments[0] == "promote"
    assert sorted(str(p) for p in (place / "home").rglob("*") if p.is_dir()) == before
