"""MLflow is the real one, on a SQLite store of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from riskml.bundle import Bundle
from riskml.config import STAGES, settings
from riskml.errors import BundleError, GateError
from riskml.evaluation.assessment import Plan, Scored, assess
from riskml.evaluation.checks import Evidence, run_checks
from riskml.ledger import Ledger
from riskml.training.definition import Gates
from riskml.training.fitting import FittedModel
from riskml.training.promotion import consider, export_champion, promote
from riskml.training.rollback import champions_of, roll_back
from riskml.training.run import TrainingRun
from riskml.training.tracking import TrackedRun, log_run, read_holdout, read_version, resolve_model
from riskml.training.tracking.client import mlflow_client
from serving.models import ChampionWatch

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


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISKML_HOME", str(folder))
        patch.delenv("RISKML_TRACKING_URI", raising=False)
        settings.cache_clear()
        yield folder
    settings.cache_clear()


@pytest.fixture(scope="module")
def run(model: FittedModel) -> TrainingRun:
    rows = model.holdout
    raw = rows["raw_score"].to_numpy(dtype=float)
    p = rows["probability"].to_numpy(dtype=float)
    report = assess(Scored(rows, model.bundle.feature_set, raw, p), Plan(resamples=20))
    half = len(rows) // 2
    evidence = Evidence(
        rows, model.bundle.feature_set, np.arange(half), np.arange(half, len(rows)), raw[half:]
    )
    report["checks"] = [finding.to_dict() for finding in run_checks(evidence)]
    return TrainingRun(model.with_metrics({"rows": len(rows)}), report)


@pytest.fixture(scope="module")
def tracked(home: Path, run: TrainingRun) -> TrackedRun:
    return log_run(run, {"data": "a folder"})


@pytest.fixture
def store(tracked: TrackedRun) -> Iterator[Any]:
    with mlflow_client() as mlflow:
        yield mlflow.MlflowClient()


def test_the_run_holds_parameters_digests_and_tags(
    store: Any, tracked: TrackedRun, run: TrainingRun
) -> None:
    kept = store.get_run(tracked.run_id)
    manifest = run.model.bundle.manifest
    assert kept.info.status == "FINISHED"
    assert kept.data.params["lightgbm.num_leaves"] == str(run.model.definition.lightgbm.num_leaves)
    assert kept.data.params["data_digest.declarations"] == "0" * 64
    assert kept.data.params["feature_set.digest"] == run.model.bundle.feature_set.digest
    assert kept.data.params["window.until"] == manifest.training_window.until
    assert kept.data.params["rounds"] == str(run.model.folds.rounds)
    assert kept.data.tags["model_digest"] == manifest.model_digest
    assert kept.data.tags["check.RK004"] == "ok"
    assert kept.data.tags["data"] == "a folder"


def test_the_run_holds_metrics_with_their_intervals(
    store: Any, tracked: TrackedRun, run: TrainingRun
) -> None:
    kept = store.get_run(tracked.run_id).data.metrics
    precision = run.report["model"]["average_precision"]
    assert kept["average_precision"] == pytest.approx(precision["value"])
    assert kept["average_precision_low"] == pytest.approx(precision["low"])
    assert kept["average_precision_high"] == pytest.approx(precision["high"])
    five = run.report["model"]["at"]["0.05"]["recall"]
    assert kept["recall_at_0.05"] == pytest.approx(five["value"])
    assert kept["recall_at_0.05_low"] == pytest.approx(five["low"])
    for name in ("rules.average_precision", "random.lift_at_0.05", "weights.effective_rows"):
        assert name in kept
    assert kept["all_arrivals.observed_over_expected"] > 0


def test_the_run_holds_bundle_report_rows_plots_and_card(
    store: Any, tracked: TrackedRun, run: TrainingRun
) -> None:
    def names(path: str) -> set[str]:
        return {item.path for item in store.list_artifacts(tracked.run_id, path)}

    assert names("plots") == {
        "plots/gain.png", "plots/reliability.png", "plots/shap_summary.png",
    }  # fmt: skip
    assert "bundle/booster.txt" in names("bundle")
    assert {"model_card.md", "definition.json"} <= names("")
    folder = resolve_model(f"runs:/{tracked.run_id}")
    assert Bundle.load(folder).manifest == run.model.bundle.manifest
    report = json.loads((folder.parent / "evaluation" / "report.json").read_text())
    assert report["positives"] == run.report["positives"]
    card = (folder.parent / "model_card.md").read_text()
    assert run.model.bundle.manifest.model_digest in card
    assert "RK001" in card
    assert "not the only ground" in card.replace("must not be the only", "not the only")
    assert len(read_holdout(tracked.run_id)) == len(run.model.holdout)


def test_every_reference_means_the_same_bundle(tracked: TrackedRun, run: TrainingRun) -> None:
    digest = run.model.bundle.manifest.model_digest
    for ref in (
        f"runs:/{tracked.run_id}",
        f"runs:/{tracked.run_id}/bundle",
        f"models:/{tracked.model_name}/{tracked.version}",
        f"models:/{tracked.model_name}@challenger",
    ):
        assert Bundle.load(resolve_model(ref)).manifest.model_digest == digest


def test_other_tools_can_load_the_model(tracked: TrackedRun, run: TrainingRun) -> None:
    with mlflow_client() as mlflow:
        booster = mlflow.lightgbm.load_model(f"models:/{tracked.model_name}/{tracked.version}")
    X = run.model.bundle.encode(run.model.holdout.head(20))
    expected = run.model.bundle.raw_scores(X)
    assert booster.predict(X, raw_score=True, num_threads=1).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("models:/riskml-declaration@champion", r"@challenger \(version 1\)"),
        ("models:/riskml-declaration/77", "is no registered model"),
        ("models:/nobody@champion", "registered are riskml-declaration"),
        ("models:/", "is no registered model"),
        ("runs:/0123456789abcdef0123456789abcdef", "cannot be read"),
        ("/no/such/folder", "there is no bundle in"),
    ],
)
def test_a_reference_to_nothing_is_one_clear_line(
    tracked: TrackedRun, ref: str, message: str
) -> None:
    with pytest.raises(BundleError, match=message) as caught:
        resolve_model(ref)
    assert "\n" not in str(caught.value)


def test_promotion_is_refused_recorded_and_changes_nothing(
    home: Path, run: TrainingRun, tracked: TrackedRun, store: Any
) -> None:
    strict = run.model.definition.model_copy(update={"gates": Gates(min_lift=99.0)})
    second = log_run(replace(run, model=replace(run.model, definition=strict)))
    with pytest.raises(GateError, match="random selection's, at least 99 times") as caught:
        promote("declaration", second.version)
    assert caught.value.exit_code == 1
    tags = store.get_model_version(second.model_name, second.version).tags
    assert tags["promotion.decision"] == "refused"
    assert "99 times" in tags["promotion.reason"]
    assert store.get_run(second.run_id).data.tags["promotion.decision"] == "refused"
    assert read_version("riskml-declaration", "@champion") is None
    assert not (home / "champions").exists()


def test_promotion_sets_the_alias_and_exports_the_bundle(
    home: Path, run: TrainingRun, tracked: TrackedRun, store: Any
) -> None:
    decision = promote("declaration", tracked.version)
    assert decision.promoted
    assert decision.champion_version is None
    serving = Bundle.load(home / "champions" / "declaration")
    assert serving.manifest == run.model.bundle.manifest
    assert (
        str(store.get_model_version_by_alias(tracked.model_name, "champion").version)
        == tracked.version
    )
    tags = store.get_model_version(tracked.model_name, tracked.version).tags
    assert tags["promotion.decision"] == "promoted"
    # The next one is compared with it, on the consignments that both runs judged.
    third = log_run(run)
    candidate = consider("declaration", third.version)
    assert candidate.decision.champion_version == tracked.version
    gates = {gate.gate: gate.status for gate in candidate.decision.gates}
    assert gates["not_worse_than_champion"] == "passed"


def test_going_back_serves_the_champion_before_and_says_why(
    home: Path, run: TrainingRun, tracked: TrackedRun, store: Any
) -> None:
    name = tracked.model_name
    promote("declaration", tracked.version)
    bundle = run.model.bundle
    noted = replace(bundle, manifest=replace(bundle.manifest, notes=("another",)))
    second = log_run(replace(run, model=replace(run.model, bundle=noted)))
    promote("declaration", second.version)
    evidence = read_artifact(second.run_id, f"promotion/against_{tracked.version}.json")
    assert evidence["promoted"]
    assert {gate["gate"] for gate in evidence["gates"]} >= {"not_worse_than_champion", "min_lift"}
    assert "low" in evidence["evidence"]["gain_over_champion"]["average_precision"]
    found = roll_back("declaration", "hits fell at the border")
    assert (found.version, found.left) == (tracked.version, second.version)
    assert Bundle.load(home / "champions" / "declaration").manifest == bundle.manifest
    assert str(store.get_model_version_by_alias(name, "champion").version) == tracked.version
    tags = store.get_model_version(name, second.version).tags
    assert tags["promotion.rolled_back_because"] == "hits fell at the border"
    with Ledger.open(settings().ledger_url) as ledger:
        record = ledger.records("promotion")[-1]
    assert record.payload["reason"] == "hits fell at the border"
    assert record.payload["champion_version"] == second.version
    # Going back once more must not return to what was just left.
    with pytest.raises(GateError, match="served before version"):
        roll_back("declaration", "once more")


def read_artifact(run_id: str, path: str) -> Any:
    with mlflow_client() as mlflow:
        return mlflow.artifacts.load_dict(f"runs:/{run_id}/{path}")


def test_the_ledger_is_read_as_a_stack_of_champions() -> None:
    def record(version: str, **more: Any) -> dict[str, Any]:
        return {"stage": "declaration", "version": version, "promoted": True, **more}

    promoted = [record("1"), record("2"), record("3", promoted=False), record("4")]
    assert champions_of(promoted, "declaration") == ["1", "2", "4"]
    assert champions_of(promoted, "pre_arrival") == []
    back = [*promoted, record("2", rolled_back=True)]
    assert champions_of(back, "declaration") == ["1", "2"]
    assert champions_of([*back, record("4"), record("4")], "declaration") == ["1", "2", "4"]
    twice = [*back, record("1", rolled_back=True)]
    assert champions_of(twice, "declaration") == ["1"]


def test_a_version_that_is_not_there_is_refused(tracked: TrackedRun) -> None:
    with pytest.raises(BundleError, match="has no version 99"):
        promote("declaration", "99")
    with pytest.raises(BundleError, match="has no version first"):
        promote("declaration", "first")


def test_exporting_replaces_a_link_in_one_step(home: Path, run: TrainingRun) -> None:
    stage = run.model.bundle.manifest.stage
    link = export_champion(run.model.bundle, stage, "3")
    before = link.resolve()
    served = ChampionWatch({each: link.with_name(each) for each in STAGES}).changed()
    assert served[stage].version == "3"
    assert export_champion(run.model.bundle, stage, "3").resolve() == before
    other = replace(run.model.bundle, manifest=replace(run.model.bundle.manifest, notes=("x",)))
    assert export_champion(other, stage, "4").resolve() != before
    # The old one stays for readers that are in the middle of it, and for going back.
    Bundle.load(before)
    leftovers = [p.name for p in link.parent.iterdir() if p.name.startswith("tmp")]
    assert leftovers == []


def test_a_folder_is_resolved_without_loading_mlflow(run: TrainingRun, tmp_path: Path) -> None:
    folder = run.model.bundle.save(tmp_path / "bundle")
    code = (
        "import sys\nfrom riskml.training.tracking import resolve_model\n"
        f"resolve_model({str(folder)!r})\n"
        "sys.exit('mlflow' in sys.modules or 'shap' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
