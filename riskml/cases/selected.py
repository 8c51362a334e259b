"""The day's list taken into the ledger: what was decided, and a case for each that was picked."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

from riskml.cases.book import CaseBook, CaseExistsError
from riskml.cases.dashboard import SELECTION_RECORD
from riskml.cases.worklist import Worklist
from riskml.ledger import Ledger
from riskml.ledger.canonical import canonical_json
from riskml.ledger.tables import worklist

__all__ = ["Recorded", "record_selection"]

WRITER = "selection"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a selection.

    Attributes
    ----------
    new : bool
        False if this selection stands in the ledger already.
    opened : int
        Cases opened.
    unscored : tuple of str
        Consignments that the ledger holds no score of; they have no case.
    busy : tuple of str
        Consignments that had an open case already.
    """

    new: bool
    opened: int = 0
    unscored: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()


def record_selection(
    ledger: Ledger, picks: pd.DataFrame, audit: Mapping[str, Any], zone: ZoneInfo
) -> Recorded:
    """Write a selection into the ledger, and open a case for each pick that was scored there.

    Doing it again with the same selection changes nothing but what was left undone.

    Parameters
    ----------
    picks : DataFrame
        `riskml.selection.PICK_COLUMNS`.
    audit : mapping
        What the audit file says: seed, digests of the inputs, strata with their capacities.
    zone : ZoneInfo
        Of the business day.
    """
    digest = hashlib.sha256(canonical_json(dict(audit)).encode()).hexdigest()
    known = {record.payload.get("digest") for record in ledger.records(SELECTION_RECORD)}
    if digest not in known:
        ledger.append_record(SELECTION_RECORD, {**audit, "digest": digest}, WRITER)
    Worklist(ledger, timezone=zone).catch_up()
    book = CaseBook(ledger)
    opened, unscored, busy = 0, [], []
    for pick in picks.to_dict("records"):
        score_id = _score_of(ledger, str(pick["consignment_id"]), str(pick["stage"]))
        record = None if score_id is None else ledger.score(score_id)
        if record is None:
            unscored.append(str(pick["consignment_id"]))
            continue
        earlier = book.case_of(record)
        why = f"selected by seed {audit.get('seed')}, rank {pick['rank']}, {digest[:12]}"
        if earlier is not None and book.timeline(earlier.case_id)[0].why == why:
            continue
        try:
            book.open_selected(record, str(pick["channel"]), _propensity(pick["propensity"]), why)
            opened += 1
        except CaseExistsError:
            busy.append(str(pick["consignment_id"]))
    return Recorded(digest not in known, opened, tuple(unscored), tuple(busy))


def _propensity(given: Any) -> float | None:
    return None if pd.isna(given) else float(given)


def _score_of(ledger: Ledger, consignment_id: str, stage: str) -> str | None:
    query = sa.select(worklist.c.score_id).where(
        worklist.c.consignment_id == consignment_id, worklist.c.stage == stage
    )
    with ledger.reading() as connection:
        return connection.execute(query).scalar()
