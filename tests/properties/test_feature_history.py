"""Features against the definition, and the live history against the batch."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.config import STAGES
from riskml.datasets import Tables
from riskml.datasets.consignments import roll_up, with_manifests
from riskml.datasets.plain import plain_row
from riskml.features.catalogue import extra_columns, feature_set
from riskml.features.compute import compute_features
from riskml.features.online import Item, OnlineFeatures
from tests.oracles.parties import count_known_hits
from tests.support.small_world import small_world

PARTY = {"pre_arrival": "consignee_id", "declaration": "importer_id"}
NAMES = ("manifests", "declarations", "inspections")


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_counts_are_those_of_the_definition(stage, seed):
    tables = small_world(seed, bills=25)
    frame = compute_features(tables, stage, feature_set(stage))
    rollup = roll_up(tables, stage)
    party = PARTY[stage]
    values = rollup.lines[party].iloc[np.flatnonzero(np.diff(rollup.owner, prepend=-1))]
    for row, value in zip(frame.to_dict("records"), values, strict=True):
        for days in (30, 90, 365):
            answer = [row[f"{party}__{kind}__{days}d"] for kind in ("count", "known", "hits")]
            if pd.isna(value):
                assert np.isnan(answer).all()
                continue
            consignment = {**row, party: value}
            assert answer == list(count_known_hits(tables, stage, party, consignment, days))


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
@settings(max_examples=2, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_live_features_have_the_bits_of_the_batch(stage, seed, order):
    tables = small_world(seed, bills=20)
    features = feature_set(stage, extra_columns(tables, stage))
    frame = compute_features(tables, stage, features)
    online = OnlineFeatures({stage: features})
    for name, rows in _shuffled_batches(tables, order):
        # A frame or plain rows: what they say is the same.
        online.append(name, rows if order.random() < 0.5 else _plain_rows(name, rows))
        if order.random() < 0.2:  # repeated events change nothing
            online.append(name, rows)
    answers = online.features(stage, _items(tables, stage))
    for feature in features.features:
        _same(answers[feature.name], frame[feature.name], feature.name)


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_history_put_back_has_the_bits_of_the_batch(stage):
    tables = small_world(5, bills=20)
    features = feature_set(stage, extra_columns(tables, stage))
    frame = compute_features(tables, stage, features)
    first = {name: getattr(tables, name).iloc[:30] for name in NAMES}
    online = OnlineFeatures({stage: features}, Tables(**first))
    with online.still() as state:
        restored = OnlineFeatures.restored({stage: features}, state)
    for name in NAMES:
        rows = getattr(tables, name)
        if stage == "declaration" and name == "declarations":
            # Prepared and never applied: it must leave no trace.
            restored.prepare(name, rows.iloc[40:50])
        restored.append(name, rows)
    answers = restored.features(stage, _items(tables, stage))
    for feature in features.features:
        _same(answers[feature.name], frame[feature.name], feature.name)


def _shuffled_batches(tables: Tables, order):
    """Cut all tables into batches of one to nine rows, in any order."""
    batches = []
    for name in NAMES:
        rows = getattr(tables, name).sample(frac=1, random_state=order.randrange(1000))
        start = 0
        while start < len(rows):
            size = order.randint(1, 9)
            batches.append((name, rows.iloc[start : start + size].reset_index(drop=True)))
            start += size
    order.shuffle(batches)
    return batches


def _plain_rows(table: str, rows: pd.DataFrame) -> list[dict]:
    """Return rows as the event log keeps them."""
    found = []
    for row in rows.to_dict("records"):
        known = {k: v for k, v in row.items() if not pd.isna(v) and v is not False}
        times = {k: v.isoformat() for k, v in known.items() if isinstance(v, pd.Timestamp)}
        found.append(plain_row(table, {**known, **times}))
    return found


def _items(tables: Tables, stage: str) -> list[Item]:
    rollup = with_manifests(roll_up(tables, stage), tables)
    manifests = rollup.manifests
    items = []
    for row, head in rollup.consignments.iterrows():
        lines = [_row(line) for _, line in rollup.lines[rollup.owner == row].iterrows()]
        when = head["decision_time"].to_pydatetime()
        if stage == "pre_arrival":
            items.append(Item(lines[0], [], when))
        else:
            ship = None if manifests is None else _row(manifests.iloc[row])
            items.append(Item(ship, lines, when))
    return items


def _row(series: pd.Series) -> dict:
    values = {str(k): None if pd.isna(v) else v for k, v in series.items()}
    return {k: v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for k, v in values.items()}


def _same(live: np.ndarray, batch: pd.Series, name: str) -> None:
    if live.dtype == np.float64:
        left = live.view(np.int64)
        right = batch.to_numpy().view(np.int64)
        assert (np.isnan(live) == batch.isna().to_numpy()).all(), name
        known = ~np.isnan(live)
        assert (left[known] == right[known]).all(), name
    else:
        assert list(live) == [None if pd.isna(v) else v for v in batch], name
