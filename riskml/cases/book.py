"""Cases in the ledger: opened, taken step by step, never changed in silence."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from riskml.cases.standing import Case, Step, advanced, inspection_row, opened_case
from riskml.cases.workflow import (
    ACTIONS,
    LEVELS,
    Actor,
    IllegalStepError,
    NotAllowedError,
    StepFieldError,
    check,
    check_fields,
    covers,
    level_of,
)
from riskml.errors import LedgerError, RiskmlError
from riskml.features.items import consignment_id_of
from riskml.ledger import Access, Ledger, ScoreRecord, events, new_id
from riskml.ledger.canonical import canonical_json, from_micros, to_micros
from riskml.ledger.chain import extend
from riskml.ledger.tables import case_steps, cases, worklist

__all__ = ["CaseBook", "CaseConflictError", "CaseExistsError", "within"]

WRITER = "review"
"""All steps of cases are one chain: two on one case wait for one another."""
MOST_LISTED = 200


class CaseConflictError(RiskmlError):
    """Somebody else changed the case meanwhile.

    Parameters
    ----------
    step : Step
        The newest step.
    """

    def __init__(self, step: Step) -> None:
        super().__init__(
            f"{step.who} took the case through {step.action!r} meanwhile",
            "look at it again, then decide",
        )
        self.changed_by = step.who
        self.action = step.action
        self.state = step.state
        self.changed_at = step.at


class CaseExistsError(RiskmlError):
    """The consignment has an open case; ``case_id`` names it."""

    def __init__(self, case_id: str) -> None:
        super().__init__(f"there is an open case of this consignment: {case_id}", "go on with it")
        self.case_id = case_id


class CaseBook:
    """All cases of a ledger.

    Parameters
    ----------
    ledger : Ledger
    clock : callable
        Returns the present as an aware datetime.
    alert_hours : float
        How long a suspicious finding may wait for its container to be opened.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        alert_hours: float = 24.0,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self.alert_hours = alert_hours

    def covers(self, user: Actor, office: str | None) -> bool:
        """Say whether a consignment of an office is within somebody's scope."""
        return covers(user.office, office)

    def propose(self, score_id: str, user: Actor, why: str, *, level: str | None = None) -> Case:
        """Open a case of a scored consignment.

        Parameters
        ----------
        level : str, optional
            Level at which it must be approved; that of the consignment's office by default, and
            never a lower one.

        Raises
        ------
        LedgerError
            If there is no such score.
        NotAllowedError
            If the person's role or office does not allow it.
        StepFieldError
            If the reason is missing, or the level lower than the office's.
        CaseExistsError
            If the consignment has an open case.
        """
        record = self._ledger.score(score_id)
        if record is None:
            raise LedgerError(f"there is no score {score_id[:40]!r}", "give that of an answer")
        action = ACTIONS["propose"]
        if user.role not in action.roles or not covers(user.office, record.office):
            raise NotAllowedError("role or office does not allow it", "ask somebody who may")
        check_fields(action, "", {} if level is None else {"level": level}, why)
        own = level_of(record.office)
        if level is not None and LEVELS.index(level) < LEVELS.index(own):
            raise StepFieldError("level", "is lower than the office's", f"at least {own}")
        told = {**_subject(record), "channel": "officer", "propensity": None, "level": level or own}
        step = Step(
            new_id(),
            1,
            "propose",
            "proposed",
            user.name,
            user.role,
            why.strip(),
            self._clock(),
            told,
        )
        with self._ledger.writing() as connection:
            return self._open(connection, step)

    def open_selected(
        self, record: ScoreRecord, channel: str, propensity: float | None, why: str
    ) -> Case:
        """Open a case that the selection itself chose; it needs nobody's approval.

        Raises
        ------
        CaseExistsError
            If the consignment has an open case.
        """
        told = {
            **_subject(record),
            "channel": channel,
            "propensity": propensity,
            "level": level_of(record.office),
        }
        step = Step(
            new_id(), 1, "select", "selected", "selection", "selection", why, self._clock(), told
        )
        with self._ledger.writing() as connection:
            return self._open(connection, step)

    def act(
        self,
        case_id: str,
        action: str,
        user: Actor,
        details: Mapping[str, Any],
        why: str,
        *,
        expected_version: int,
    ) -> Case:
        """Take a step of a case.

        Parameters
        ----------
        details : mapping
            What the action asks for, as texts.
        expected_version : int
            Version of the case that the person saw.

        Returns
        -------
        Case
            After the step.

        Raises
        ------
        LedgerError
            If there is no such case.
        CaseConflictError
            If it was changed since: nothing is written.
        NotAllowedError, IllegalStepError, StepFieldError
            See `riskml.cases.workflow`.
        """
        known = ACTIONS.get(action)
        if known is None or not known.sources:
            raise IllegalStepError(f"there is no step {action[:40]!r}", "see the case's actions")
        with self._ledger.writing() as connection:
            case = self._locked(connection, case_id)
            if case.version != expected_version:
                raise CaseConflictError(_steps(connection, case_id)[-1])
            check(case, known, user)
            told = check_fields(known, case.state, details, why)
            step = Step(
                case_id, case.version + 1, action, known.target, user.name, user.role,
                why.strip(), max(self._clock(), case.updated_at), told,
            )  # fmt: skip
            return self._advance(connection, case, step)

    def case(self, case_id: str) -> Case | None:
        """Return a case, or None."""
        with self._ledger.reading() as connection:
            return _first(connection, cases.c.case_id == case_id)

    def case_of(self, record: ScoreRecord) -> Case | None:
        """Return the newest case of a scored consignment at this stage, or None."""
        subject = _subject(record)
        with self._ledger.reading() as connection:
            return _first(
                connection,
                cases.c.consignment_id == subject["consignment_id"],
                cases.c.stage == record.stage,
            )

    def timeline(self, case_id: str) -> list[Step]:
        """Return the steps of a case, the first one first."""
        with self._ledger.reading() as connection:
            return _steps(connection, case_id)

    def overdue(self, user: Actor) -> list[Case]:
        """Return the cases in somebody's scope whose suspicious finding waits too long."""
        limit = self._clock() - timedelta(hours=self.alert_hours)
        late = cases.c.suspicious_at < to_micros(limit, "clock")
        return self._listed(user, late, order=cases.c.suspicious_at)

    def waiting(self, user: Actor) -> list[Case]:
        """Return the open cases in somebody's scope, the longest without a step first."""
        return self._listed(user, cases.c.state != "closed", order=cases.c.updated_at)

    def record_access(self, user: Actor, score_id: str, what: str) -> None:
        """Keep that somebody looked at a score."""
        self._ledger.record_access(score_id, user.name, user.role, what, WRITER)

    def accesses(self, score_id: str) -> list[Access]:
        """Return who looked at a score, the newest first."""
        return self._ledger.accesses(score_id)

    def rebuild(self) -> int:
        """Make the table of cases again from their steps; return how many there are."""
        with self._ledger.writing() as connection:
            made = list(_replayed(connection))
            connection.execute(cases.delete())
            connection.execute(worklist.update(), {"case_id": None, "state": None, "channel": None})
            for case in made:
                connection.execute(cases.insert(), _row(case))
                _show_in_worklist(connection, case)
        return len(made)

    def _open(self, connection: Connection, step: Step) -> Case:
        case = opened_case(step)
        # The chain's head is locked by this: of two proposals the second finds the first.
        extend(connection, case_steps, [_step_row(step)], WRITER)
        open_one = sa.select(cases.c.case_id).where(
            cases.c.consignment_id == case.consignment_id,
            cases.c.stage == case.stage,
            cases.c.state != "closed",
        )
        existing = connection.execute(open_one).scalar()
        if existing is not None:
            raise CaseExistsError(existing)
        connection.execute(cases.insert(), _row(case))
        _show_in_worklist(connection, case)
        return case

    def _locked(self, connection: Connection, case_id: str) -> Case:
        query = sa.select(cases).where(cases.c.case_id == case_id).with_for_update()
        row = connection.execute(query).mappings().first()
        if row is None:
            raise LedgerError(f"there is no case {case_id[:40]!r}", "see the queue")
        return _case(row)

    def _advance(self, connection: Connection, case: Case, step: Step) -> Case:
        after = advanced(case, step)
        extend(connection, case_steps, [_step_row(step)], WRITER)
        change = cases.update().where(cases.c.case_id == case.case_id)
        connection.execute(change, _row(after))
        _show_in_worklist(connection, after)
        row = inspection_row(after, _steps(connection, case.case_id))
        if row is not None:
            events.append(connection, "inspections", events.prepare("inspections", [row]), WRITER)
        return after

    def _listed(
        self, user: Actor, *conditions: "sa.ColumnElement[bool]", order: "sa.Column[Any]"
    ) -> list[Case]:
        scope = within(cases.c.office, user.office)
        query = sa.select(cases).where(scope, *conditions).order_by(order).limit(MOST_LISTED)
        with self._ledger.reading() as connection:
            return [_case(row) for row in connection.execute(query).mappings()]


