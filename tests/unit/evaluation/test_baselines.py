import numpy as np
import pandas as pd
import pytest

from riskml.evaluation.baselines import RULES, Rule, random_scores, rule_profile
from riskml.features import Feature, FeatureSet
from riskml.features.catalogue import feature_set


def make(**columns: list[float]) -> tuple[pd.DataFrame, FeatureSet]:
    features = tuple(Feature(name, "number", "parties", "", "") for name in columns)
    return pd.DataFrame(columns), FeatureSet("test", 1, "declaration", features)


def test_a_rule_counts_once_however_many_features_it_hits() -> None:
    frame, features = make(
        importer_id__first_seen=[1.0, 0.0, np.nan], exporter_id__first_seen=[1.0, 1.0, np.nan]
    )
    profile = rule_profile(frame, features)
    assert profile.scores.tolist() == [2.0, 2.0, 0.0]


def test_a_missing_value_never_fires() -> None:
    frame, features = make(importer_id__days_since_last_hit=[np.nan, 3.0, 400.0])
    assert rule_profile(frame, features).scores.tolist() == [0.0, 4.0, 0.0]


def test_rules_without_a_feature_are_named() -> None:
    frame, features = make(something=[1.0])
    profile = rule_profile(frame, features)
    assert profile.used == ()
    assert set(profile.unused) == {rule.name for rule in RULES}


@pytest.mark.parametrize("stage", ["pre_arrival", "declaration"])
def test_the_profile_knows_the_catalogue_of_each_stage(stage: str) -> None:
    # A renamed feature would silence its rule.
    names = feature_set(stage).names
    silent = {rule.name for rule in RULES if not rule.columns(names)}
    expected = (
        {"the price is among the lowest tenth of its peers"} if stage == "pre_arrival" else set()
    )
    assert silent == expected


def test_a_rule_looks_at_exactly_its_features() -> None:
    rule = Rule("new", 1, ("importer_id",), "first_seen")
    assert rule.columns(["importer_id__first_seen", "importer_id.x__first_seen", "x"]) == [
        "importer_id__first_seen"
    ]


def test_random_scores_say_nothing() -> None:
    assert random_scores(3).tolist() == [0.0, 0.0, 0.0]
