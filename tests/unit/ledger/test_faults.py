"""What the outside world does to a ledger must come back as one clear error, nothing written."""

import re
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from riskml.errors import LedgerError
from riskml.ledger import Answer, Ledger, LedgerUnavailableError
from riskml.ledger.faults import translate
from tests.unit.ledger.support import file_of, manifest, score


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(LedgerError, match="URL cannot be read"):
        Ledger.open("ledger.db")
    with pytest.raises(LedgerError, match="cannot live in 'mysql'"):
        Ledger.open("mysql://host/db")
    for url in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(LedgerError, match="cannot live in memory"):
            Ledger.open(url)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("bill_no,container_no\n" * 100)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"no SQLite database \(sqlite:///.*ledger\.db\)"):
        Ledger.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerUnavailableError, match=r"ledger\.db cannot be made"):
        Ledger.open(f"sqlite:///{tmp_path / 'file' / 'sub' / 'ledger.db'}")
    with pytest.raises(LedgerUnavailableError, match="cannot be opened"):
        Ledger.open(f"sqlite:///{tmp_path}")
    with pytest.raises(LedgerError, match="there is no ledger"):
        Ledger.open(f"sqlite:///{tmp_path / 'sub' / 'ledger.db'}", create=False)
    assert not (tmp_path / "sub").exists()


def test_the_ledger_is_made_on_demand_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with Ledger.open(f"sqlite:///{folder / 'ledger.db'}") as ledger:
        ledger.append_scores([score()], writer="w")
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_an_absent_ledger_is_not_made_when_it_should_be_there(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with pytest.raises(LedgerError, match="there is no ledger at sqlite"):
        Ledger.open(f"sqlite:///{path}", create=False)
    assert not path.exists()
    path.touch()
    with pytest.raises(LedgerError, match="there is no ledger at sqlite"):
        Ledger.open(f"sqlite:///{path}", create=False)


def test_an_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(LedgerUnavailableError, match="cannot be reached") as caught:
        Ledger.open("postgresql://riskml:s3cret@127.0.0.1:1/ledger")
    assert "s3cret" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


@pytest.fixture
def read_only(ledger: Ledger, url: str) -> Iterator[Ledger]:
    ledger.append_scores([score()], writer="w")
    with Ledger.open(f"sqlite:///file:{file_of(url)}?mode=ro&uri=true") as opened:
        yield opened


def test_a_read_only_file_can_be_read_and_verified(read_only: Ledger) -> None:
    assert read_only.count_scores() == 1
    assert read_only.verify().ok
    with pytest.raises(LedgerUnavailableError, match="file is read-only"):
        read_only.append_scores([score()], writer="w")


def test_a_full_disk_refuses_cleanly_and_is_survived(ledger: Ledger, url: str) -> None:
    ledger.append_scores([score()], writer="w")
    ledger.close()

    @event.listens_for(ledger.engine, "connect")
    def _no_room(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    answer = Answer("p", "k", "d", b"x")
    with pytest.raises(LedgerUnavailableError, match="disk under the ledger is full"):
        ledger.append_scores([score(features=b"\0" * 50_000)], writer="w", answer=answer)
    with pytest.raises(LedgerUnavailableError, match="disk under the ledger is full"):
        ledger.append_events("manifests", [manifest(1, x_n="x" * 50_000)], writer="w")
    with Ledger.open(url) as again:
        assert again.count_scores() == 1
        assert again.recall_answer("p", "k") is None
        again.append_scores([score()], writer="w")
        assert again.verify().ok


def test_a_lock_that_stays_is_an_error_and_then_forgotten(ledger: Ledger, url: str) -> None:
    with Ledger.open(url, lock_timeout=0.1) as hasty:
        with closing(sqlite3.connect(file_of(url), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LedgerUnavailableError, match="stayed locked"):
                hasty.append_scores([score()], writer="w")
            assert hasty.count_scores() == 0  # readers do not wait for writers
        hasty.append_scores([score()], writer="w")
        assert hasty.count_scores() == 1


def test_a_writer_waits_for_another(ledger: Ledger, url: str) -> None:
    with closing(sqlite3.connect(file_of(url), isolation_level=None, check_same_thread=False)) as o:
        o.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.2, o.execute, ["COMMIT"])
        release.start()
        ledger.append_scores([score()], writer="w")
        release.join()
    assert ledger.count_scores() == 1


def test_a_deleted_table_says_what_the_database_says(ledger: Ledger, url: str) -> None:
    with closing(sqlite3.connect(file_of(url))) as other:
        other.execute("DROP TABLE scores")
    with pytest.raises(LedgerError, match=r"refused .*no such table: scores") as caught:
        ledger.score("x")
    assert not isinstance(caught.value, LedgerUnavailableError)


class _ServerError(Exception):
    def __init__(self, words: str, sqlstate: str | None) -> None:
        super().__init__(words)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("words", "sqlstate", "transient", "what"),
    [
        ("could not extend file: No space left on device", "53100", True, "disk .* is full"),
        ("canceling statement due to lock timeout", "55P03", True, "stayed locked"),
        ("cannot execute INSERT in a read-only transaction", "25006", True, "read-only"),
        ("terminating connection", "57P01", True, "cannot be reached"),
        ("password authentication failed", "28P01", True, "cannot be reached"),
        ("deadlock detected", "40P01", True, "cannot be reached"),
        ("too many connections", "53300", True, "cannot be reached"),
        ("relation does not exist", "42P01", False, "refused"),
        ("duplicate key value violates unique constraint", "23505", False, "already recorded"),
        ("events is append-only", "P0001", False, "append-only"),
    ],
)
def test_what_postgresql_says_is_understood(
    words: str, sqlstate: str, transient: bool, what: str
) -> None:
    error = DBAPIError("INSERT", {}, _ServerError(words, sqlstate))
    told = translate(error, "postgresql://host/db")
    assert isinstance(told, LedgerUnavailableError) == transient
    assert re.search(what, told.message)
    assert told.remedy


def test_a_lost_connection_and_an_empty_pool_may_be_retried() -> None:
    lost = DBAPIError("SELECT", {}, _ServerError("gone", None), connection_invalidated=True)
    assert isinstance(translate(lost, "p"), LedgerUnavailableError)
    assert isinstance(translate(PoolTimeout("no connection"), "p"), LedgerUnavailableError)


def test_sqlite_words_of_no_weight_are_final() -> None:
    odd = OperationalError("SELECT", {}, sqlite3.OperationalError("too many SQL variables"))
    damaged = DatabaseError("SELECT", {}, sqlite3.DatabaseError("database disk image is malformed"))
    twice = IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE constraint failed: x"))
    for error, what in ((odd, "refused"), (damaged, "damaged"), (twice, "already recorded")):
        told = translate(error, "p")
        assert not isinstance(told, LedgerUnavailableError)
        assert what in told.message
