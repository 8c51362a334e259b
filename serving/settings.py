"""How the service behaves; read from the environment (prefix ``RISKML_``)."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from riskml.config import settings
from riskml.errors import ConfigError

__all__ = ["ServiceSettings", "service_settings"]


class ServiceSettings(BaseSettings):
    """Limits and intervals of the service.

    Attributes
    ----------
    history_dir : Path or None
        Folder of the base tables that history starts from; None means ``RISKML_HOME/history``.
    snapshot_dir : Path or None
        Folder of the snapshot that a worker starts from; None means ``RISKML_HOME/snapshots``.
    snapshot_interval_seconds : float
        How often history is written to the snapshot, beside once at shutdown; 0: never, and none
        is read.
    retention_margin_days : float
        How far back a decision may lie: what no window of it reaches is dropped from the indexes
        before a snapshot is written, and an earlier decision is refused; 0: nothing is dropped.
    max_history_age_hours : float
        Answers are degraded when the newest event known at the decision is older; 0: never.
    max_body_bytes : int
        Longest request body.
    max_requests : int
        Requests that a worker works on at once; more are told to come back.
    max_waiting_items : int
        Consignments that a worker holds at once.
    body_timeout_seconds : float
        How long a client may take to send its body.
    request_timeout_seconds : float
        How long a request may take altogether.
    head_start_seconds : float
        How long a starting worker loads its history before it listens; then it answers that it
        is not ready.
    ledger_timeout_seconds : float
        How long a commit may wait for other writers before the answer is 503.
    history_poll_seconds, model_poll_seconds : float
        How often a worker looks for new events and for a new champion.
    signing_interval_seconds : float
        How often the ends of the ledger's chains are signed, beside once at shutdown.
    answer_memory_hours : float
        How long an answer is kept for a request repeated with the same idempotency key.
    future_tolerance_seconds : float
        How far a sender's clock may be ahead.
    score_threads : int
        Threads that score.
    commodity_system : str
        ``HS``: commodity codes of 4 to 10 digits, others are flagged; ``other``: any code.
    alert_hours : float
        How long a suspicious scan may wait for its container to be opened before the duty desk
        is alerted.
    worklist_seconds : float
        How often new scores are brought into the queue of the review pages.
    workers : int
        Worker processes.
    """

    model_config = SettingsConfigDict(env_prefix="RISKML_", extra="ignore")

    history_dir: Path | None = None
    snapshot_dir: Path | None = None
    snapshot_interval_seconds: float = Field(default=900.0, ge=0)
    retention_margin_days: float = Field(default=0.0, ge=0)
    max_history_age_hours: float = Field(default=0.0, ge=0)
    max_body_bytes: int = Field(default=8_000_000, ge=1000)
    max_requests: int = Field(default=64, ge=1)
    max_waiting_items: int = Field(default=20_000, ge=1)
    body_timeout_seconds: float = Field(default=20.0, gt=0)
    request_timeout_seconds: float = Field(default=60.0, gt=0)
    head_start_seconds: float = Field(default=10.0, ge=0)
    ledger_timeout_seconds: float = Field(default=3.0, gt=0)
    history_poll_seconds: float = Field(default=0.25, gt=0)
    model_poll_seconds: float = Field(default=1.0, gt=0)
    signing_interval_seconds: float = Field(default=3600.0, gt=0)
    answer_memory_hours: float = Field(default=48.0, gt=0)
    future_tolerance_seconds: float = Field(default=5.0, ge=0)
    score_threads: int = Field(default=2, ge=1, le=64)
    commodity_system: Literal["HS", "other"] = "HS"
    alert_hours: float = Field(default=24.0, gt=0)
    worklist_seconds: float = Field(default=1.0, gt=0)
    workers: int = Field(default=1, ge=1, le=64)

    def history_folder(self) -> Path:
        """Folder of the base tables."""
        return self.history_dir or settings().home / "history"

    def snapshot_file(self) -> Path | None:
        """Where history is kept between two starts; None if it is not."""
        if not self.snapshot_interval_seconds:
            return None
        return (self.snapshot_dir or settings().home / "snapshots") / "history.snapshot"


@lru_cache(maxsize=1)
def service_settings() -> ServiceSettings:
    """Return the service's settings, read once.

    Raises
    ------
    ConfigError
        If a variable has an impossible value.
    """
    try:
        return ServiceSettings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "RISKML_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(f"{name}: {first['msg']}", "correct the environment") from error
