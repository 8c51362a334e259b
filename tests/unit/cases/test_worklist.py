"""The queue: what is brought in, found, sorted, and seen by whom."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from riskml.cases import CaseBook, Worklist, WorkQuery, WorkQueryError
from riskml.cases.projection import folded
from riskml.cases.worklist import _paged
from riskml.ledger import Ledger
from riskml.ledger.tables import worklist, worklist_progress
from tests.unit.cases.support import Person
from tests.unit.ledger.support import score

LAN = Person("lan", "analyst")
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


@pytest.fixture
def queue(ledger: Ledger) -> Worklist:
    return Worklist(ledger, timezone=ZONE)


def put(ledger: Ledger, number: int, *, writer: str = "w", **changes: Any) -> str:
    manifest = {
        "mode": ("sea", "road")[number % 2],
        "consignee_name": f"Công ty Đại Phát {number}",
        "goods_description": "giày da 100%",
        "commodity_code": "640399",
    }
    values: dict[str, Any] = {
        "bill_no": f"BL{number:03d}",
        "container_no": None,
        "office": ("HPH", "DNG", "HPH/Dinh Vu")[number % 3],
        "decision_time": NOON + timedelta(hours=number),
        "probability": ((number * 37) % 101) / 101,
        "request": {"manifest": manifest, "lines": []},
    }
    record = score(**{**values, **changes})
    ledger.append_scores([record], writer=writer)
    return record.score_id


def shown(queue: Worklist, user: Person = LAN, **asked: Any) -> list[str]:
    return [str(row.bill_no) for row in queue.page(user, WorkQuery(**asked)).rows]


def test_each_score_comes_in_once_from_every_writer(ledger: Ledger, queue: Worklist) -> None:
    for number in range(6):
        put(ledger, number, writer=f"w{number % 2}")
    assert queue.catch_up() == 6
    assert queue.catch_up() == 0
    put(ledger, 6, writer="w2")
    assert queue.catch_up() == 1
    assert len(shown(queue)) == 7


def test_the_newest_decision_of_a_consignment_stands(ledger: Ledger, queue: Worklist) -> None:
    newest = put(ledger, 1, probability=0.7, decision_time=NOON + timedelta(days=1))
    put(ledger, 1, probability=0.2, decision_time=NOON, writer="late")
    queue.catch_up()
    (row,) = queue.page(LAN, WorkQuery()).rows
    assert (row.score_id, row.probability) == (newest, 0.7)
    put(ledger, 1, stage="declaration")
    queue.catch_up()
    assert queue.page(LAN, WorkQuery()).total == 2


def test_what_is_shown_comes_from_the_documents(ledger: Ledger, queue: Worklist) -> None:
    lines = [
        {"importer_name": "Minh Long", "goods_description": "áo", "commodity_code": "6203",
         "origin_country": "CN", "mode": "sea", "duty_amount": 100.5},
        {"customs_value": 1000.0, "duty_rate": 20.0},
        {"customs_value": 1000.0},
    ]  # fmt: skip
    put(ledger, 1, stage="declaration", declaration_id="TK1",
        request={"manifest": None, "lines": lines})  # fmt: skip
    queue.catch_up()
    (row,) = queue.page(LAN, WorkQuery()).rows
    assert row.revenue_at_stake == 300.5
    assert (row.party_name, row.goods, row.commodity_code) == ("Minh Long", "áo", "6203")
    assert (row.origin_country, row.mode, row.declaration_id) == ("CN", "sea", "TK1")


def test_documents_sent_as_events_are_found_up_to_the_watermark(
    ledger: Ledger, queue: Worklist
) -> None:
    def line(revision: int, goods: str) -> dict[str, Any]:
        return {"declaration_id": "TK1", "line_no": 1, "revision": revision, "lodged_at": NOON,
                "goods_description": goods, "mode": "sea", "office": "HPH"}  # fmt: skip

    ledger.append_events("declarations", [line(0, "first"), line(1, "known")], writer="e")
    watermark = ledger.watermark()
    ledger.append_events("declarations", [line(2, "later")], writer="e")
    ledger.append_events(
        "declarations", [{**line(0, "other"), "declaration_id": "TK10"}], writer="e"
    )
    put(ledger, 1, stage="declaration", declaration_id="TK1", history_watermark=watermark,
        request={"keys": {"declaration_id": "TK1"}})  # fmt: skip
    queue.catch_up()
    (row,) = queue.page(LAN, WorkQuery()).rows
    assert row.goods == "known"


def test_filters_and_sorts(ledger: Ledger, queue: Worklist) -> None:
    for number in range(12):
        put(ledger, number)
    queue.catch_up()
    by_probability = queue.page(LAN, WorkQuery()).rows
    assert [r.probability for r in by_probability] == sorted(
        (r.probability for r in by_probability), reverse=True
    )
    assert shown(queue, sort="age")[0] == "BL000"
    assert shown(queue, sort="age", descending=False)[0] == "BL011"
    assert {r.mode for r in queue.page(LAN, WorkQuery(mode="road")).rows} == {"road"}
    assert {r.office for r in queue.page(LAN, WorkQuery(office="HPH")).rows} == {
        "HPH", "HPH/Dinh Vu",
    }  # fmt: skip
    assert queue.page(LAN, WorkQuery(stage="declaration")).total == 0
    # 12:00 UTC + 12 h: from the 12th hour on it is the next day in Hanoi, 7 hours ahead.
    first = date(2026, 3, 2)
    assert queue.page(LAN, WorkQuery(day=(first, first))).total == 12
    assert queue.page(LAN, WorkQuery(day=(date(2026, 3, 3), date(2026, 3, 9)))).total == 0


def test_the_day_is_the_local_one(ledger: Ledger, queue: Worklist) -> None:
    put(ledger, 1, decision_time=datetime(2026, 3, 2, 17, 30, tzinfo=UTC))
    queue.catch_up()
    assert shown(queue, day=(date(2026, 3, 3), date(2026, 3, 3))) == ["BL001"]


def test_pages_hold_every_row_once(ledger: Ledger, queue: Worklist) -> None:
    for number in range(23):
        put(ledger, number, probability=0.5)
    queue.catch_up()
    pages = [queue.page(LAN, WorkQuery(page=n, size=10)) for n in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [10, 10, 3]
    assert len({row.score_id for page in pages for row in page.rows}) == 23
    assert {(page.total, page.pages) for page in pages} == {(23, 3)}
    assert queue.page(LAN, WorkQuery(page=99, size=10)).page == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BL003", ["BL003"]),
        ("đại phát bl004", ["BL004"]),
        ("dai phat bl004", ["BL004"]),
        ("ĐẠI bl004", ["BL004"]),
        ("640399 bl005", ["BL005"]),
        ("100%", ["BL003", "BL004", "BL005"]),
        ("%", ["BL003", "BL004", "BL005"]),
        ("_", []),
        ("'; DROP TABLE worklist; --", []),
    ],
)
def test_search(ledger: Ledger, queue: Worklist, text: str, found: list[str]) -> None:
    for number in (3, 4, 5):
        put(ledger, number)
    queue.catch_up()
    assert sorted(shown(queue, text=text)) == found


def test_a_search_of_ten_kilobytes_is_refused(queue: Worklist) -> None:
    with pytest.raises(WorkQueryError, match="at most 100 characters"):
        queue.page(LAN, WorkQuery(text="x" * 10_000))


def test_nobody_sees_another_offices_consignments(ledger: Ledger, queue: Worklist) -> None:
    for number in range(6):
        put(ledger, number)
    queue.catch_up()
    local = Person("x", "analyst", "HPH")
    assert {row.office for row in queue.page(local, WorkQuery()).rows} == {"HPH", "HPH/Dinh Vu"}
    assert queue.page(local, WorkQuery(office="DNG")).total == 0
    assert queue.offices(local) == ["HPH", "HPH/Dinh Vu"]
    assert queue.offices(LAN) == ["DNG", "HPH", "HPH/Dinh Vu"]


def test_case_and_queue_agree_whichever_comes_first(
    ledger: Ledger, queue: Worklist, book: CaseBook
) -> None:
    early = put(ledger, 1)
    book.propose(early, LAN, "before the queue knew it")
    queue.catch_up()
    late = put(ledger, 2)
    queue.catch_up()
    book.propose(late, LAN, "after")
    assert sorted(shown(queue, state="proposed")) == ["BL001", "BL002"]
    assert shown(queue, state="none") == []
    assert sorted(shown(queue, channel="officer")) == ["BL001", "BL002"]


def test_the_scores_of_a_number_are_found(ledger: Ledger, queue: Worklist) -> None:
    first = put(ledger, 1)
    second = put(ledger, 1, decision_time=NOON + timedelta(days=3))
    put(ledger, 2)
    queue.catch_up()
    assert [record.score_id for record in ledger.find_scores("BL001")] == [second, first]
    assert ledger.find_scores("BL") == []


def test_fifty_thousand_rows_are_paged_by_an_index(ledger: Ledger, queue: Worklist) -> None:
    """A page is read off the index of its order: nothing sorts the whole table."""
    for sort, index in (("probability", "probability"), ("revenue", "revenue"), ("age", "time")):
        wanted = _paged([], WorkQuery(sort=sort), 1)
        with ledger.reading() as connection:
            compiled = wanted.compile(connection, compile_kwargs={"literal_binds": True})
            plan = connection.execute(sa.text(f"EXPLAIN QUERY PLAN {compiled}")).all()
        steps = " ".join(str(row) for row in plan)
        assert f"USING INDEX ix_worklist_{index}" in steps
        assert "B-TREE FOR ORDER BY" not in steps.replace("LAST TERM OF ORDER BY", "")


def test_a_lost_queue_is_made_again(ledger: Ledger, queue: Worklist) -> None:
    for number in range(4):
        put(ledger, number)
    queue.catch_up()
    before = queue.page(LAN, WorkQuery()).rows
    with ledger.writing() as connection:
        connection.execute(worklist.delete())
        connection.execute(worklist_progress.delete())
    assert queue.catch_up() == 4
    assert queue.page(LAN, WorkQuery()).rows == before


def test_folding_keeps_what_is_no_accent() -> None:
    assert folded("ĐƯỜNG Số 5/B") == "duong so 5/b"
