"""The champions that serve: loaded from their folders, watched, swapped whole."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from riskml.bundle import Bundle
from riskml.config import STAGES, settings
from riskml.errors import BundleError, RiskmlError
from riskml.explanation import engine_of
from riskml.scoring import Scorer
from serving.logs import log
from serving.metrics import MODEL_INFO, MODEL_REFUSED, MODEL_SWAPS

__all__ = ["ROOT", "ChampionWatch", "Served", "announce", "champion_folder", "refuse"]

MANIFEST = "manifest.json"
ROOT = Path(__file__).resolve().parents[1]
"""The checkout, or the Bento's copy of the code."""
SHIPPED = ROOT / "champions"
"""Where a Bento keeps its models; a checkout has no such folder."""


@dataclass(frozen=True)
class Served:
    """A model that serves one stage.

    Attributes
    ----------
    scorer : Scorer
        The bundle, ready to answer.
    stage, name, version, digest, feature_set_digest : str
        What it is.
    since : datetime
        When its bundle was put in place.
    """

    scorer: Scorer
    stage: str
    name: str
    version: str
    digest: str
    feature_set_digest: str
    since: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return what ``GET /v1/model`` answers of it."""
        return {
            "stage": self.stage,
            "name": self.name,
            "version": self.version,
            "digest": self.digest,
            "feature_set_digest": self.feature_set_digest,
            "since": self.since.isoformat(),
            "explanations_by": str(engine_of(self.scorer.bundle)),
        }

    def description(self) -> dict[str, Any]:
        """Return what the ledger keeps of it: enough to read its scores when it is gone."""
        bundle = self.scorer.bundle
        return {
            "model_digest": self.digest,
            "name": self.name,
            "version": self.version,
            "stage": self.stage,
            "feature_set_digest": self.feature_set_digest,
            "feature_set": bundle.feature_set.to_dict(),
        }


def champion_folder(stage: str) -> Path:
    """Return where the champion of a stage lies: in the Bento if it ships one, else at home."""
    shipped = SHIPPED / stage
    return shipped if shipped.is_dir() else settings().champion_folder(stage)


class ChampionWatch:
    """Looks whether another bundle lies in a champion's folder.

    Parameters
    ----------
    folders : mapping of str to Path
        Folder of each stage's champion.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(folders)
        self._seen: dict[str, str] = {}

    def changed(self) -> dict[str, Served]:
        """Load the bundles that are new since the last call and sound.

        A broken bundle is refused: a log line and a metric say so once for each manifest, and
        whatever serves goes on serving. It is tried again when its manifest changes, and once
        more if the folder was being replaced while it was read.
        """
        loaded = {}
        for stage in STAGES:
            mark = self._mark(stage)
            if mark is None or mark == self._seen.get(stage):
                continue
            served = self._load(stage)
            # A folder replaced while it was read gets another look at the next call.
            self._seen[stage] = mark if self._mark(stage) == mark else ""
            if served is not None:
                loaded[stage] = served
        return loaded

    def _mark(self, stage: str) -> str | None:
        path = self._folders[stage] / MANIFEST
        try:
            stat = path.stat()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            return None
        return f"{digest}:{stat.st_ino}:{stat.st_mtime_ns}"

    def _load(self, stage: str) -> Served | None:
        folder = self._folders[stage]
        try:
            served = _served(stage, folder)
        except (RiskmlError, OSError, ValueError) as error:
            refuse(stage, error)
            return None
        return served


def _served(stage: str, folder: Path) -> Served:
    bundle = Bundle.load(folder)
    manifest = bundle.manifest
    if manifest.stage != stage:
        raise BundleError(
            f"{folder} holds a model of stage {manifest.stage}", f"promote one of stage {stage}"
        )
    if engine_of(bundle).kernel is None:
        bundle.booster  # noqa: B018 - LightGBM explains it: whatever is wrong shows here
    # Promotion moves a link to the bundle; without a link the files themselves were put there.
    placed = folder.lstat() if folder.is_symlink() else (folder / MANIFEST).stat()
    return Served(
        scorer=Scorer.of(bundle, msgspec.json.encode),
        stage=stage,
        name=manifest.model_name,
        version=_version(folder) or manifest.model_digest[:12],
        digest=manifest.model_digest,
        feature_set_digest=bundle.feature_set.digest,
        since=datetime.fromtimestamp(placed.st_mtime, UTC),
    )


def _version(folder: Path) -> str:
    """Return the registered version that promotion noted beside the bundle, if it did."""
    bundle = folder.resolve()
    try:
        note = json.loads(bundle.with_name(f"{bundle.name}.json").read_bytes())
        return str(note["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def announce(old: Served | None, new: Served) -> None:
    """Say in metrics and log which model serves from now on."""
    MODEL_SWAPS.labels(new.stage).inc()
    if old is not None:
        MODEL_INFO.labels(old.stage, old.name, old.version, old.digest).set(0)
    MODEL_INFO.labels(new.stage, new.name, new.version, new.digest).set(1)
    log("model_serves", **new.to_dict())


def refuse(stage: str, error: Exception) -> None:
    """Say in metrics and log that a model cannot serve."""
    MODEL_REFUSED.labels(stage).inc()
    log("model_refused", level=logging.ERROR, stage=stage, reason=str(error)[:300])
