"""Rows that arrive plain, a few at a time, make the events that whole frames make."""

import random
from collections import Counter

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.config import STAGES
from riskml.datasets import Tables
from riskml.datasets.consignments import roll_up
from riskml.datasets.plain import frame_of
from riskml.features.catalogue import definitions_of, feature_set
from riskml.features.changes import OWN_TABLE
from riskml.features.events import line_events, outcome_events, outcome_keys
from riskml.features.online import OnlineFeatures
from riskml.features.plan import FeaturePlan
from riskml.features.rowwise import columns_needed, line_events_of, new_outcomes, outcomes_of
from riskml.history import Events
from tests.support.rows import at
from tests.support.small_world import small_world

NAMES = ("manifests", "declarations", "inspections")
STATISTICS = {s: FeaturePlan.of(definitions_of(feature_set(s))).statistics for s in STAGES}


def plain_rows(frame: pd.DataFrame) -> list[dict]:
    """Return rows as the event log keeps them: what is known, times in microseconds."""
    return [
        {
            name: value.value // 1000 if isinstance(value, pd.Timestamp) else value
            for name, value in row.items()
            if not pd.isna(value) and value is not False
        }
        for row in frame.to_dict("records")
    ]


def content(events: list[Events]) -> Counter:
    """Return all events as values, whatever their order."""
    return Counter(
        (each.stream, each.only, each.event_id[row], int(each.revision[row]),
         int(each.known_at[row]), each.unit[row],
         *((n, each.keys[n][row]) for n in sorted(each.keys)),
         *((n, repr(float(each.values[n][row]))) for n in sorted(each.values)))
        for each in events for row in range(len(each))
    )  # fmt: skip


def odd_world(seed: int, bills: int) -> Tables:
    """Return a small world whose inspections name bills, containers, or declarations."""
    tables, dice = small_world(seed, bills), random.Random(seed)  # noqa: S311 - no secret
    declared = tables.declarations.drop_duplicates("bill_no").set_index("bill_no")
    looked = []
    for row in tables.inspections.to_dict("records"):
        bill, container = row["bill_no"], row["container_no"]
        kind = dice.choice(["as it is", "container", "declaration", "both", "no scan time"])
        if kind in ("declaration", "both") and bill in declared.index:
            row["declaration_id"] = declared.loc[bill, "declaration_id"]
        if kind == "container" and not pd.isna(container):
            row["bill_no"] = None
        if kind == "declaration" and bill in declared.index:
            row["bill_no"] = row["container_no"] = None
        if kind == "no scan time":
            row["scanned_at"] = pd.NaT
        looked.append(row)
    kinds = tables.inspections.dtypes.to_dict() | {"declaration_id": "str"}
    changed = pd.DataFrame(looked)
    # A column of nothing but missing times has lost its zone.
    for name in [name for name in changed if str(name).endswith("_at")]:
        changed[name] = pd.to_datetime(changed[name], utc=True)
    changed = changed.astype(kinds)
    return Tables(tables.manifests, tables.declarations, changed)


def check_events(stage: str, tables: Tables) -> int:
    rows = {name: plain_rows(tables.require(name)) for name in NAMES}
    statistics = STATISTICS[stage]
    own = OWN_TABLE[stage]
    lines = line_events_of(own, rows[own], statistics)
    assert content([lines]) == content([line_events(own, tables.require(own), statistics)])
    places = outcome_keys(statistics)
    needed = columns_needed(places)
    narrow = {n: [{k: r.get(k) for k in needed[n]} for r in rows[n]] for n in NAMES}
    nothing = outcomes_of(stage, {**narrow, "inspections": []}, places)
    found = new_outcomes(nothing, outcomes_of(stage, narrow, places))
    expected = outcome_events(tables, roll_up(tables, stage), statistics)
    assert content(found) == content(expected)
    return sum(map(len, found))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("seed", [1, 2])
def test_plain_rows_make_the_events_of_frames(stage, seed):
    assert check_events(stage, odd_world(seed, 20)) > 100


@pytest.mark.full
@pytest.mark.parametrize("stage", STAGES)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), bills=st.integers(5, 60))
def test_plain_rows_make_the_events_of_frames_at_length(stage, seed, bills):
    check_events(stage, odd_world(seed, bills))


def batches(tables: Tables, dice: random.Random, size: int) -> list[tuple[str, list[dict]]]:
    """Cut all rows into batches, in any order, a few of them twice."""
    found = []
    for name in NAMES:
        rows = plain_rows(tables.require(name))
        dice.shuffle(rows)
        found += [(name, rows[n : n + size]) for n in range(0, len(rows), size)]
    found += dice.sample(found, len(found) // 5)
    dice.shuffle(found)
    return found


@pytest.mark.slow
def test_a_history_fed_with_plain_rows_is_one_fed_with_frames():
    tables, dice = odd_world(5, 12), random.Random(5)  # noqa: S311 - no secret
    sets = {stage: feature_set(stage) for stage in STAGES}
    plain, framed = OnlineFeatures(sets), OnlineFeatures(sets)
    for name, rows in batches(tables, dice, 6):
        one, other = plain.prepare(name, rows), framed.prepare(name, frame_of(name, rows))
        assert set(one.rebuilt) == set(other.rebuilt)
        for stage in one.events.keys() & other.events.keys():
            assert content(one.events[stage]) == content(other.events[stage])
        plain.apply(one)
        framed.apply(other)
    assert plain.sizes == framed.sizes == {n: len(tables.require(n)) for n in NAMES}
    keys = {"bill_no": "B3", "container_no": None, "declaration_id": None}
    answers = [o.known_features("declaration", keys, at(400)) for o in (plain, framed)]
    for name, column in answers[0].items():
        assert repr(column.tolist()) == repr(answers[1][name].tolist()), name
