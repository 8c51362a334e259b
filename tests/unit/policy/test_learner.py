"""The model of a rehearsal: the prior before any label, and what is learned beside it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskml.config import STAGES
from riskml.features.catalogue import feature_set
from riskml.features.featureset import Feature, FeatureSet
from riskml.policy.knowledge import PASSED_BY, Earned, Examples
from riskml.policy.learner import Learner, fit
from riskml.policy.prior import (
    CONTRADICTIONS,
    NAMES_OF_ONE,
    OPEN,
    SMALLEST,
    UPWARD,
    Tails,
    ways,
    weigh,
)
from riskml.training.definition import load_stage_definition


def feature(name: str, sign: int = 0) -> Feature:
    return Feature(name, "number", "test", name, name, sign=sign)


FEATURES = FeatureSet(
    "test", 1, "declaration", (feature("noise"), feature("a__hit_rate", 1), feature("b__age", -1))
)


@pytest.fixture(scope="module")
def learner() -> Learner:
    return Learner(load_stage_definition("declaration"), boosters=2, rounds=30, least=100)


def drawn(size: int, violations: int, seed: int = 0) -> Examples:
    """Return examples whose violations hide in ``noise``, a fifth of them presumed honest."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(size, 3)).astype(np.float32)
    presumed = np.arange(size) % 5 == 0
    y = np.zeros(size)
    inspected = np.flatnonzero(~presumed)
    y[inspected[np.argsort(-X[inspected, 0])[:violations]]] = 1
    stands_for = np.where(presumed, 20.0, 1.0)
    return Examples(X, y, y * 100, np.zeros(size), y.copy(), stands_for, presumed)


def test_directions_in_which_risk_may_rise_are_found() -> None:
    names = ("gross_mass_log_ratio", "a_group__distinct_b__730d", "duty_rate_max", "whatever")
    both = FeatureSet("t", 1, "declaration", (*FEATURES.features, *map(feature, names)))
    found = [(way.place, way.direction, way.expected) for way in ways(both)]
    signed = [(1, 1, True), (2, -1, True)]
    contradiction = [(3, 1, True), (3, -1, True)]
    names_of_one, unknown = [(4, 1, True), (4, -1, False)], [(5, 1, False), (5, -1, False)]
    assert found == [*signed, *contradiction, *names_of_one, *unknown]


def test_every_named_direction_is_a_feature_of_the_catalogue() -> None:
    names = {stage: feature_set(stage).names for stage in STAGES}
    assert {*OPEN, *CONTRADICTIONS} <= {*names["declaration"], *names["pre_arrival"]}
    for stage, own in names.items():
        assert any(name.endswith(UPWARD) for name in own), stage
        assert any(NAMES_OF_ONE in name for name in own), stage


