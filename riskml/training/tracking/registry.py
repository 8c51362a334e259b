"""The registry: what a model reference means, and who is champion."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from riskml.bundle.files import MANIFEST
from riskml.errors import BundleError
from riskml.training.definition import ModelDefinition
from riskml.training.tracking.client import BUNDLE_PATH, local_artifacts, mlflow_client

__all__ = [
    "CHAMPION",
    "RegisteredModel",
    "log_decision",
    "read_holdout",
    "read_version",
    "resolve_model",
    "set_alias",
    "tag_version",
]

CHAMPION = "champion"


@dataclass(frozen=True)
class RegisteredModel:
    """A version of a registered model.

    Attributes
    ----------
    name, version, run_id : str
    folder : Path
        Its bundle.
    definition : ModelDefinition
        The definition it was trained by.
    """

    name: str
    version: str
    run_id: str
    folder: Path
    definition: ModelDefinition


def resolve_model(ref: str | Path) -> Path:
    """Return the bundle folder that a model reference means.

    Parameters
    ----------
    ref : str or Path
        A folder, ``runs:/RUN_ID``, ``models:/NAME@alias`` or ``models:/NAME/VERSION``. A folder
        is answered without loading MLflow.

    Returns
    -------
    Path
        Not verified yet: `riskml.bundle.Bundle.load` does that.

    Raises
    ------
    BundleError
        If there is no such model.
    """
    text = str(ref)
    if text.startswith("runs:/"):
        with mlflow_client() as mlflow:
            return _run_bundle(mlflow, text)
    if text.startswith("models:/"):
        with mlflow_client() as mlflow:
            return _version_bundle(mlflow, _find_version(mlflow, text))
    folder = Path(ref)
    if not (folder / MANIFEST).is_file():
        raise BundleError(
            f"there is no bundle in {folder}",
            "give a bundle folder, runs:/RUN_ID or models:/NAME@alias",
        )
    return folder


def read_version(name: str, ref: str) -> RegisteredModel | None:
    """Return a registered version, by number or ``@alias``; None if there is none."""
    with mlflow_client() as mlflow:
        found = _lookup(mlflow, name, ref)
        if found is None:
            return None
        run_id = str(found.run_id)
        path = local_artifacts(mlflow, f"runs:/{run_id}/definition.json")
        definition = ModelDefinition.model_validate_json(path.read_text(encoding="utf-8"))
        folder = _version_bundle(mlflow, found)
        return RegisteredModel(name, str(found.version), run_id, folder, definition)


def read_holdout(run_id: str) -> pd.DataFrame:
    """Return the rows that a run's folds were judged on, with scores; empty if it has none."""
    with mlflow_client() as mlflow:
        return pd.read_parquet(
            local_artifacts(mlflow, f"runs:/{run_id}/evaluation/holdout.parquet")
        )


def tag_version(name: str, version: str, tags: Mapping[str, str]) -> None:
    """Write tags to a version and to its run."""
    with mlflow_client() as mlflow:
        client = mlflow.MlflowClient()
        run_id = client.get_model_version(name, version).run_id
        for key, value in tags.items():
            client.set_model_version_tag(name, version, key, value)
            client.set_tag(run_id, key, value)


def log_decision(name: str, version: str, rival: str | None, decision: Mapping[str, Any]) -> None:
    """Keep a decision on a version with all of its evidence as an artifact of its run."""
    with mlflow_client() as mlflow:
        client = mlflow.MlflowClient()
        run_id = client.get_model_version(name, version).run_id
        plain = json.loads(json.dumps(decision, default=str))
        client.log_dict(run_id, plain, f"promotion/against_{rival or 'nobody'}.json")


def set_alias(name: str, alias: str, version: str) -> None:
    """Point an alias to a version."""
    with mlflow_client() as mlflow:
        mlflow.MlflowClient().set_registered_model_alias(name, alias, version)


def _run_bundle(mlflow: Any, ref: str) -> Path:
    run_id = ref.removeprefix("runs:/").split("/")[0]
    return local_artifacts(mlflow, f"runs:/{run_id}/{BUNDLE_PATH}")


def _find_version(mlflow: Any, ref: str) -> Any:
    name, at, alias = ref.removeprefix("models:/").partition("@")
    if not at:
        name, _, alias = name.rpartition("/")
    found = _lookup(mlflow, name, f"@{alias}" if at else alias) if name and alias else None
    if found is None:
        raise BundleError(f"{ref} is no registered model", _registered(mlflow, name))
    return found


def _lookup(mlflow: Any, name: str, ref: str) -> Any | None:
    from mlflow.exceptions import MlflowException

    client = mlflow.MlflowClient()
    try:
        if ref.startswith("@"):
            return client.get_model_version_by_alias(name, ref[1:])
        return client.get_model_version(name, ref)
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise


def _registered(mlflow: Any, name: str) -> str:
    models = mlflow.MlflowClient().search_registered_models()
    known = {model.name: dict(model.aliases) for model in models}
    if name in known:
        aliases = ", ".join(f"@{alias} (version {v})" for alias, v in sorted(known[name].items()))
        return f"{name} has {aliases or 'no alias'}"
    return f"registered are {', '.join(sorted(known))}" if known else "run riskml train first"


def _version_bundle(mlflow: Any, version: Any) -> Path:
    return local_artifacts(mlflow, f"models:/{version.name}/{version.version}") / BUNDLE_PATH
