"""Whatever people try with a case, it moves along its way or not at all."""

import shutil
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from riskml.cases import (
    CaseBook,
    CaseConflictError,
    CaseExistsError,
    IllegalStepError,
    NotAllowedError,
    StepFieldError,
    Worklist,
    WorkQuery,
)
from riskml.cases.workflow import ACTIONS, STATES
from riskml.ledger import Ledger
from tests.unit.cases.support import Clock, Person
from tests.unit.ledger.support import score

OFFICES = (None, "HPH", "HPH/Dinh Vu", "DNG")
PEOPLE = [
    Person(f"{role}{number}-{office}", role, office)
    for role in ("analyst", "supervisor", "auditor")
    for office in OFFICES
    for number in (1, 2)
]
REFUSALS = (
    CaseConflictError, CaseExistsError, IllegalStepError, NotAllowedError, StepFieldError,
)  # fmt: skip
VALUES = {
    "scan_finding": ("clear", "suspicious", "perhaps"),
    "finding": ("clear", "suspicious"),
    "image_uri": ("https://images.example/1", "javascript:alert(1)"),
    "result": ("violation", "no_violation"),
    "violation_type": ("concealment", "quantity"),
    "revenue_recovered": ("10", "-1"),
    "scanner_id": ("S1",),
    "level": ("national", "sub_office"),
}
DETAILS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}
)
people, actions = st.sampled_from(PEOPLE), st.sampled_from(sorted(ACTIONS))


class Cases(RuleBasedStateMachine):
    """A few consignments, many people, any step with any details and any version."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.ledger = Ledger.open(f"sqlite:///{self.folder / 'ledger.db'}")
        self.book = CaseBook(self.ledger, clock=Clock())
        self.queue = Worklist(self.ledger, timezone=ZoneInfo("UTC"))
        rows = [score(bill_no=f"B{n}", office=office) for n, office in enumerate(OFFICES)]
        self.ledger.append_scores(rows, writer="w")
        self.queue.catch_up()
        self.scores = [row.score_id for row in rows]
        self.seen: dict[str, int] = {}
        self.events = 0

    @rule(which=st.integers(0, 3), who=people, why=st.sampled_from(["why", " "]))
    def propose(self, which: int, who: Person, why: str) -> None:
        try:
            case = self.book.propose(self.scores[which], who, why)
        except REFUSALS:
            return
        assert who.role in ("analyst", "supervisor")
        assert case.case_id not in self.seen
        self.seen[case.case_id] = 1

    @rule(data=st.data(), who=people, action=actions, details=DETAILS, stale=st.booleans())
    def act(self, data, who: Person, action: str, details: dict, stale: bool) -> None:
        if not self.seen:
            return
        case_id = data.draw(st.sampled_from(sorted(self.seen)))
        before = self.book.case(case_id)
        assert before is not None
        asked = {field.name for field in ACTIONS[action].fields}
        given = {name: value for name, value in details.items() if name in asked}
        version = before.version - stale
        try:
            after = self.book.act(case_id, action, who, given, "why", expected_version=version)
        except REFUSALS:
            assert self.book.case(case_id) == before
            return
        assert not stale
        assert before.state in ACTIONS[action].sources
        assert after.state == ACTIONS[action].target
        assert who.role in ACTIONS[action].roles
        assert self.book.covers(who, before.office)
        if action in ("approve", "reject"):
            assert who.name != before.proposer
        self.seen[case_id] = after.version
        self.events += action in ("scan", "review_image", "open", "clear", "close")

    @invariant()
    def each_case_is_its_steps(self) -> None:
        if not hasattr(self, "seen"):
            return
        for case_id, version in self.seen.items():
            steps = self.book.timeline(case_id)
            case = self.book.case(case_id)
            assert case is not None
            assert [step.number for step in steps] == list(range(1, version + 1))
            assert (case.version, case.state) == (version, steps[-1].state)
            assert case.state in STATES
        assert self.ledger.watermark() == self.events

    def teardown(self) -> None:
        if not hasattr(self, "seen"):
            return
        cases = {case_id: self.book.case(case_id) for case_id in self.seen}
        open_ones = [(c.consignment_id, c.stage) for c in cases.values() if c.state != "closed"]
        assert len(open_ones) == len(set(open_ones))
        shown = {row.case_id: row.state for row in self.queue.page(PEOPLE[0], WorkQuery()).rows}
        newest = {c.consignment_id: c for c in sorted(cases.values(), key=lambda c: c.case_id)}
        for case in newest.values():
            assert shown[case.case_id] == case.state
        revisions: dict[str, list[int]] = {}
        for event in self.ledger.events_after(0, 10_000):
            revisions.setdefault(str(event.identity[0]), []).append(event.revision)
        assert all(numbers == sorted(set(numbers)) for numbers in revisions.values())
        assert self.ledger.verify().problems == ()
        self.book.rebuild()
        assert {case_id: self.book.case(case_id) for case_id in self.seen} == cases
        self.ledger.close()
        shutil.rmtree(self.folder)


quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@pytest.mark.slow
class TestCases(Cases.TestCase):
    settings = settings(max_examples=12, stateful_step_count=40, suppress_health_check=quiet)


@pytest.mark.full
class TestCasesDeeply(Cases.TestCase):
    settings = settings(max_examples=200, stateful_step_count=80, suppress_health_check=quiet)
