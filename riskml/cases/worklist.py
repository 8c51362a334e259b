"""The queue's table: the newest score of each consignment and stage, paged in the database."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from riskml.cases.book import within
from riskml.cases.projection import folded, projected
from riskml.cases.workflow import Actor
from riskml.errors import RiskmlError
from riskml.ledger import Ledger
from riskml.ledger.canonical import from_micros
from riskml.ledger.chain import insert_ignoring
from riskml.ledger.tables import cases, heads, score_numbers, scores, worklist, worklist_progress

__all__ = ["WorkPage", "WorkQuery", "WorkQueryError", "WorkRow", "Worklist"]

CHUNK = 500
"""Scores brought in by one transaction: scoring waits for it no longer than for itself."""
LONGEST_TEXT = 100
Sort = Literal["probability", "revenue", "age"]


class WorkQueryError(RiskmlError):
    """The queue was asked something it cannot answer."""


@dataclass(frozen=True, slots=True)
class WorkQuery:
    """What of the queue is asked for.

    Attributes
    ----------
    day : tuple of date or None
        First and last local day of the decision, both inclusive.
    office, mode, stage, channel, state : str or None
        ``state`` may be ``none``: no case.
    text : str or None
        Words that all occur in numbers, names, goods or code; accents and case do not matter.
    sort : {"probability", "revenue", "age"}
    descending : bool
        By age, the oldest first.
    page, size : int
        From 1; rows a page.
    """

    day: tuple[date, date] | None = None
    office: str | None = None
    mode: str | None = None
    stage: str | None = None
    channel: str | None = None
    state: str | None = None
    text: str | None = None
    sort: str = "probability"
    descending: bool = True
    page: int = 1
    size: int = 50


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One consignment of the queue."""

    consignment_id: str
    stage: str
    score_id: str
    office: str | None
    mode: str | None
    bill_no: str | None
    container_no: str | None
    declaration_id: str | None
    decision_time: datetime
    probability: float
    revenue_at_stake: float | None
    party_name: str | None
    goods: str | None
    commodity_code: str | None
    origin_country: str | None
    degraded: bool
    channel: str | None
    state: str | None
    case_id: str | None


@dataclass(frozen=True, slots=True)
class WorkPage:
    """A page of the queue: its rows, and how many there are in all."""

    rows: tuple[WorkRow, ...]
    total: int
    page: int
    pages: int


class Worklist:
    """The queue of a ledger.

    Parameters
    ----------
    ledger : Ledger
    timezone : ZoneInfo
        Of the business day.
    """

    def __init__(self, ledger: Ledger, *, timezone: ZoneInfo) -> None:
        self._ledger = ledger
        self._zone = timezone

    def catch_up(self, limit: int = 1_000_000) -> int:
        """Bring in the scores that are not in the queue yet; return how many there were.

        Each writer's chain is followed by position, so nothing is missed however many write.
        Several processes may do this at once.
        """
        done = 0
        with self._ledger.reading() as connection:
            behind = _writers_behind(connection)
        for writer in behind:
            while done < limit:
                brought, more = self._bring_in(writer)
                done += brought
                if not more:
                    break
        return done

    def page(self, user: Actor, query: WorkQuery) -> WorkPage:
        """Return a page of what somebody may see.

        Raises
        ------
        WorkQueryError
            If the text is too long.
        """
        conditions = self._conditions(user, query)
        with self._ledger.reading() as connection:
            count = sa.select(sa.func.count()).select_from(worklist).where(*conditions)
            total = int(connection.execute(count).scalar() or 0)
            pages = max(1, math.ceil(total / query.size))
            number = min(max(1, query.page), pages)
            rows = connection.execute(_paged(conditions, query, number)).mappings().all()
        return WorkPage(tuple(_work_row(row) for row in rows), total, number, pages)

    def offices(self, user: Actor) -> list[str]:
        """Return the offices in somebody's scope that have consignments, by name."""
        office = worklist.c.office
        query = sa.select(office).where(within(office, user.office), office.is_not(None))
        with self._ledger.reading() as connection:
            return list(connection.execute(query.distinct().order_by(office)).scalars())

    def _bring_in(self, writer: str) -> tuple[int, bool]:
        """Bring in a chunk of a writer's scores; return how many, and whether to go on.

        What takes time is done before the write lock is taken.
        """
        with self._ledger.reading() as connection:
            position = _progress(connection, writer)
            found = connection.execute(_scores_behind(writer, position)).mappings().all()
            shown = [projected(connection, row, self._zone) for row in found]
        if not found:
            return 0, False
        newest: dict[tuple[str, str], dict[str, Any]] = {}
        for row in shown:
            key = (row["consignment_id"], row["stage"])
            if key not in newest or _age(newest[key]) < _age(row):
                newest[key] = row
        with self._ledger.writing() as connection:
            if not _advance(connection, writer, position, found[-1]["position"]):
                return 0, True  # another process was quicker; look again
            _index_numbers(connection, shown)
            _store(connection, newest)
        return len(found), len(found) == CHUNK

    def _conditions(self, user: Actor, query: WorkQuery) -> list["sa.ColumnElement[bool]"]:
        table = worklist.c
        found: list[sa.ColumnElement[bool]] = [within(table.office, user.office)]
        if query.day is not None:
            first, last = query.day
            found += [table.day >= first.isoformat(), table.day <= last.isoformat()]
        if query.office is not None:
            found.append(within(table.office, query.office))
        for column, value in ((table.mode, query.mode), (table.stage, query.stage),
                              (table.channel, query.channel)):  # fmt: skip
            if value is not None:
                found.append(column == value)
        if query.state is not None:
            none = query.state == "none"
            found.append(table.state.is_(None) if none else table.state == query.state)
        return found + [table.search.contains(w, autoescape=True) for w in _words(query.text)]


