import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from riskml.cases import CaseBook
from riskml.errors import LedgerError
from riskml.ledger import Answer, Ledger
from riskml.ledger.tables import APPEND_ONLY
from tests.unit.cases.support import Person
from tests.unit.ledger.support import file_of, manifest, score


@pytest.fixture
def connection(ledger: Ledger, url: str) -> Iterator[sqlite3.Connection]:
    scored = score()
    ledger.append_scores([scored], writer="w", answer=Answer("p", "k", "d", b"x"))
    ledger.append_events("manifests", [manifest(1)], writer="w")
    ledger.append_record("promotion", {}, "w")
    CaseBook(ledger).propose(scored.score_id, Person("lan", "analyst"), "a reason")
    ledger.sign_heads()
    with closing(sqlite3.connect(file_of(url), isolation_level=None)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _home(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from riskml.config import settings

    monkeypatch.setenv("RISKML_HOME", str(tmp_path))
    settings.cache_clear()


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("deed", ["DELETE FROM {0}", "UPDATE {0} SET rowid = rowid + 1"])
def test_rows_can_be_neither_changed_nor_deleted(
    connection: sqlite3.Connection, table: str, deed: str
) -> None:
    assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
        connection.execute(deed.format(table))


@pytest.mark.parametrize(
    "deed",
    [
        "DELETE FROM heads",
        "UPDATE heads SET position = position - 1",
        "UPDATE heads SET row_hash = ''",
        "UPDATE heads SET writer = 'x', position = position + 1",
        "INSERT OR REPLACE INTO heads VALUES ('scores', 'w', 0, '')",
    ],
)
def test_heads_only_grow(connection: sqlite3.Connection, deed: str) -> None:
    connection.execute("PRAGMA recursive_triggers = ON")
    with pytest.raises(sqlite3.IntegrityError, match="heads is append-only"):
        connection.execute(deed)


def test_an_answer_cannot_become_another(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="answers is append-only"):
        connection.execute("UPDATE answers SET body = x'00'")


def test_a_refused_change_is_an_error_of_ours(ledger: Ledger) -> None:
    ledger.append_scores([score()], writer="w")
    with pytest.raises(LedgerError, match="append-only"), ledger.writing() as connection:
        connection.exec_driver_sql("DELETE FROM scores")
    assert ledger.count_scores() == 1
