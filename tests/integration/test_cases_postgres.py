"""Users, cases and the queue on a real PostgreSQL: the same rules, real concurrency."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from riskml.cases import (
    CaseBook,
    CaseConflictError,
    CaseExistsError,
    Worklist,
    WorkQuery,
)
from riskml.ledger import Accounts, Ledger, LoginError, ThrottledError
from riskml.ledger.migrations.versions import v0002_review
from riskml.ledger.tables import case_steps, worklist
from tests.support.postgres import make_database, running_server
from tests.unit.cases.support import Person
from tests.unit.ledger.support import manifest, score

pytestmark = [pytest.mark.integration, pytest.mark.slow]

PASSWORD = "correct horse battery"
LAN, MINH = Person("lan", "analyst"), Person("minh", "supervisor")
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with running_server() as running:
        yield running


@pytest.fixture
def ledger(server: Any) -> Iterator[Ledger]:
    with Ledger.open(make_database(server)) as opened:
        yield opened


def together(count: int, work: Callable[[int], str]) -> list[str]:
    """Do something in several threads at once; return what came of each, sorted."""
    barrier, outcomes = threading.Barrier(count), []

    def run(number: int) -> None:
        barrier.wait()
        outcomes.append(work(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


def test_sessions_and_throttling_hold_over_workers(ledger: Ledger) -> None:
    workers = [
        Accounts(ledger),
        Accounts(Ledger.open(str(ledger.engine.url.render_as_string(False)))),
    ]
    workers[0].create_user("lan", PASSWORD, "analyst", office="HPH")
    session = workers[1].log_in("lan", PASSWORD, address="a")
    found = workers[0].session(session.token)
    assert found is not None
    assert found.user.office == "HPH"
    for number in range(5):
        with pytest.raises(LoginError):
            workers[number % 2].log_in("lan", "wrong", address="b")
    with pytest.raises(ThrottledError):
        workers[1].log_in("lan", PASSWORD, address="c")
    workers[0].disable_user("lan")
    assert workers[1].session(session.token) is None
    workers[1]._ledger.close()


def test_of_several_at_once_one_wins(ledger: Ledger) -> None:
    record = score()
    ledger.append_scores([record], writer="w")
    book = CaseBook(ledger)

    def propose(number: int) -> str:
        try:
            book.propose(record.score_id, Person(f"a{number}", "analyst"), "why")
        except CaseExistsError:
            return "exists"
        return "opened"

    assert together(4, propose) == ["exists", "exists", "exists", "opened"]
    (case,) = book.waiting(MINH)

    def approve(number: int) -> str:
        who = Person(f"s{number}", "supervisor")
        try:
            book.act(case.case_id, "approve", who, {}, "yes", expected_version=1)
        except CaseConflictError:
            return "lost"
        return "won"

    assert together(4, approve) == ["lost", "lost", "lost", "won"]
    assert len(book.timeline(case.case_id)) == 2
    assert ledger.verify().problems == ()
    assert book.rebuild() == 1


def test_scores_come_into_the_queue_once_whoever_brings_them(ledger: Ledger) -> None:
    rows = [score(bill_no=f"BL{number:04d}", container_no=None) for number in range(1200)]
    for start in range(0, 1200, 400):
        ledger.append_scores(rows[start : start + 400], writer=f"w{start % 3}")
    queues = [Worklist(ledger, timezone=ZONE) for _ in range(3)]
    together(3, lambda number: str(queues[number].catch_up()))
    assert queues[0].catch_up() == 0
    assert queues[0].page(LAN, WorkQuery()).total == 1200
    with ledger.reading() as connection:
        stored = set(connection.execute(sa.select(worklist.c.score_id)).scalars())
    assert stored == {row.score_id for row in rows}
    assert [row.bill_no for row in queues[0].page(LAN, WorkQuery(text="bl0042")).rows] == ["BL0042"]
    assert [found.bill_no for found in ledger.find_scores("BL0042")] == ["BL0042"]


def test_documents_are_found_by_the_beginning_of_their_identity(ledger: Ledger) -> None:
    bills = ["B1", "B10", "b1", "B_1", "B%1", 'B"1', "Đ1", "B1/2"]
    for bill in bills:
        row = {**manifest(1), "bill_no": bill, "goods_description": bill}
        ledger.append_events("manifests", [row], writer="e")
    for bill in bills:
        found = ledger.documents("manifests", bill, ledger.watermark())
        assert [row["goods_description"] for row in found] == [bill]
    assert ledger.documents("manifests", "B1", 0) == []


@pytest.mark.parametrize("deed", ["UPDATE {} SET why = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_steps_can_be_neither_changed_nor_removed(ledger: Ledger, deed: str) -> None:
    record = score()
    ledger.append_scores([record], writer="w")
    CaseBook(ledger).propose(record.score_id, LAN, "why")
    with (
        pytest.raises(DBAPIError, match="append-only"),
        ledger.engine.begin() as connection,
    ):
        connection.exec_driver_sql(deed.format(case_steps.name))


def test_an_older_ledger_is_brought_up_to_date(server: Any) -> None:
    url = make_database(server)
    with Ledger.open(url) as old:
        old.append_scores([score()], writer="w")
        with old.writing() as connection:
            with Operations.context(MigrationContext.configure(connection)):
                v0002_review.downgrade()
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    with Ledger.open(url) as ledger:
        assert Worklist(ledger, timezone=ZONE).catch_up() == 1
        Accounts(ledger).create_user("lan", PASSWORD, "analyst")
        assert ledger.verify().problems == ()