def _words(text: str | None) -> list[str]:
    given = (text or "").strip()
    if len(given) > LONGEST_TEXT:
        raise WorkQueryError("the search is too long", f"at most {LONGEST_TEXT} characters")
    return folded(given).split()


def _paged(
    conditions: list["sa.ColumnElement[bool]"], query: WorkQuery, number: int
) -> "sa.Select[Any]":
    columns = {
        "probability": worklist.c.probability,
        "revenue": worklist.c.revenue_at_stake,
        "age": worklist.c.decision_time,
    }
    column = columns.get(query.sort, worklist.c.probability)
    # The oldest first is what "by age, descending" means: the smallest decision time.
    down = query.descending != (query.sort == "age")
    order = column.desc().nulls_last() if down else column.asc().nulls_last()
    wanted = sa.select(worklist).where(*conditions).order_by(order, worklist.c.score_id)
    return wanted.limit(query.size).offset((number - 1) * query.size)


def _work_row(row: RowMapping) -> WorkRow:
    values = {name: row[name] for name in WorkRow.__slots__}
    return WorkRow(**{**values, "decision_time": from_micros(row["decision_time"])})


def _writers_behind(connection: Connection) -> list[str]:
    position = worklist_progress.c.position
    query = (
        sa.select(heads.c.writer)
        .join(worklist_progress, worklist_progress.c.writer == heads.c.writer, isouter=True)
        .where(heads.c.chain == scores.name, heads.c.position > sa.func.coalesce(position, 0))
        .order_by(heads.c.writer)
    )
    return list(connection.execute(query).scalars())


def _progress(connection: Connection, writer: str) -> int:
    """Return how far a writer is brought in."""
    query = sa.select(worklist_progress.c.position).where(worklist_progress.c.writer == writer)
    return int(connection.execute(query).scalar() or 0)


def _advance(connection: Connection, writer: str, position: int, end: int) -> bool:
    """Move a writer's mark, unless another process has; the row is held until the end."""
    start = {"writer": writer, "position": 0}
    connection.execute(insert_ignoring(connection, worklist_progress), start)
    change = worklist_progress.update().where(
        worklist_progress.c.writer == writer, worklist_progress.c.position == position
    )
    return connection.execute(change, {"position": end}).rowcount == 1


def _scores_behind(writer: str, position: int) -> "sa.Select[Any]":
    columns = [column for column in scores.c if column.name not in _HEAVY]
    return (
        sa.select(*columns)
        .where(scores.c.writer == writer, scores.c.position > position)
        .order_by(scores.c.position)
        .limit(CHUNK)
    )


_HEAVY = ("features", "contributions", "reasons")
"""Columns that the queue does not show."""


def _age(row: Mapping[str, Any]) -> tuple[int, str]:
    """Return what decides which of two scores of a consignment stands."""
    return row["decision_time"], row["score_id"]


def _index_numbers(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Note the numbers by which scores are searched."""
    numbers = [
        {"number": row[name], "score_id": row["score_id"]}
        for row in rows
        for name in ("bill_no", "container_no", "declaration_id")
        if row[name] is not None
    ]
    if numbers:
        connection.execute(insert_ignoring(connection, score_numbers), numbers)


def _store(connection: Connection, newest: Mapping[tuple[str, str], dict[str, Any]]) -> None:
    """Insert consignments that are new to the queue, and renew those with a later score."""
    consignments = sorted({consignment for consignment, _ in newest})
    shown = sa.select(
        worklist.c.consignment_id, worklist.c.stage, worklist.c.decision_time, worklist.c.score_id
    ).where(worklist.c.consignment_id.in_(consignments))
    known = {
        (row.consignment_id, row.stage): (row.decision_time, row.score_id)
        for row in connection.execute(shown)
    }
    of_case = _cases_of(connection, consignments)
    none = {"case_id": None, "state": None, "channel": None}
    fresh = [{**row, **of_case.get(key, none)} for key, row in newest.items() if key not in known]
    later = [row for key, row in newest.items() if key in known and known[key] < _age(row)]
    if fresh:
        connection.execute(worklist.insert(), fresh)
    if later:
        change = worklist.update().where(
            worklist.c.consignment_id == sa.bindparam("of_consignment"),
            worklist.c.stage == sa.bindparam("of_stage"),
        )
        renewed = [
            {**row, "of_consignment": row["consignment_id"], "of_stage": row["stage"]}
            for row in later
        ]
        connection.execute(change, renewed)


def _cases_of(
    connection: Connection, consignments: list[str]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the newest case of each consignment and stage."""
    query = (
        sa.select(
            cases.c.consignment_id, cases.c.stage, cases.c.case_id, cases.c.state, cases.c.channel
        )
        .where(cases.c.consignment_id.in_(consignments))
        .order_by(cases.c.case_id)
    )
    found = {}
    for row in connection.execute(query).mappings():
        shown = {name: row[name] for name in ("case_id", "state", "channel")}
        found[row["consignment_id"], row["stage"]] = shown
    return found
