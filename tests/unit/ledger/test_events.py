from datetime import UTC, datetime, timedelta

import pytest

from riskml.errors import LedgerError
from riskml.ledger import EventReceipt, Ledger
from tests.unit.ledger.support import MOMENT, manifest


def test_an_event_reads_back(ledger: Ledger) -> None:
    before = datetime.now(UTC)
    (receipt,) = ledger.append_events("manifests", [manifest(1, x_note="ghi chú")], writer="w")
    assert receipt == EventReceipt(1)
    assert receipt.new
    (event,) = ledger.events_after(0, 10)
    assert (event.seq, event.table, event.revision) == (1, "manifests", 0)
    assert event.identity == ("BILL1", "CSQU3054383")
    assert before - timedelta(seconds=1) < event.received_at < datetime.now(UTC)
    assert event.payload == {
        "bill_no": "BILL1",
        "container_no": "CSQU3054383",
        "submitted_at": "2020-07-01T03:04:05.678901Z",
        "office": "HPH",
        "mode": "sea",
        "gross_mass_kg": 101,
        "x_note": "ghi chú",
    }


def test_numbers_run_without_gaps_over_tables_writers_and_refusals(ledger: Ledger) -> None:
    ledger.append_events("manifests", [manifest(1), manifest(1), manifest(2)], writer="a")
    line = {"declaration_id": "D1", "line_no": 1, "lodged_at": MOMENT}
    ledger.append_events("declarations", [line], writer="b")
    with pytest.raises(LedgerError):
        ledger.append_events("manifests", [manifest(3), {"bill_no": None}], writer="a")
    ledger.append_events("inspections", [{"inspection_id": "I1"}], writer="a")
    assert [event.seq for event in ledger.events_after(0, 99)] == [1, 2, 3, 4]
    assert [event.seq for event in ledger.events_after(1, 2)] == [2, 3]
    assert ledger.events_after(4, 10) == []
    assert ledger.watermark() == 4


def test_the_watermark_of_nothing_is_zero(ledger: Ledger) -> None:
    assert ledger.watermark() == 0
    assert ledger.append_events("manifests", [], writer="w") == []


def test_the_same_again_is_a_duplicate_and_other_content_a_conflict(ledger: Ledger) -> None:
    ledger.append_events("manifests", [manifest(1)], writer="w")
    receipts = ledger.append_events(
        "manifests",
        [manifest(2), manifest(1), manifest(1, gross_mass_kg=7.0), manifest(2, mode="air")],
        writer="other",
    )
    assert receipts == [
        EventReceipt(2),
        EventReceipt(1, duplicate=True),
        EventReceipt(1, conflict=True),
        EventReceipt(2, conflict=True),
    ]
    assert [receipt.new for receipt in receipts] == [True, False, False, False]
    assert [event.payload["gross_mass_kg"] for event in ledger.events_after(0, 9)] == [101, 102]


def test_a_revision_is_an_event_of_its_own(ledger: Ledger) -> None:
    ledger.append_events("manifests", [manifest(1)], writer="w")
    (receipt,) = ledger.append_events(
        "manifests", [manifest(1, revision=1.0, mode="air")], writer="w"
    )
    assert receipt == EventReceipt(2)
    assert [event.revision for event in ledger.events_after(0, 9)] == [0, 1]


def test_one_event_may_be_sent_in_many_forms(ledger: Ledger) -> None:
    ledger.append_events("manifests", [manifest(1)], writer="w")
    forms = [
        manifest(1, submitted_at="2020-07-01T10:04:05.678901+07:00"),
        manifest(1, gross_mass_kg=101, vessel=None),
        manifest(1, revision=0, invalid_container_no=False, packages=float("nan")),
    ]
    assert all(r.duplicate for r in ledger.append_events("manifests", forms, writer="w"))


def test_a_container_that_failed_its_check_still_names_the_row(ledger: Ledger) -> None:
    flagged = {"container_no": None, "container_no_raw": "XX1", "invalid_container_no": True}
    ledger.append_events("manifests", [manifest(1, **flagged)], writer="w")
    (event,) = ledger.events_after(0, 9)
    assert event.identity == ("BILL1", "XX1")
    assert event.payload["invalid_container_no"] is True


def test_more_identities_than_one_query_asks_for(ledger: Ledger) -> None:
    rows = [manifest(number) for number in range(1201)]
    assert all(receipt.new for receipt in ledger.append_events("manifests", rows, writer="w"))
    again = ledger.append_events("manifests", rows[::-1], writer="w")
    assert [receipt.seq for receipt in again] == list(range(1201, 0, -1))
    assert all(receipt.duplicate for receipt in again)


@pytest.mark.parametrize(
    ("table", "row", "what"),
    [
        ("passengers", {}, "unknown event table 'passengers'"),
        ("inspections", {"office": "HPH"}, "inspections, row 0: inspection_id is missing"),
        ("declarations", {"declaration_id": "D", "line_no": None}, "row 0: line_no is missing"),
        ("inspections", {"inspection_id": "I", "revision": -1}, "revision -1 is no whole number"),
        ("inspections", {"inspection_id": "I", "revision": 1.5}, "revision 1.5 is no whole"),
        ("inspections", {"inspection_id": "I", "revision": 2**63}, "is no whole number"),
        ("inspections", {"inspection_id": "I\0"}, "column inspection_id holds a NUL"),
        ("inspections", {"inspection_id": "I" * 501}, "501 characters"),
        ("inspections", {"inspection_id": "I", "severity": float("inf")}, "column severity"),
    ],
)
def test_bad_events_are_named(
    ledger: Ledger, table: str, row: dict[str, object], what: str
) -> None:
    with pytest.raises(LedgerError, match=what):
        ledger.append_events(table, [row], writer="w")
    assert ledger.watermark() == 0


def test_hostile_text_is_kept_as_sent(ledger: Ledger) -> None:
    text = "<script>\0\ud800'); DROP TABLE events;--" + "€" * 10_000
    ledger.append_events("manifests", [manifest(1, goods_description=text)], writer="w")
    (event,) = ledger.events_after(0, 1)
    assert event.payload["goods_description"] == text
    assert ledger.verify().ok
