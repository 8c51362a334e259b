"""Two processes, several kinds of boosters, severity: what else boosters can learn from."""

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from riskml.training.boosting import Design, grow, grow_processes, two_processes
from riskml.training.definition import Fit, ModelDefinition
from riskml.training.fitting import FittedModel, fit_model, make_design
from riskml.training.rows import learnable_rows
from riskml.training.weights import row_weights
from tests.oracles.synthetic import World, known_before
from tests.unit.training.conftest import UNTIL


@pytest.fixture(scope="module")
def design(world: World, definition: ModelDefinition) -> Design:
    rows = learnable_rows(known_before(world, UNTIL))
    return make_design(rows, world.feature_set, definition)[1]


def raw(text: str, X: np.ndarray) -> np.ndarray:
    return np.asarray(lgb.Booster(model_str=text).predict(X, raw_score=True))


def test_the_score_is_the_announced_sum_of_violation_suspicion_and_both(
    design: Design, definition: ModelDefinition
) -> None:
    model, plain = definition.lightgbm, definition.fit
    mixed = plain.model_copy(update={"suspicion": 0.25})
    own = raw(grow(design, 20, model, plain), design.X)
    first, second = (raw(text, design.X) for text in grow_processes(design, 20, model, mixed))
    together = raw(grow(design, 20, model, mixed), design.X)
    assert together == pytest.approx(0.75 * own + 0.25 * (first + second), abs=1e-9)


def test_suspicion_is_learned_where_it_is_and_violation_among_it(
    design: Design, definition: ModelDefinition
) -> None:
    assert two_processes(design)
    suspicious = design.suspicious
    assert suspicious is not None
    assert (suspicious >= design.y).all()
    first, second = grow_processes(design, 20, definition.lightgbm, definition.fit)
    p = 1 / (1 + np.exp(-raw(first, design.X)))
    assert p.mean() == pytest.approx(suspicious.mean(), rel=0.05)
    q = 1 / (1 + np.exp(-raw(second, design.X[suspicious > 0])))
    assert q.mean() == pytest.approx(design.y[suspicious > 0].mean(), rel=0.05)


def test_without_findings_one_process_is_learned_and_that_is_said(
    world: World, definition: ModelDefinition, model: FittedModel
) -> None:
    frame = known_before(world, UNTIL).assign(suspicious=np.nan)
    asked = definition.model_copy(
        update={"fit": definition.fit.model_copy(update={"suspicion": 0.5})}
    )
    found = fit_model(frame, world.feature_set, asked, until=UNTIL.to_pydatetime())
    assert "one process is learned" in " ".join(found.notes)
    X = found.bundle.encode(found.holdout)
    assert (found.bundle.raw_scores(X) == model.bundle.raw_scores(X)).all()


def test_later_slices_are_scored_by_both_processes(
    world: World, definition: ModelDefinition, model: FittedModel
) -> None:
    asked = definition.model_copy(
        update={"fit": definition.fit.model_copy(update={"suspicion": 0.5})}
    )
    frame = known_before(world, UNTIL)
    found = fit_model(frame, world.feature_set, asked, until=UNTIL.to_pydatetime())
    assert found.folds.rounds == model.folds.rounds
    ours, other = found.holdout["raw_score"], model.holdout["raw_score"]
    assert np.corrcoef(ours, other)[0, 1] > 0.7
    # Log p and log q add up to log-odds of the size of the direct ones.
    assert abs(ours.mean() - other.mean()) < 1.0
    ratio = found.holdout["label"].sum() / found.holdout["probability"].sum()
    assert 0.5 < ratio < 2


def test_boosters_take_turns_with_the_variants(design: Design, definition: ModelDefinition) -> None:
    flat = {"num_leaves": 2, "extra_trees": False}
    fit = definition.fit.model_copy(update={"ensemble": 3, "variants": ({}, flat)})
    kinds = [
        definition.lightgbm,
        definition.lightgbm.model_copy(update=flat),
        definition.lightgbm,
    ]
    alone = [
        raw(grow(design, 10, kind, Fit(seed=fit.seed + 1000 * member, ensemble=1)), design.X)
        for member, kind in enumerate(kinds)
    ]
    together = raw(grow(design, 10, definition.lightgbm, fit), design.X)
    assert together == pytest.approx(np.mean(alone, axis=0), abs=1e-9)


@pytest.mark.parametrize("wrong", [{"leaves": 3}, {"num_leaves": 1}])
def test_an_impossible_variant_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        ModelDefinition.model_validate({"stage": "declaration", "fit": {"variants": [wrong]}})


def test_severe_violations_can_count_more_and_all_together_the_same() -> None:
    frame = pd.DataFrame(
        {
            "label": [1.0, 1.0, 1.0, 0.0],
            "label_verified": True,
            "propensity": np.nan,
            "severity": [1.0, 3.0, np.nan, np.nan],
        }
    )
    half = row_weights(frame, severity=0.5).values
    assert half == pytest.approx([0.75, 1.25, 1.0, 1.0])
    assert row_weights(frame, severity=1.0).values == pytest.approx([0.5, 1.5, 1.0, 1.0])
    assert row_weights(frame).values == pytest.approx(np.ones(4))
