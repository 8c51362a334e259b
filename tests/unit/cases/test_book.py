"""Cases in the ledger: steps, second persons, conflicts, what enters history."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from riskml.cases import (
    Case,
    CaseBook,
    CaseConflictError,
    CaseExistsError,
    IllegalStepError,
    NotAllowedError,
    StepFieldError,
    actions_for,
)
from riskml.errors import LedgerError
from riskml.ledger import Ledger
from tests.unit.cases.support import Clock, Person
from tests.unit.ledger.support import score

LAN = Person("lan", "analyst")
MINH = Person("minh", "supervisor")
THU = Person("thu", "auditor")
IMAGE = {"finding": "suspicious", "image_uri": "https://images.example/1"}


@pytest.fixture
def scored(ledger: Ledger) -> str:
    record = score(office="HPH")
    ledger.append_scores([record], writer="w")
    return record.score_id


def taken(book: CaseBook, case: Case, *steps: tuple[str, Person, dict[str, Any]]) -> Case:
    """Take a case through steps."""
    for action, who, details in steps:
        case = book.act(
            case.case_id, action, who, details, f"because of {action}",
            expected_version=case.version,
        )  # fmt: skip
    return case


def to_review(book: CaseBook, scored: str, finding: str = "suspicious") -> Case:
    case = book.propose(scored, LAN, "the price is low")
    return taken(
        book, case,
        ("approve", MINH, {}),
        ("select", LAN, {}),
        ("scan", LAN, {"scan_finding": finding, "scanner_id": "S1"}),
        ("review_image", LAN, {**IMAGE, "finding": finding}),
    )  # fmt: skip


def test_a_case_from_proposal_to_violation(book: CaseBook, ledger: Ledger, scored: str) -> None:
    case = to_review(book, scored)
    case = taken(
        book, case,
        ("open", LAN, {}),
        ("close", LAN, {"result": "violation", "violation_type": "concealment",
                        "severity": "2", "revenue_recovered": "1500,5"}),
    )  # fmt: skip
    assert (case.state, case.result, case.version) == ("closed", "violation", 7)
    steps = book.timeline(case.case_id)
    assert [step.action for step in steps] == [
        "propose", "approve", "select", "scan", "review_image", "open", "close",
    ]  # fmt: skip
    assert [step.number for step in steps] == list(range(1, 8))
    assert steps[1].who == "minh"
    assert steps[1].why == "because of approve"
    assert steps[-1].details["revenue_recovered"] == 1500.5
    report = ledger.verify()
    assert report.problems == ()
    assert {chain.table for chain in report.chains} >= {"case_steps", "events", "scores"}


def test_each_outcome_enters_history_as_a_revision(
    book: CaseBook, ledger: Ledger, scored: str
) -> None:
    case = taken(book, to_review(book, scored), ("open", LAN, {}))
    case = taken(book, case, ("close", LAN, {"result": "no_violation"}))
    events = ledger.events_after(0, 100)
    assert [event.revision for event in events] == [4, 5, 6, 7]
    assert {event.identity for event in events} == {(case.case_id,)}
    steps = {step.action: step for step in book.timeline(case.case_id)}
    last = events[-1].payload
    assert last["scan_finding"] == "suspicious"
    assert last["result"] == "no_violation"
    assert last["channel"] == "officer"
    assert last["closed_at"].startswith(steps["close"].at.isoformat()[:19])
    assert last["selected_at"].startswith(steps["select"].at.isoformat()[:19])
    assert "closed_at" not in events[0].payload
    assert "result" not in events[0].payload


def test_a_clear_image_is_closed_without_result(
    book: CaseBook, ledger: Ledger, scored: str
) -> None:
    case = taken(book, to_review(book, scored, "clear"), ("clear", LAN, {}))
    with pytest.raises(StepFieldError, match="not opened has no result"):
        taken(book, case, ("close", LAN, {"result": "no_violation"}))
    case = taken(book, case, ("close", LAN, {}))
    assert case.result is None
    assert "result" not in ledger.events_after(0, 100)[-1].payload


def test_nobody_decides_on_an_own_proposal(book: CaseBook, scored: str) -> None:
    case = book.propose(scored, MINH, "a hint")
    with pytest.raises(NotAllowedError, match="own proposal"):
        taken(book, case, ("approve", MINH, {}))
    with pytest.raises(NotAllowedError, match="role analyst may not approve"):
        taken(book, case, ("approve", LAN, {}))
    assert actions_for(case, MINH) == ()
    assert [a.name for a in actions_for(case, Person("an", "supervisor"))] == ["approve", "reject"]


def test_office_and_level_are_enforced(book: CaseBook, scored: str) -> None:
    with pytest.raises(NotAllowedError):
        book.propose(scored, Person("x", "analyst", "DNG"), "why")
    case = book.propose(scored, LAN, "why", level="national")
    with pytest.raises(NotAllowedError, match="national level"):
        taken(book, case, ("approve", Person("phu", "supervisor", "HPH"), {}))
    with pytest.raises(NotAllowedError, match="another office"):
        taken(book, case, ("approve", Person("phu", "supervisor", "DNG"), {}))
    assert taken(book, case, ("approve", MINH, {})).state == "approved"


def test_a_level_below_the_office_is_refused(book: CaseBook, scored: str) -> None:
    with pytest.raises(StepFieldError, match="lower than the office's"):
        book.propose(scored, LAN, "why", level="sub_office")


def test_a_suspicious_image_is_cleared_by_a_second_person(book: CaseBook, scored: str) -> None:
    case = to_review(book, scored)
    with pytest.raises(NotAllowedError, match="supervisor who did not review"):
        taken(book, case, ("clear", LAN, {}))
    assert taken(book, case, ("clear", MINH, {})).state == "cleared"


def test_auditors_change_nothing(book: CaseBook, scored: str) -> None:
    with pytest.raises(NotAllowedError):
        book.propose(scored, THU, "why")
    case = book.propose(scored, LAN, "why")
    assert actions_for(case, THU) == ()


def test_illegal_steps_are_impossible(book: CaseBook, scored: str) -> None:
    case = book.propose(scored, LAN, "why")
    for action in ("scan", "open", "close", "clear", "select"):
        with pytest.raises(IllegalStepError):
            taken(book, case, (action, LAN, {}))
    with pytest.raises(IllegalStepError):
        taken(book, case, ("propose", LAN, {}))
    with pytest.raises(IllegalStepError):
        taken(book, case, ("burn", LAN, {}))
    assert len(book.timeline(case.case_id)) == 1


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({}, "finding"),
        ({**IMAGE, "finding": "maybe"}, "finding"),
        ({**IMAGE, "image_uri": "javascript:alert(1)"}, "image_uri"),
        ({**IMAGE, "image_uri": "ftp://images.example/1"}, "image_uri"),
        ({**IMAGE, "image_uri": "https://"}, "image_uri"),
        ({**IMAGE, "image_uri": "https://[::1"}, "image_uri"),
        ({**IMAGE, "image_uri": "https://user@images.example/1"}, "image_uri"),
        ({**IMAGE, "image_uri": 'https://images.example/"><script>'}, "image_uri"),
        ({**IMAGE, "image_uri": "https://images.example/" + "x" * 2000}, "image_uri"),
        ({**IMAGE, "state": "closed"}, "state"),
    ],
)
def test_what_a_step_asks_for_is_checked(
    book: CaseBook, scored: str, details: dict[str, str], field: str
) -> None:
    case = taken(
        book, book.propose(scored, LAN, "why"),
        ("approve", MINH, {}), ("select", LAN, {}), ("scan", LAN, {"scan_finding": "clear"}),
    )  # fmt: skip
    with pytest.raises(StepFieldError) as caught:
        taken(book, case, ("review_image", LAN, details))
    assert caught.value.field == field
    assert book.case(case.case_id) == case


@pytest.mark.parametrize("why", ["", "   ", "x" * 2001])
def test_every_step_needs_a_reason(book: CaseBook, scored: str, why: str) -> None:
    with pytest.raises(StepFieldError) as caught:
        book.propose(scored, LAN, why)
    assert caught.value.field == "why"


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({}, "result"),
        ({"result": "violation"}, "violation_type"),
        ({"result": "violation", "violation_type": "theft"}, "violation_type"),
        ({"result": "no_violation", "revenue_recovered": "5"}, "revenue_recovered"),
        ({"result": "violation", "violation_type": "quantity", "severity": "-1"}, "severity"),
        ({"result": "violation", "violation_type": "quantity", "severity": "nan"}, "severity"),
        ({"result": "violation", "violation_type": "quantity", "severity": "1e400"}, "severity"),
    ],
)
def test_a_result_is_checked(
    book: CaseBook, scored: str, details: dict[str, str], field: str
) -> None:
    case = taken(book, to_review(book, scored), ("open", LAN, {}))
    with pytest.raises(StepFieldError) as caught:
        taken(book, case, ("close", LAN, details))
    assert caught.value.field == field


def test_a_second_open_case_is_refused_a_later_one_is_not(book: CaseBook, scored: str) -> None:
    case = book.propose(scored, LAN, "why")
    with pytest.raises(CaseExistsError) as caught:
        book.propose(scored, MINH, "me too")
    assert caught.value.case_id == case.case_id
    rejected = taken(book, case, ("reject", MINH, {}))
    assert (rejected.state, rejected.result) == ("closed", "rejected")
    again = book.propose(scored, LAN, "new evidence")
    record = book._ledger.score(scored)
    assert record is not None
    assert book.case_of(record) == again


def test_an_unknown_score_or_case_is_named(book: CaseBook) -> None:
    with pytest.raises(LedgerError, match="no score 'nothing'"):
        book.propose("nothing", LAN, "why")
    with pytest.raises(LedgerError, match="no case 'nothing'"):
        book.act("nothing", "approve", MINH, {}, "why", expected_version=1)
    assert book.case("nothing") is None


def test_a_changed_case_says_who_changed_it(book: CaseBook, scored: str) -> None:
    seen = book.propose(scored, LAN, "why")
    taken(book, seen, ("approve", MINH, {}))
    with pytest.raises(CaseConflictError) as caught:
        taken(book, seen, ("reject", Person("an", "supervisor"), {}))
    conflict = caught.value
    assert (conflict.changed_by, conflict.action, conflict.state) == ("minh", "approve", "approved")


def test_of_two_at_once_one_wins(book: CaseBook, scored: str) -> None:
    case = book.propose(scored, LAN, "why")
    barrier, outcomes = threading.Barrier(4), []

    def act(number: int) -> None:
        barrier.wait()
        try:
            taken(book, case, ("approve", Person(f"s{number}", "supervisor"), {}))
            outcomes.append("won")
        except CaseConflictError:
            outcomes.append("lost")

    threads = [threading.Thread(target=act, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost", "lost", "lost", "won"]
    assert len(book.timeline(case.case_id)) == 2


def test_of_two_proposals_at_once_one_opens_the_case(book: CaseBook, scored: str) -> None:
    barrier, outcomes = threading.Barrier(3), []

    def propose(number: int) -> None:
        barrier.wait()
        try:
            book.propose(scored, Person(f"a{number}", "analyst"), "why")
            outcomes.append("opened")
        except CaseExistsError:
            outcomes.append("exists")

    threads = [threading.Thread(target=propose, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["exists", "exists", "opened"]


def test_a_suspicious_scan_raises_an_alert_until_it_is_opened(
    book: CaseBook, clock: Clock, scored: str
) -> None:
    case = to_review(book, scored)
    assert book.overdue(MINH) == []
    clock.skip(25)
    assert [late.case_id for late in book.overdue(MINH)] == [case.case_id]
    assert book.overdue(Person("x", "supervisor", "DNG")) == []
    assert book.waiting(MINH)[0].case_id == case.case_id
    taken(book, case, ("open", LAN, {}))
    assert book.overdue(MINH) == []


def test_an_alert_counts_from_the_scan(book: CaseBook, clock: Clock, scored: str) -> None:
    case = to_review(book, scored)
    scan = next(step for step in book.timeline(case.case_id) if step.action == "scan")
    assert case.suspicious_at == scan.at
    assert clock() - scan.at < timedelta(hours=1)


def test_the_cases_can_be_made_again_from_their_steps(
    book: CaseBook, ledger: Ledger, scored: str
) -> None:
    other = score(bill_no="BILL2", office="DNG")
    ledger.append_scores([other], writer="w")
    cases = [to_review(book, scored), book.propose(other.score_id, LAN, "why")]
    assert book.rebuild() == 2
    assert [book.case(case.case_id) for case in cases] == cases


def test_a_selected_case_needs_no_approval(book: CaseBook, ledger: Ledger, scored: str) -> None:
    record = ledger.score(scored)
    assert record is not None
    case = book.open_selected(record, "exploration", 0.05, "drawn with seed 7")
    assert (case.state, case.propensity, case.proposer) == ("selected", 0.05, "selection")
    case = taken(book, case, ("scan", LAN, {"scan_finding": "clear"}))
    event = ledger.events_after(0, 10)[-1].payload
    assert (event["channel"], event["propensity"]) == ("exploration", 0.05)
    assert case.state == "scanned"


def test_who_looked_is_recorded(book: CaseBook, ledger: Ledger, scored: str) -> None:
    book.record_access(LAN, scored, "page")
    book.record_access(THU, scored, "audit")
    assert [(a.who, a.role, a.what) for a in book.accesses(scored)] == [
        ("thu", "auditor", "audit"),
        ("lan", "analyst", "page"),
    ]
    assert ledger.verify().problems == ()
