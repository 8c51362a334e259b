"""The ledger on a real PostgreSQL, started from a wheel."""

import re
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from riskml.errors import LedgerError
from riskml.ledger import (
    Answer,
    EventReceipt,
    Ledger,
    LedgerUnavailableError,
    Principal,
    Submission,
    verify_export,
)
from riskml.ledger.tables import APPEND_ONLY
from tests.support.postgres import make_database, running_server
from tests.unit.ledger import concurrency
from tests.unit.ledger.support import MOMENT, manifest, score, whats
from tests.unit.ledger.workers import start

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    with running_server() as running:
        yield running


@pytest.fixture
def url(server: Any) -> str:
    return make_database(server)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as opened:
        yield opened


def test_a_score_reads_back_to_the_last_bit(ledger: Ledger) -> None:
    features = struct.pack("<3d", float("nan"), -0.0, 5e-324)
    written = score(declaration_id="Đ/1", features=features, probability=5e-324, bill_no=None)
    ledger.append_scores([written], writer="w")
    assert ledger.score(written.score_id) == written
    assert ledger.scores_since(MOMENT, stage="pre_arrival", office="HPH") == [written]
    assert ledger.score("a\0") is None


def test_a_group_commit_keeps_requests_apart(ledger: Ledger) -> None:
    old, new = Answer("p", "old", "d1", b"\x00first"), Answer("p", "new", "d1", b"first")
    ledger.append_scores([score()], writer="w", answer=old)
    group = [
        Submission((score(), score()), new),
        Submission((score(),)),
        Submission((score(),), Answer("p", "new", "d1", b"later")),
        Submission((score(),), Answer("p", "old", "other", b"later")),
    ]
    assert ledger.append_submissions(group, writer="w") == [None, None, new, old]
    assert ledger.count_scores() == 4
    assert ledger.recall_answer("p", "old") == ("d1", b"\x00first")


def test_events_are_idempotent(ledger: Ledger) -> None:
    hostile = manifest(2, goods_description="<script>\0\ud800")
    assert ledger.append_events("manifests", [manifest(1), hostile], writer="w")[1].new
    receipts = ledger.append_events(
        "manifests", [hostile, manifest(1, mode="air"), manifest(1, revision=1)], writer="w"
    )
    assert receipts == [
        EventReceipt(2, duplicate=True),
        EventReceipt(1, conflict=True),
        EventReceipt(3),
    ]
    found = ledger.events_after(1, 9)
    assert [event.seq for event in found] == [2, 3]
    assert found[0].payload["goods_description"] == "<script>\0\ud800"


def test_keys_and_records(ledger: Ledger) -> None:
    key_id, secret = ledger.create_key("office", office="DAD")
    assert ledger.authenticate(secret) == Principal(key_id, "office", "DAD")
    ledger.revoke_key(key_id)
    assert ledger.authenticate(secret) is None
    assert [record.kind for record in ledger.records()] == ["key_created", "key_revoked"]


def test_the_tables_are_those_that_the_code_sees(ledger: Ledger) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from riskml.ledger.tables import metadata

    with ledger.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_what_was_made_can_be_taken_back(ledger: Ledger) -> None:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    from riskml.ledger.migrations.versions import v0001_first, v0002_review

    with ledger.writing() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            v0002_review.downgrade()
            v0001_first.downgrade()
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]


def fill(ledger: Ledger, folder: Path) -> Ledger:
    ledger.append_scores(
        [score() for _ in range(5)], writer="w", answer=Answer("p", "k", "d", b"x")
    )
    ledger.append_events("manifests", [manifest(number) for number in range(5)], writer="w")
    ledger.append_record("promotion", {}, "w")
    ledger.sign_heads(folder / "keys")
    return ledger


@pytest.fixture
def filled(ledger: Ledger, tmp_path: Path) -> Ledger:
    return fill(ledger, tmp_path)


