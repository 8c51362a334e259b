"""MLflow, loaded quietly and pointed at our store; where its artifacts lie."""

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from riskml.config import settings, silence_telemetry
from riskml.errors import BundleError, UsageError

__all__ = ["BUNDLE_PATH", "local_artifacts", "mlflow_client"]

BUNDLE_PATH = "bundle"


@contextmanager
def mlflow_client() -> Iterator[Any]:
    """Load MLflow quietly, pointed at our store; its errors become one line."""
    silence_telemetry()
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    with warnings.catch_warnings():
        # MLflow 3.17 warns at import and at use of its own dependencies' retiring interfaces
        # (SQLAlchemy 2.1, pydantic), which our users can do nothing about. Narrow this when it
        # does not.
        warnings.simplefilter("ignore")
        for noisy in ("mlflow", "alembic"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        try:
            import mlflow
            import mlflow.lightgbm
        except ImportError as error:
            raise UsageError(
                f"MLflow is not installed ({error.name})", "install riskml[training]"
            ) from error
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        uri = settings().mlflow_uri
        if not settings().tracking_uri:
            settings().home.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        yield mlflow


def local_artifacts(mlflow: Any, uri: str) -> Path:
    """Return artifacts as a local path: in place where they are local, else a downloaded copy."""
    from mlflow.exceptions import MlflowException

    client = mlflow.MlflowClient()
    try:
        if uri.startswith("runs:/"):
            run_id, _, inner = uri.removeprefix("runs:/").partition("/")
            root, rest = str(client.get_run(run_id).info.artifact_uri), inner
        else:
            name, version = uri.removeprefix("models:/").rsplit("/", 1)
            root, rest = str(client.get_model_version_download_uri(name, version)), ""
        parsed = urlparse(root)
        if parsed.scheme in {"", "file"}:
            path = Path(unquote(parsed.path)) / rest
            if not path.exists():
                raise BundleError(f"{uri} has no artifacts in {path}", "train the model again")
            return path
        copies = settings().home / "cache"
        copies.mkdir(parents=True, exist_ok=True)
        target = tempfile.mkdtemp(dir=copies)
        return Path(mlflow.artifacts.download_artifacts(uri, dst_path=target))
    except MlflowException as error:
        raise BundleError(
            f"{uri} cannot be read ({error.error_code})", "check the model"
        ) from error
