"""A selection in the ledger: recorded once, a case for each pick, seen on the dashboard."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from riskml.cases import CaseBook, dashboard, record_selection
from riskml.ledger import Ledger
from tests.unit.cases.support import Clock, Person
from tests.unit.ledger.support import score

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MINH = Person("minh", "supervisor")


def picks(*bills: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "consignment_id": list(bills),
            "stage": "pre_arrival",
            "channel": ["model", "exploration", "mandatory"][: len(bills)],
            "propensity": [1.0, 0.05, float("nan")][: len(bills)],
            "rank": range(1, len(bills) + 1),
        }
    )


def audit(day: date, seed: int = 7) -> dict:
    strata = [
        {"date": day.isoformat(), "office": "HPH", "mode": "sea", "capacity": 12},
        {"date": day.isoformat(), "office": "HPH/Dinh Vu", "mode": None, "capacity": 3},
        {"date": day.isoformat(), "office": "DNG", "mode": None, "capacity": 5},
        {"date": "2020-01-01", "office": "HPH", "mode": "sea", "capacity": 99},
    ]
    return {"seed": seed, "sha256": {"scores": "ab"}, "strata": strata}


@pytest.fixture
def scored(ledger: Ledger) -> None:
    for number in (1, 2, 3):
        ledger.append_scores([score(bill_no=f"B{number}", container_no=None)], writer="w")


def test_a_selection_becomes_cases_once(ledger: Ledger, book: CaseBook, scored: None) -> None:
    today = datetime.now(UTC).astimezone(ZONE).date()
    done = record_selection(ledger, picks("B1", "B2", "B9"), audit(today), ZONE)
    assert (done.new, done.opened, done.unscored, done.busy) == (True, 2, ("B9",), ())
    again = record_selection(ledger, picks("B1", "B2", "B9"), audit(today), ZONE)
    assert (again.new, again.opened, again.busy) == (False, 0, ())
    other = record_selection(ledger, picks("B1"), audit(today, seed=8), ZONE)
    assert (other.new, other.opened, other.busy) == (True, 0, ("B1",))
    assert len(ledger.records("selection")) == 2
    assert {case.channel for case in book.waiting(MINH)} == {"model", "exploration"}
    assert {case.propensity for case in book.waiting(MINH)} == {1.0, 0.05}
    assert ledger.verify().problems == ()


def test_the_dashboard_counts_quota_hits_and_channels(
    ledger: Ledger, book: CaseBook, clock: Clock, scored: None
) -> None:
    clock.now = datetime.now(UTC)
    today = clock.now.astimezone(ZONE).date()
    record_selection(ledger, picks("B1", "B2", "B3"), audit(today), ZONE)
    for number, case in enumerate(book.waiting(MINH)):
        finding = ("suspicious", "clear", "suspicious")[number]
        image = {"finding": finding, "image_uri": "https://i.example/1"}
        steps = [("scan", {"scan_finding": finding}), ("review_image", image)]
        if number == 0:
            steps += [("open", {}), ("close", {"result": "violation",
                                               "violation_type": "quantity"})]  # fmt: skip
        elif number == 1:
            steps += [("clear", {}), ("close", {})]
        for action, details in steps:
            case = book.act(case.case_id, action, MINH, details, "w", expected_version=case.version)
    clock.skip(30)
    board = dashboard(ledger, book, MINH, office="HPH", day=today, zone=ZONE)
    assert board.selected == 3
    assert board.capacity == 15
    assert (board.closed, board.hits, board.hit_rate) == (2, 1, 0.5)
    assert board.interval is not None
    assert 0 < board.interval[0] < 0.5 < board.interval[1] < 1
    assert board.overdue == 1
    assert board.states == {"image_reviewed": 1, "closed": 2}
    assert {line.channel: line.cases for line in board.channels} == {
        "model": 1, "exploration": 1, "mandatory": 1,
    }  # fmt: skip
    everywhere = dashboard(ledger, book, MINH, office=None, day=today, zone=ZONE)
    assert everywhere.capacity == 20
    elsewhere = dashboard(ledger, book, MINH, office="DNG", day=today, zone=ZONE)
    assert (elsewhere.selected, elsewhere.closed, elsewhere.hit_rate) == (0, 0, None)
    assert elsewhere.interval is None


def test_a_rejected_proposal_is_no_miss(ledger: Ledger, book: CaseBook, scored: None) -> None:
    record = ledger.scores_since()[0]
    case = book.propose(record.score_id, Person("lan", "analyst"), "why")
    book.act(case.case_id, "reject", MINH, {}, "no", expected_version=1)
    board = dashboard(ledger, book, MINH, office=None, day=date(2026, 3, 2), zone=ZONE)
    assert (board.closed, board.hits, board.hit_rate) == (0, 0, None)
    assert board.states == {"closed": 1}
