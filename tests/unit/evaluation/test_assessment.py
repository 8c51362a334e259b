import json

import numpy as np
import pytest

from riskml.errors import LabelError
from riskml.evaluation.assessment import Plan, Scored, assess
from tests.oracles.synthetic import World, make_world


def score(world: World) -> Scored:
    seen = world.frame["label"].notna().to_numpy()
    p = world.probability[seen]
    return Scored(world.labelled, world.feature_set, np.log(p / (1 - p)), p)


def test_the_report_is_json_and_sets_the_model_beside_its_baselines() -> None:
    found = assess(score(make_world(3000)), Plan(resamples=30))
    assert json.loads(json.dumps(found)) == found
    model = found["model"]["average_precision"]["value"]
    assert model > found["baselines"]["rules"]["average_precision"]["value"]
    random = found["baselines"]["random"]
    assert random["average_precision"]["value"] == pytest.approx(found["base_rate"])
    assert random["at"]["0.05"]["lift"]["value"] == pytest.approx(1.0)
    assert found["gain_over_rules"]["average_precision"]["value"] > 0
    assert sum(row["rows"] for row in found["per_office"]) == found["rows"]


def test_propensities_give_figures_for_all_arrivals() -> None:
    world = make_world(20_000)
    found = assess(score(world), Plan(resamples=20))
    everyone = found["all_arrivals"]
    assert everyone["status"] == "ok"
    assert everyone["estimated_arrivals"] == pytest.approx(20_000, rel=0.1)
    ratio = everyone["model"]["observed_over_expected"]["value"]
    assert ratio == pytest.approx(1.0, abs=0.15)
    assert found["exploration"]["status"] == "ok"


def test_without_propensities_that_is_said() -> None:
    found = assess(score(make_world(1500, log_propensity=False)), Plan(resamples=10))
    assert found["all_arrivals"]["status"] == "not_applicable"
    assert "no propensity" in found["all_arrivals"]["reason"]


@pytest.mark.parametrize("by", ["consignment", "day", "office"])
def test_the_bootstrap_draws_what_it_is_told(by: str) -> None:
    found = assess(score(make_world(1500)), Plan(by=by, resamples=10))
    assert found["bootstrap"]["by"] == by


def test_no_row_is_an_error() -> None:
    scored = score(make_world(500))
    with pytest.raises(LabelError, match="no labelled row"):
        assess(scored.take(np.zeros(len(scored.frame), dtype=bool)))


def test_parties_are_drawn_whole_where_they_are_named_else_consignments() -> None:
    scored = score(make_world(1500))
    assert assess(scored, Plan(resamples=5))["bootstrap"]["by"] == "consignment"
    party = np.array([None, *(f"P{row % 40}" for row in range(1, len(scored.frame)))], dtype=object)
    named = Scored(
        scored.frame.assign(party=party), scored.feature_set, scored.scores, scored.probabilities
    )
    found = assess(named, Plan(resamples=5))
    assert found["bootstrap"]["by"] == "party"


def test_what_the_data_does_not_tell_apart_is_said() -> None:
    scored = score(make_world(1500))
    found = assess(scored, Plan(resamples=5))
    assert found["burden"]["size"]["status"] == "not_applicable"
    assert found["unseen_party"]["status"] == "not_applicable"
    assert found["per_origin"] == []
    size = np.resize(np.array(["new", "more"], dtype=object), len(scored.frame))
    sized = Scored(
        scored.frame.assign(size=size, origin=size),
        scored.feature_set,
        scored.scores,
        scored.probabilities,
    )
    found = assess(sized, Plan(resamples=5))
    assert {row["group"] for row in found["burden"]["size"]["groups"]} == {"new", "more"}
    assert sum(row["rows"] for row in found["per_origin"]) == found["rows"]