def within(column: "sa.Column[Any]", office: str | None) -> "sa.ColumnElement[bool]":
    """Return the condition that an office lies in a scope (`riskml.cases.workflow.covers`)."""
    if office is None:
        return sa.true()
    below = f"{office}/"
    return sa.or_(column == office, sa.func.substr(column, 1, len(below)) == below)


def _subject(record: ScoreRecord) -> dict[str, Any]:
    """Return what a case keeps of the score it was opened for."""
    numbers = {
        "bill_no": record.bill_no,
        "container_no": record.container_no,
        "declaration_id": record.declaration_id,
    }
    return {
        "score_id": record.score_id,
        "stage": record.stage,
        "consignment_id": consignment_id_of(numbers),
        **numbers,
        "office": record.office,
        "probability": record.probability,
    }


_MOMENTS = ("proposed_at", "updated_at", "suspicious_at")


def _row(case: Case) -> dict[str, Any]:
    row = {name: getattr(case, name) for name in Case.names()}
    for name in _MOMENTS:
        row[name] = None if row[name] is None else to_micros(row[name], name)
    return row


def _case(row: RowMapping) -> Case:
    values = {name: row[name] for name in Case.names()}
    for name in _MOMENTS:
        values[name] = None if values[name] is None else from_micros(values[name])
    return Case(**values)


