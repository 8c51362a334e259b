"""The inspections table of a week, and the truth that is written apart."""

import numpy as np
import pyarrow as pa

from riskml.datasets.simulation.inspection import CHANNELS, NO_TIME, Inspections
from riskml.datasets.simulation.parameters_risk import SCHEMES
from riskml.datasets.simulation.rendering import (
    Vocabulary,
    bill_numbers,
    container_texts,
    declaration_numbers,
)
from riskml.datasets.simulation.risk import Outcomes
from riskml.datasets.simulation.text import choice, number_text, reals, scrambled, times
from riskml.datasets.simulation.week import Week
from riskml.datasets.simulation.world import World

__all__ = ["inspection_rows", "truth_rows"]

_ROWS_A_WEEK = 1_000_000
_FINDINGS = ("clear", "suspicious")
_RESULTS = ("no_violation", "violation")


def inspection_rows(
    world: World, words: Vocabulary, week: Week, outcomes: Outcomes, done: Inspections
) -> pa.Table:
    """Return the inspections of a week; a clear, unopened scan is closed without result."""
    bill = week.loads.bill[done.load]
    office = week.bills.office[bill]
    known = week.papers.declared[bill] & (week.papers.lodged_at[bill] < done.selected_at)
    first = np.zeros(len(bill), dtype=np.int64)
    kind = np.where(done.found, outcomes.kind[done.load] - 1, -1)
    result = np.where(done.opened, done.found.astype(np.int64), -1)
    serial = scrambled(week.number * _ROWS_A_WEEK + np.arange(len(done)), 11)
    columns = {
        "inspection_id": number_text("IN", serial, 11),
        "bill_no": bill_numbers(words, week, bill),
        "container_no": container_texts(words, week, done.load),
        "declaration_id": declaration_numbers(week, bill, first, known),
        "office": choice(office, words.offices),
        "scanner_id": number_text("SC", 100 * office + done.scanner, 4),
        "channel": choice(done.channel, CHANNELS),
        "propensity": reals(done.propensity),
        "selected_at": times(done.selected_at),
        "scanned_at": times(done.scanned_at),
        "scan_finding": choice(done.suspicious.astype(np.int64), _FINDINGS),
        "image_uri": number_text("images/IN", serial, 11),
        "reviewed_at": times(done.reviewed_at),
        "opened_at": _times(done.opened_at),
        "result": choice(result, _RESULTS),
        "violation_type": choice(kind, SCHEMES),
        "severity": reals(done.severity, done.opened),
        "revenue_recovered": reals(done.revenue, done.opened),
        "closed_at": _times(done.closed_at),
    }
    return pa.table(columns)


def truth_rows(
    world: World, words: Vocabulary, week: Week, outcomes: Outcomes, keep: np.ndarray
) -> pa.Table:
    """Return what is true of the containers ``keep``."""
    load = np.flatnonzero(keep)
    bill = week.loads.bill[load]
    first = np.zeros(len(load), dtype=np.int64)
    party = world.importers.party(week.bills.importer, week.bills.generation)
    columns = {
        "bill_no": bill_numbers(words, week, bill),
        "container_no": container_texts(words, week, load),
        "declaration_id": declaration_numbers(week, bill, first, week.papers.declared[bill]),
        "office": choice(week.bills.office[bill], words.offices),
        "decision_time": times(week.routes.submitted_at[bill]),
        "probability": reals(outcomes.probability[load]),
        "violation": pa.array(outcomes.violation[load].astype(np.int64)),
        "violation_type": choice(outcomes.kind[load] - 1, SCHEMES),
        "revenue": reals(outcomes.revenue[load]),
        "importer_party": pa.array(party[bill], pa.int64()),
    }
    return pa.table(columns)


def _times(values: np.ndarray) -> pa.TimestampArray:
    return times(np.where(values == NO_TIME, 0, values), values != NO_TIME)
