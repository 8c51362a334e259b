"""What a training run keeps: parameters, digests, metrics, bundle, plots, card, a version."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from riskml.config import settings
from riskml.training.card import model_card
from riskml.training.plots import draw_plots
from riskml.training.run import TrainingRun
from riskml.training.tracking.client import BUNDLE_PATH, mlflow_client

__all__ = ["CHALLENGER", "TrackedRun", "experiment_of", "log_run"]

CHALLENGER = "challenger"
MODEL_PATH = "model"


@dataclass(frozen=True)
class TrackedRun:
    """Where a training run is kept.

    Attributes
    ----------
    run_id, experiment, model_name, version : str
        MLflow's run, experiment, registered name and version.
    """

    run_id: str
    experiment: str
    model_name: str
    version: str


def log_run(run: TrainingRun, tags: Mapping[str, str] | None = None) -> TrackedRun:
    """Keep a training run in MLflow and register its model.

    Parameters
    ----------
    run : TrainingRun
        Bundle and figures.
    tags : mapping of str to str, optional
        Further tags of the run.

    Returns
    -------
    TrackedRun
        The new version has the alias ``challenger``.
    """
    name = run.model.bundle.manifest.model_name
    with mlflow_client() as mlflow, tempfile.TemporaryDirectory(prefix="riskml-run-") as scratch:
        experiment = experiment_of(mlflow, name)
        with mlflow.start_run(experiment_id=experiment, tags=dict(tags or {})) as active:
            run_id = str(active.info.run_id)
            mlflow.set_tags(_tags(run))
            mlflow.log_params(_params(run))
            mlflow.log_metrics(_metrics(run))
            folder = _write_artifacts(run, Path(scratch))
            mlflow.log_artifacts(str(folder))
            version = _register(mlflow, run, name, run_id, folder / BUNDLE_PATH)
    return TrackedRun(run_id, name, name, version)


def experiment_of(mlflow: Any, name: str) -> str:
    """Return the id of an experiment, made if it is not there."""
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    root = None if settings().tracking_uri else (settings().artifact_root / name).as_uri()
    return str(client.create_experiment(name, artifact_location=root))


def _tags(run: TrainingRun) -> dict[str, str]:
    manifest = run.model.bundle.manifest
    found = {
        "stage": manifest.stage,
        "model_digest": manifest.model_digest,
        "feature_set_digest": manifest.feature_set_digest,
        "definition_digest": manifest.definition_digest,
    }
    found.update({f"data_digest.{name}": d for name, d in manifest.data_digests.items()})
    found.update({f"check.{c['code']}": c["status"] for c in run.report.get("checks", [])})
    return found


def _params(run: TrainingRun) -> dict[str, Any]:
    manifest = run.model.bundle.manifest
    window = {f"window.{name}": value for name, value in vars(manifest.training_window).items()}
    features = run.model.bundle.feature_set
    return {
        **run.model.definition.flat(),
        **window,
        **{f"data_digest.{name}": d for name, d in manifest.data_digests.items()},
        "feature_set.version": features.version,
        "feature_set.digest": features.digest,
        "feature_set.features": len(features.features),
        "rounds": run.model.folds.rounds,
    }


def _metrics(run: TrainingRun) -> dict[str, float]:
    found: dict[str, float] = {f"weights.{k}": v for k, v in run.model.weights.to_dict().items()}
    report = run.report
    if not report:
        return found
    found |= {name: float(report[name]) for name in ("rows", "positives", "base_rate")}
    rivals = {"": report["model"]}
    rivals |= {f"{name}.": figures for name, figures in report["baselines"].items()}
    rivals["gain_over_rules."] = report["gain_over_rules"]
    for name in ("all_arrivals", "known_party", "unseen_party"):
        if report[name]["status"] == "ok":
            rivals[f"{name}."] = report[name]["model"]
    for prefix, figures in rivals.items():
        found |= {f"{prefix}{name}": value for name, value in _flat(figures)}
    return found


def _flat(figures: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield every number of a summary by name; an interval gives three."""
    rates = {
        f"{k}_at_{rate}": v for rate, at in figures.get("at", {}).items() for k, v in at.items()
    }
    for name, value in {**figures, **rates}.items():
        metric = name.replace("@", "_at_")
        if isinstance(value, int | float):
            yield metric, float(value)
        elif isinstance(value, Mapping) and "value" in value:
            for suffix, key in (("", "value"), ("_low", "low"), ("_high", "high")):
                if value[key] is not None:
                    yield metric + suffix, float(value[key])


def _write_artifacts(run: TrainingRun, folder: Path) -> Path:
    """Write what a run keeps: bundle, definition, report, judged rows, plots, card."""
    model = run.model
    model.bundle.save(folder / BUNDLE_PATH)
    (folder / "definition.json").write_text(model.definition.model_dump_json(indent=1))
    (folder / "model_card.md").write_text(model_card(run), encoding="utf-8")
    evaluation, plots = folder / "evaluation", folder / "plots"
    evaluation.mkdir()
    plots.mkdir()
    text = json.dumps(run.report, indent=1, ensure_ascii=False, default=str)
    (evaluation / "report.json").write_text(text, encoding="utf-8")
    model.holdout.to_parquet(evaluation / "holdout.parquet", index=False)
    curve = pd.DataFrame({"round": range(1, len(model.folds.curve) + 1), "loss": model.folds.curve})
    curve.to_csv(evaluation / "rounds.csv", index=False)
    if len(model.holdout):
        draw_plots(model.bundle, model.holdout, plots)
    return folder


def _register(mlflow: Any, run: TrainingRun, name: str, run_id: str, bundle: Path) -> str:
    from mlflow.exceptions import MlflowException

    packages = run.model.bundle.manifest.packages
    requirements = [f"{package}=={packages[package]}" for package in ("lightgbm", "numpy")]
    info = mlflow.lightgbm.log_model(
        run.model.bundle.booster, name=MODEL_PATH, pip_requirements=requirements
    )
    client = mlflow.MlflowClient()
    client.log_model_artifacts(info.model_id, str(bundle), BUNDLE_PATH)
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    tags = {"model_digest": run.model.bundle.manifest.model_digest}
    version = client.create_model_version(
        name, source=f"models:/{info.model_id}", run_id=run_id, tags=tags
    )
    client.set_registered_model_alias(name, CHALLENGER, version.version)
    return str(version.version)