def _first(connection: Connection, *conditions: "sa.ColumnElement[bool]") -> Case | None:
    query = sa.select(cases).where(*conditions).order_by(cases.c.case_id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else _case(row)


def _step_row(step: Step) -> dict[str, Any]:
    return {
        "case_id": step.case_id,
        "number": step.number,
        "action": step.action,
        "state": step.state,
        "who": step.who,
        "role": step.role,
        "why": step.why,
        "at": to_micros(step.at, "clock"),
        "details": canonical_json(dict(step.details)),
    }


def _steps(connection: Connection, case_id: str) -> list[Step]:
    query = sa.select(case_steps).where(case_steps.c.case_id == case_id)
    rows = connection.execute(query.order_by(case_steps.c.number)).mappings()
    return [_step(row) for row in rows]


def _step(row: RowMapping) -> Step:
    return Step(
        row["case_id"],
        row["number"],
        row["action"],
        row["state"],
        row["who"],
        row["role"],
        row["why"],
        from_micros(row["at"]),
        json.loads(row["details"]),
    )


def _replayed(connection: Connection) -> Iterator[Case]:
    query = sa.select(case_steps).order_by(case_steps.c.case_id, case_steps.c.number)
    case: Case | None = None
    for step in map(_step, connection.execute(query).mappings()):
        if case is not None and case.case_id != step.case_id:
            yield case
            case = None
        case = opened_case(step) if case is None else advanced(case, step)
    if case is not None:
        yield case


def _show_in_worklist(connection: Connection, case: Case) -> None:
    change = worklist.update().where(
        worklist.c.consignment_id == case.consignment_id, worklist.c.stage == case.stage
    )
    shown = {"case_id": case.case_id, "state": case.state, "channel": case.channel}
    connection.execute(change, shown)
