"""The real server: scores, explanations, and online features equal to offline ones."""

import json

import numpy as np
import pandas as pd
import pytest

from riskml.scoring.batch import feature_arrays
from tests.support.service_world import items_of

pytestmark = pytest.mark.integration


def _sample(rollup, count: int) -> np.ndarray:
    """Choose consignments over the whole time; an item carries one manifest row, not several."""
    possible = np.arange(len(rollup))
    if rollup.stage == "pre_arrival":
        possible = possible[np.bincount(rollup.owner) == 1]
    positions = possible[np.unique(np.linspace(0, len(possible) - 1, count).astype(int))]
    assert len(positions) == count
    return positions


@pytest.mark.parametrize("stage", ["pre_arrival", "declaration"])
def test_online_features_equal_offline_ones_bit_for_bit(service, stage: str) -> None:
    rollup = service.world.rollup(stage)
    positions = _sample(rollup, 500)
    results = service.score(items_of(rollup, positions))
    bundle = service.world.bundles[stage]
    frame = service.world.frame(stage).iloc[positions].reset_index(drop=True)
    offline = bundle.encode(feature_arrays(bundle, frame))
    with service.ledger() as ledger:
        records = [ledger.score(result["score_id"]) for result in results]
    online = np.array([np.frombuffer(record.features, "<f8") for record in records])
    differing = [
        name
        for column, name in enumerate(bundle.feature_set.names)
        if not np.array_equal(online[:, column], offline[:, column], equal_nan=True)
    ]
    assert differing == []
    # Not merely equal but the same bits, the sign of zero included.
    assert online.tobytes() == np.ascontiguousarray(offline).tobytes()
    raw = bundle.raw_scores(offline)
    assert [result["raw_score"] for result in results] == raw.tolist()
    assert [result["probability"] for result in results] == bundle.probabilities(raw).tolist()
    assert np.isfinite(online).any(axis=0).mean() > 0.9  # history was really looked up


def test_one_item_is_explained_and_recorded_before_it_is_answered(service) -> None:
    rollup = service.world.rollup("declaration")
    (result,) = service.score(items_of(rollup, [17]))
    assert 0 < result["probability"] < 1
    assert result["degraded"] is False
    assert result["model"]["digest"] == service.world.bundles["declaration"].manifest.model_digest
    assert result["reasons"]
    for reason in result["reasons"]:
        assert reason["code"].startswith("R-")
        assert reason["text_en"]
        assert reason["text_vi"]
        assert reason["contribution"] != 0
        assert reason["features"]
    with service.ledger() as ledger:
        record = ledger.score(result["score_id"])
    assert record is not None
    assert record.probability == result["probability"]
    assert record.raw_score == result["raw_score"]
    assert record.history_watermark > 0
    assert record.bill_no == rollup.consignments["bill_no"].iloc[17]


def test_the_full_explanation_adds_up(service) -> None:
    rollup = service.world.rollup("pre_arrival")
    results = service.score(items_of(rollup, range(20)))
    with service.client("analyst") as client:
        answers = [client.get(f"/v1/scores/{r['score_id']}").json() for r in results]
    bundle = service.world.bundles["pre_arrival"]
    for result, full in zip(results, answers, strict=True):
        numbers = full["numbers"]
        total = numbers["base_value"] + numbers["sum_of_contributions"]
        assert abs(total - numbers["raw_score"]) < 1e-6
        assert numbers["raw_score"] == result["raw_score"]
        assert numbers["probability"] == result["probability"]
        assert [f["feature"] for f in full["features"]] == list(bundle.feature_set.names)
        contributions = sum(f["contribution"] for f in full["features"])
        assert contributions == pytest.approx(numbers["sum_of_contributions"], abs=1e-9)
        assert full["reasons"] == result["reasons"]
        assert full["history_watermark"] > 0
        assert full["decision_time"] == result["decision_time"]
    shown = {f["feature"]: f["value"] for f in answers[3]["features"]}
    own = service.world.frame("pre_arrival").iloc[3]
    for name in bundle.feature_set.categories:
        assert shown[name] == (None if pd.isna(own[name]) else own[name])
    with service.ledger() as ledger:
        looked = ledger.records("explanation_access")
    assert {r["score_id"] for r in results} <= {record.payload["score_id"] for record in looked}


