import numpy as np

from riskml.bundle import Encoder
from riskml.training.boosting import SPANS, Design, cross_fitted_scores, run_of
from riskml.training.definition import ModelDefinition
from tests.oracles.synthetic import World

BLOCKS = 3


def design_of(world: World) -> Design:
    rows = world.frame.head(1200)
    encoder = Encoder.fit(rows, world.feature_set)
    rng = np.random.default_rng(0)
    y = (rng.random(len(rows)) < world.probability[: len(rows)] * 3).astype(float)
    return Design(encoder.encode(rows), y, np.ones(len(y)), world.feature_set)


def scores_of(design: Design, definition: ModelDefinition) -> np.ndarray:
    return cross_fitted_scores(design, 10, BLOCKS, definition.lightgbm, definition.fit)


def test_no_row_is_scored_by_boosters_that_saw_its_label(
    world: World, definition: ModelDefinition
) -> None:
    design = design_of(world)
    part = np.arange(len(design.y)) * BLOCKS * SPANS // len(design.y) % BLOCKS
    before = scores_of(design, definition)
    own = part == 1
    turned = Design(design.X, np.where(own, 1 - design.y, design.y), design.w, design.feature_set)
    after = scores_of(turned, definition)
    assert np.isfinite(before).all()
    np.testing.assert_array_equal(before[own], after[own])
    assert (before[~own] != after[~own]).mean() > 0.9


def test_a_part_holding_every_violation_stays_without_a_score(
    world: World, definition: ModelDefinition
) -> None:
    design = design_of(world)
    part = np.arange(len(design.y)) * BLOCKS * SPANS // len(design.y) % BLOCKS
    alone = Design(design.X, (part == 0) * design.y, design.w, design.feature_set)
    found = scores_of(alone, definition)
    assert np.isnan(found[part == 0]).all()
    assert np.isfinite(found[part != 0]).all()


def test_rows_that_follow_each_other_are_not_copied() -> None:
    numbers = np.arange(8.0)
    for first in range(8):
        for last in range(first + 1, 9):
            keep = (np.arange(8) >= first) & (np.arange(8) < last)
            found = numbers[run_of(keep)]
            assert found.tolist() == numbers[keep].tolist()
            assert np.shares_memory(found, numbers)
    scattered = np.array([True, False, True, True, False, False, True, False])
    assert numbers[run_of(scattered)].tolist() == numbers[scattered].tolist()
    assert numbers[run_of(np.zeros(8, dtype=bool))].size == 0