@pytest.fixture(scope="module")
def guarded(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """Open one ledger for all the deeds that must not change it."""
    with Ledger.open(make_database(server)) as ledger:
        yield fill(ledger, tmp_path_factory.mktemp("guarded"))


@pytest.mark.parametrize("table", [*APPEND_ONLY, "heads"])
@pytest.mark.parametrize("deed", ["DELETE FROM {0}", "TRUNCATE {0}", "UPDATE {0} SET {1} = {1}"])
def test_rows_can_be_neither_changed_nor_deleted(guarded: Ledger, table: str, deed: str) -> None:
    column = "number" if table == "checkpoints" else "row_hash"
    refused = pytest.raises(LedgerError, match="ledger is append-only")
    with refused, guarded.writing() as connection:
        connection.exec_driver_sql(deed.format(table, column))
    report = guarded.verify()
    assert (report.ok, report.rows) == (True, 11)


def test_answers_may_be_forgotten_but_never_become_others(filled: Ledger) -> None:
    refused = pytest.raises(LedgerError, match="ledger is append-only")
    with refused, filled.writing() as connection:
        connection.exec_driver_sql("UPDATE answers SET body = 'x'")
    assert filled.forget_answers(MOMENT) == 0
    assert filled.forget_answers(datetime.now(UTC) + timedelta(minutes=1)) == 1


def tamper(url: str, *deeds: str) -> None:
    """Do what a superuser can."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")  # no triggers
        for deed in deeds:
            connection.exec_driver_sql(deed)
    engine.dispose()


@pytest.mark.parametrize(
    ("deed", "sentence"),
    [
        ("UPDATE scores SET probability = 0.5 WHERE position = 3", "the content was altered"),
        ("UPDATE scores SET raw_score = 'NaN' WHERE position = 3", "the content was altered"),
        ("UPDATE events SET payload = '{}' WHERE position = 3", "the content was altered"),
        ("DELETE FROM scores WHERE position = 3", "rows up to N are missing"),
        ("DELETE FROM scores WHERE position = 5", "rows up to N are missing at the end"),
        ("DELETE FROM scores", "rows up to N, vouched for by checkpoint N, are gone"),
    ],
)
def test_tampering_is_found(filled: Ledger, url: str, deed: str, sentence: str) -> None:
    tamper(url, deed)
    assert sentence in whats(filled.verify().problems)


def test_an_export_verifies_without_the_database(filled: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    assert filled.export(path, key_folder=tmp_path / "keys") == 11
    report = verify_export(path)
    assert (report.ok, report.rows, report.unsigned_rows) == (True, 11, 0)
    assert report.chains == filled.verify(against=path).chains


def test_an_empty_database_is_opened_by_many_at_once(url: str) -> None:
    concurrency.opened_at_once(url)


def test_threads_share_a_chain(url: str) -> None:
    concurrency.threads_share_a_chain(url)


def test_scores_of_processes_are_chained(url: str) -> None:
    concurrency.scores_of_processes_are_chained(url)


def test_pollers_miss_nothing(url: str) -> None:
    concurrency.pollers_miss_nothing(url)


def test_answers_are_given_once(url: str) -> None:
    concurrency.answers_are_given_once(url)


def test_kill_9_of_a_writer_loses_nothing(url: str) -> None:
    concurrency.kills_lose_nothing(url, times=3)


def test_a_lock_that_stays_is_an_error(ledger: Ledger, url: str) -> None:
    ledger.append_scores([score()], writer="w")
    with Ledger.open(url, lock_timeout=0.2) as hasty:
        with ledger.writing() as connection:
            connection.exec_driver_sql("SELECT * FROM heads FOR UPDATE")
            with pytest.raises(LedgerUnavailableError, match="stayed locked"):
                hasty.append_scores([score()], writer="w")
            hasty.append_scores([score()], writer="other")  # another chain does not wait
        hasty.append_scores([score()], writer="w")
    assert ledger.verify().ok


def test_a_database_that_is_not_there(server: Any) -> None:
    with pytest.raises(
        LedgerUnavailableError, match=r'cannot be reached .*"absent" does not exist'
    ):
        Ledger.open(server.get_uri(database="absent"))


def test_an_empty_database_is_not_filled_when_a_ledger_should_be_there(url: str) -> None:
    with pytest.raises(LedgerError, match="there is no ledger at postgresql"):
        Ledger.open(url, create=False)


def test_a_reader_of_a_standby_is_told_to_write_elsewhere(ledger: Ledger, url: str) -> None:
    with Ledger.open(f"{url}&options=-c%20default_transaction_read_only=on") as standby:
        assert standby.watermark() == 0
        with pytest.raises(LedgerUnavailableError, match="database is read-only"):
            standby.append_scores([score()], writer="w")


def test_a_session_that_was_ended_is_replaced(ledger: Ledger, url: str) -> None:
    ledger.append_scores([score()], writer="w")
    tamper(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    ledger.append_scores([score()], writer="w")
    assert ledger.verify().ok


def test_commits_are_durable_whatever_the_server_prefers(ledger: Ledger, url: str) -> None:
    with ledger.reading() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_the_server_gone_and_back_under_load() -> None:
    """What was told is there; meanwhile there are clear errors; nothing has to be restarted."""
    with running_server() as own, Ledger.open(own.get_uri(), lock_timeout=5) as ledger:
        kept = [score() for _ in range(3)]
        ledger.append_scores(kept, writer="w")
        process = start("append_scores", own.get_uri(), "busy", 10_000)
        assert process.stdout is not None
        told = [process.stdout.readline().split() for _ in range(5)]
        own.stop()
        process.kill()
        told += [line.split() for line in process.stdout.read().splitlines()]
        process.wait()
        process.stdout.close()
        for deed in (ledger.watermark, lambda: ledger.append_scores([score()], writer="w")):
            with pytest.raises(LedgerUnavailableError, match="cannot be reached"):
                deed()
        own.start()
        before = time.monotonic()
        ledger.append_scores([score()], writer="w")
        assert time.monotonic() - before < 5
        found = {record.score_id for record in ledger.scores_since()}
        assert {record.score_id for record in kept} <= found
        assert {score_id for _, *score_ids in told[1:] for score_id in score_ids} <= found
        assert ledger.verify().ok


def test_passwords_stay_out_of_errors(url: str) -> None:
    secret = re.sub("postgres:@", "postgres:s3cret@", url)
    with Ledger.open(secret) as ledger:
        assert "s3cret" not in ledger.place