def test_a_thousand_items_are_answered_in_order(service) -> None:
    rollup = service.world.rollup("pre_arrival")
    positions = [number % len(rollup) for number in range(1000)]
    results = service.score(items_of(rollup, positions))
    bills = rollup.consignments["bill_no"].iloc[positions].tolist()
    assert [result["bill_no"] for result in results] == bills
    assert len({result["score_id"] for result in results}) == 1000
    with service.client() as client:
        body = {"consignments": items_of(rollup, [0]) * 1001}
        answer = client.post("/v1/score", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "too_many_items"


def test_one_bad_item_spoils_no_other(service) -> None:
    rollup = service.world.rollup("pre_arrival")
    items = items_of(rollup, range(6))
    items[1]["manifest"]["gross_mass"] = 1
    items[2]["decision_time"] = "2999-01-01T00:00:00Z"
    items[3]["decision_time"] = "2022-01-01T00:00:00"
    items[4] = {"stage": "customs"}
    results = service.score([*items, "no item", {"stage": "declaration"}])
    assert "score_id" in results[0]
    assert "score_id" in results[5]
    found = [(r["error"]["code"], r["error"]["field"]) for r in results if "error" in r]
    assert found == [
        ("unknown_field", "manifest.gross_mass"),
        ("future_decision_time", "decision_time"),
        ("invalid_value", "decision_time"),
        ("invalid_value", "stage"),
        ("invalid_value", None),
        ("missing_field", "declaration_lines"),
    ]
    assert "gross_mass_kg" in results[1]["error"]["remedy"]
    alone = service.score([items[0]])[0]
    assert alone["probability"] == results[0]["probability"]


def test_a_consignment_known_from_events_is_scored_by_its_keys(service) -> None:
    for stage in ("pre_arrival", "declaration"):
        rollup = service.world.rollup(stage)
        late = np.flatnonzero((rollup.consignments["container_no"].notna()).to_numpy())[-3:]
        inline = items_of(rollup, late)
        heads = rollup.consignments.iloc[late]
        keyed = [
            {"stage": stage, "bill_no": h.bill_no, "container_no": h.container_no,
             "decision_time": "2022-07-01T00:00:00Z"}
            for h in heads.itertuples()
        ]  # fmt: skip
        for item in inline:
            item["decision_time"] = "2022-07-01T00:00:00Z"
        for one, other in zip(service.score(inline), service.score(keyed), strict=True):
            assert other["bill_no"] == one["bill_no"]
            assert other["container_no"] == one["container_no"]
            assert "error" not in other
    (unknown,) = service.score([{"stage": "declaration", "declaration_id": "never sent"}])
    assert unknown["error"]["code"] == "unknown_consignment"


def test_scoring_adds_nothing_to_history(service) -> None:
    items = items_of(service.world.rollup("declaration"), [5])
    for item in items:
        item["decision_time"] = "2022-08-01T00:00:00Z"
    first = service.score(items)[0]
    again = service.score(items)[0]
    assert first["raw_score"] == again["raw_score"]
    assert json.dumps(first["reasons"]) == json.dumps(again["reasons"])
    assert first["score_id"] != again["score_id"]


def test_the_decision_time_defaults_to_receipt(service) -> None:
    before = pd.Timestamp.now("UTC")
    (result,) = service.score(items_of(service.world.rollup("pre_arrival"), [2], timed=False))
    assert before <= pd.Timestamp(result["decision_time"]) <= pd.Timestamp.now("UTC")


@pytest.mark.parametrize("stage", ["pre_arrival", "declaration"])
def test_an_item_has_the_same_bits_alone_and_among_others(service, stage: str) -> None:
    rollup = service.world.rollup(stage)
    items = items_of(rollup, _sample(rollup, 30))
    together = service.score(items)
    alone = [service.score([item])[0] for item in items]
    with service.ledger() as ledger:
        for one, other in zip(together, alone, strict=True):
            first, second = (ledger.score(r["score_id"]) for r in (one, other))
            assert first.features == second.features
            assert first.contributions == second.contributions
            assert one["raw_score"] == other["raw_score"]