def test_columns_are_the_logarithms_of_the_tails() -> None:
    ordinary = np.array([[0, v, v] for v in range(10)], dtype=np.float32)
    tails = Tails.of(ordinary, ways(FEATURES))
    asked = np.array([[0, 99, -99], [0, -1, 99], [0, np.nan, np.nan], [0, 4, 4]], np.float32)
    # Four of ten lie below 4 and one ties, whichever way; a missing value lies in the middle.
    ranks = np.array([[1, 1], [0, 0], [0.5, 0.5], [0.45, 0.55]])
    expected = -np.log(1 + SMALLEST - ranks)
    np.testing.assert_allclose(tails.columns(asked), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(tails.columns(asked, np.array([1])), expected[:, 1:])


def test_features_of_one_key_count_once() -> None:
    twice = FeatureSet("t", 1, "declaration", (feature("a__x", 1), feature("a__y", 1)))
    column = np.arange(20, dtype=np.float32)[:, None]
    one = Tails.of(column, [replace(ways(twice)[0], share=1.0)]).columns(column)
    two = Tails.of(np.hstack([column, column]), ways(twice)).columns(np.hstack([column, column]))
    np.testing.assert_allclose(one.sum(axis=1), two.sum(axis=1))


def test_violations_overrule_what_was_expected_the_more_the_more_there_are() -> None:
    """Risk lies where ``b__age`` is low, and not at all where ``a__hit_rate`` is high."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(4000, 3)).astype(np.float32)
    tails = Tails.of(X, ways(FEATURES))
    chance = 1 / (1 + np.exp(5 - 1.5 * tails.columns(X)[:, 1]))
    y = (rng.random(len(X)) < chance).astype(float)
    told = [
        weigh(tails, X, y, weight * np.ones(len(X)), 0.2, 0.3).weights for weight in (0.05, 1.0)
    ]
    assert 0.2 > told[0][0] > told[1][0] >= 0
    assert 0.2 < told[0][1] < told[1][1] < 1.7
    held = weigh(tails, X, y, np.ones(len(X)), 0.2, 0.0)
    np.testing.assert_array_equal(held.weights, [0.2, 0.2])
    np.testing.assert_allclose(held.scores(X), 0.2 * tails.columns(X).sum(axis=1))
    nobody = weigh(tails, X, np.zeros(len(X)), np.ones(len(X)), 0.2, 0.3)
    np.testing.assert_array_equal(nobody.weights, [0.2, 0.2])


def test_without_a_violation_the_prior_is_the_model(learner: Learner) -> None:
    examples = drawn(500, 0)
    model = fit(examples, FEATURES, learner, 1)
    assert model is not None
    prior = Tails.of(examples.X[examples.presumed], ways(FEATURES)).columns(examples.X)
    np.testing.assert_allclose(model.score(examples.X), learner.prior * prior.sum(axis=1))
    assert fit(examples, FEATURES, replace(learner, prior=0.0, trust=0.0), 1) is None


def test_as_many_violations_are_expected_as_are_known(learner: Learner) -> None:
    examples = drawn(4000, 80)
    model = fit(examples, FEATURES, replace(learner, half_life_days=None), 1)
    assert model is not None
    chance = 1 / (1 + np.exp(-model.score(examples.X)))
    assert (chance * examples.stands_for).sum() == pytest.approx(80, rel=0.25)


@pytest.mark.parametrize("suspicion", [0.0, 0.5])
def test_what_the_prior_cannot_know_is_learned(learner: Learner, suspicion: float) -> None:
    examples = drawn(2000, 60)
    few = np.flatnonzero(examples.y == 0)[1::7]
    examples.suspicious[few[~examples.presumed[few]]] = 1
    model = fit(examples, FEATURES, replace(learner, suspicion=suspicion), 1)
    assert model is not None
    later = drawn(1000, 30, seed=1)
    top = np.argsort(-model.score(later.X))[:100]
    assert later.y[top].sum() >= 20, "by chance, and by the prior, three"


def test_presumed_honest_arrivals_count_as_much_as_is_stated(learner: Learner) -> None:
    examples = drawn(600, 40)
    told = [fit(examples, FEATURES, replace(learner, presumed=w), 1) for w in (0.0, 1.0)]
    scores = [model.score(examples.X) for model in told if model is not None]
    assert len(scores) == 2
    assert not np.allclose(*scores)
    # Without them, their labels and features do not matter to the boosters.
    X = np.where(examples.presumed[:, None], np.float32(9), examples.X)
    blind = replace(learner, presumed=0.0, prior=0.0, trust=0.0)
    one, other = (fit(e, FEATURES, blind, 1) for e in (examples, replace(examples, X=X)))
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.score(examples.X), other.score(examples.X))


@pytest.mark.slow
def test_whom_nobody_inspected_is_presumed_honest_whatever_is_true(rehearsal) -> None:
    known = Earned(rehearsal)
    known.pass_by(rehearsal.passed)
    sample = rehearsal.passed[::PASSED_BY]
    assert rehearsal.envelope["violation"].iloc[sample].sum() > 0, "some are not honest"
    found = known.examples(pd.Timestamp(rehearsal.first, tz="UTC"))
    assert found.presumed.all()
    assert found.X.shape[0] == len(sample)
    assert not found.y.any()
    assert not found.suspicious.any()
    assert len(found) == found.violations == 0, "nothing is known of them"
