"""A log of full length from the start: nothing else may be different."""

import shutil
from pathlib import Path

import pytest

from riskml.ledger import Ledger, database
from tests.unit.ledger.support import score


def wal_of(ledger: Ledger) -> Path:
    path = Path(str(ledger.engine.url.database))
    return path.with_name(f"{path.name}-wal")


def test_the_log_has_its_length_and_the_ledger_its_rows(ledger: Ledger) -> None:
    ledger.append_scores([score(score_id="before")], writer="w")
    ledger.reserve_log()
    assert wal_of(ledger).stat().st_size == database.LOG_BYTES
    ledger.append_scores([score(score_id="after")], writer="w")
    ledger.reserve_log()
    assert wal_of(ledger).stat().st_size == database.LOG_BYTES
    assert {record.score_id for record in ledger.scores_since()} == {"before", "after"}
    assert ledger.verify().ok


def test_what_was_committed_is_there_after_a_crash(ledger: Ledger, tmp_path: Path) -> None:
    ledger.reserve_log()
    ledger.append_scores([score(score_id="a"), score(score_id="b")], writer="w")
    # The files as a crash would leave them: nothing was copied back from the log.
    path = Path(str(ledger.engine.url.database))
    crashed = tmp_path / "crashed.db"
    shutil.copy(path, crashed)
    shutil.copy(wal_of(ledger), f"{crashed}-wal")
    with Ledger.open(f"sqlite:///{crashed}", create=False) as again:
        assert {record.score_id for record in again.scores_since()} == {"a", "b"}
        again.append_scores([score(score_id="c")], writer="w")
        assert again.verify().ok


def test_a_disk_that_is_nearly_full_is_left_alone(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOG_BYTES", shutil.disk_usage("/").total)
    ledger.reserve_log()
    assert not wal_of(ledger).exists() or wal_of(ledger).stat().st_size < 1 << 20
