"""Settings, read from the environment (prefix ``RISKML_``)."""

import os
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from riskml.errors import ConfigError, UsageError

__all__ = [
    "STAGES",
    "Settings",
    "check_stage",
    "day_end",
    "day_start",
    "parse_day",
    "settings",
    "silence_telemetry",
]

STAGES = ("pre_arrival", "declaration")
"""The decision points, in the order in which a consignment passes them."""


class Settings(BaseSettings):
    """Where things live and how this installation behaves.

    Attributes
    ----------
    home : Path
        Folder of everything riskml writes (ledger, MLflow store, champions).
    timezone : str
        IANA name of the zone in which dates on the command line are business days.
    database_url : str
        SQLAlchemy URL of the ledger; empty means SQLite inside ``home``.
    tracking_uri : str
        MLflow tracking URI; empty means SQLite inside ``home``.
    reporting_currency : str
        ISO 4217 code shown beside money.
    """

    model_config = SettingsConfigDict(env_prefix="RISKML_", extra="ignore")

    home: Path = Path(".riskml")
    timezone: str = "Asia/Ho_Chi_Minh"
    database_url: str = ""
    tracking_uri: str = ""
    reporting_currency: str = Field(default="USD", pattern="^[A-Z]{3}$")

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL of the ledger's database."""
        return self.database_url or f"sqlite:///{self.home.resolve() / 'ledger.db'}"

    @property
    def mlflow_uri(self) -> str:
        """Tracking URI that MLflow is given."""
        return self.tracking_uri or f"sqlite:///{self.home.resolve() / 'mlflow.db'}"

    @property
    def artifact_root(self) -> Path:
        """Folder in which MLflow keeps artifacts when it runs on SQLite."""
        return self.home.resolve() / "mlartifacts"

    def champion_folder(self, stage: str) -> Path:
        """Folder of the exported bundle that serves ``stage``."""
        return self.home / "champions" / stage

    def zone(self) -> ZoneInfo:
        """Time zone of the business day."""
        try:
            return ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError) as error:
            raise ConfigError(
                f"RISKML_TIMEZONE={self.timezone!r} is no time zone",
                "use an IANA name such as Asia/Ho_Chi_Minh",
            ) from error


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process, read once.

    Raises
    ------
    ConfigError
        If a ``RISKML_`` variable has an impossible value.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "RISKML_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(f"{name}: {first['msg']}", "correct the environment") from error


def check_stage(stage: str) -> str:
    """Return ``stage`` if it exists.

    Raises
    ------
    UsageError
        If it does not.
    """
    if stage not in STAGES:
        raise UsageError(f"unknown stage {stage!r}", f"use one of {', '.join(STAGES)}")
    return stage


def parse_day(text: str, option: str) -> date:
    """Read an ISO date given as ``option`` on the command line.

    Raises
    ------
    UsageError
        If it is not a date of the form YYYY-MM-DD.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is no date", "write it as YYYY-MM-DD") from error


def day_start(day: date) -> datetime:
    """Return the first instant of a local business day, in UTC."""
    return datetime.combine(day, time.min, tzinfo=settings().zone()).astimezone(UTC)


def day_end(day: date) -> datetime:
    """Return the first instant after a local business day, in UTC."""
    return day_start(date.fromordinal(day.toordinal() + 1))


def silence_telemetry() -> None:
    """Opt out of what third-party libraries would send home; call before importing them."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["BENTOML_DO_NOT_TRACK"] = "true"  # the value "1" does not opt out
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
