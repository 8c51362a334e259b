"""What the tests of the ledger build and break."""

import re
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from riskml.ledger import ScoreRecord, new_id

MOMENT = datetime(2020, 7, 1, 3, 4, 5, 678901, tzinfo=UTC)


def score(**changes: Any) -> ScoreRecord:
    """Return a plausible score."""
    values: dict[str, Any] = {
        "score_id": new_id(),
        "stage": "pre_arrival",
        "bill_no": "BILL1",
        "container_no": "CSQU3054383",
        "office": "HPH",
        "decision_time": MOMENT,
        "scored_at": MOMENT + timedelta(milliseconds=7),
        "model_digest": "ab" * 32,
        "model_name": "pre_arrival",
        "model_version": "3",
        "feature_set_digest": "cd" * 32,
        "history_watermark": 41,
        "features": struct.pack("<3d", 1.5, float("nan"), -0.0),
        "contributions": struct.pack("<4d", 0.25, 0.0, -1.0, -3.5),
        "base_value": -3.5,
        "raw_score": -4.25,
        "probability": 0.1 + 0.2,
        "reasons": [{"code": "R01", "text": "Giá khai báo thấp", "contribution": 0.25}],
        "request": {"manifest": {"bill_no": "BILL1", "gross_mass_kg": 12.5}},
        "principal": "key1",
    }
    return ScoreRecord(**(values | changes))


def manifest(number: int, **changes: Any) -> dict[str, Any]:
    """Return a row of manifests."""
    row = {"bill_no": f"BILL{number}", "container_no": "CSQU3054383", "submitted_at": MOMENT}
    return row | {"office": "HPH", "mode": "sea", "gross_mass_kg": 100.0 + number} | changes


def file_of(url: str) -> Path:
    """Return the file of a SQLite URL."""
    return Path(url.removeprefix("sqlite:///"))


@contextmanager
def tampering(url: str) -> Iterator[sqlite3.Connection]:
    """Yield a connection of somebody who may do anything, with the triggers out of the way."""
    with closing(sqlite3.connect(file_of(url), isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        kept = triggers.fetchall()
        for name, _ in kept:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in kept:
            connection.execute(sql)


def whats(problems: Any) -> list[str]:
    """Return the sentences of problems without their numbers and names."""
    return [re.sub(r"\d+", "N", problem.what) for problem in problems]
