"""The model of a rehearsal: the prior before any label, and what is learned beside it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskml.features.featureset import Feature, FeatureSet
from riskml.policy.knowledge import PASSED_BY, Earned, Examples
from riskml.policy.learner import Learner, fit
from riskml.policy.prior import SMALLEST, Tails, signed
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


def test_features_of_which_the_way_of_risk_is_stated_are_found() -> None:
    assert signed(FEATURES) == ((1, 1, "a"), (2, -1, "b"))


def test_the_prior_adds_up_the_logarithms_of_the_tails() -> None:
    ordinary = np.array([[0, v, v] for v in range(10)], dtype=np.float32)
    tails = Tails.of(ordinary, signed(FEATURES))
    asked = np.array([[0, 99, -99], [0, -1, 99], [0, np.nan, np.nan], [0, 4, 4]], np.float32)
    # Four of ten lie below 4 and one ties, whichever way; a missing value lies in the middle.
    half, tie = -np.log(0.5 + SMALLEST), [-np.log(1 + SMALLEST - r) for r in (0.45, 0.55)]
    expected = [-2 * np.log(SMALLEST), -2 * np.log(1 + SMALLEST), 2 * half, sum(tie)]
    np.testing.assert_allclose(tails.scores(asked), expected, rtol=1e-6, atol=1e-6)


def test_features_of_one_key_count_once() -> None:
    twice = FeatureSet("t", 1, "declaration", (feature("a__x", 1), feature("a__y", 1)))
    column = np.arange(20, dtype=np.float32)[:, None]
    one = Tails.of(column, signed(twice)[:1]).scores(column)
    two = Tails.of(np.hstack([column, column]), signed(twice)).scores(np.hstack([column, column]))
    np.testing.assert_allclose(one, two)


def test_without_a_violation_the_prior_is_the_model(learner: Learner) -> None:
    examples = drawn(500, 0)
    model = fit(examples, FEATURES, learner, 1)
    assert model is not None
    prior = Tails.of(examples.X[examples.presumed], signed(FEATURES)).scores(examples.X)
    np.testing.assert_allclose(model.score(examples.X), learner.prior * prior)
    assert fit(examples, FEATURES, replace(learner, prior=0.0), 1) is None


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
    blind = replace(learner, presumed=0.0, prior=0.0)
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
