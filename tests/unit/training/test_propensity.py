from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskml.config import day_start
from riskml.datasets import load_tables
from riskml.datasets.simulation import write_world
from riskml.errors import DataError
from riskml.training.dataset import build_training_set
from riskml.training.definition import Fit, ModelDefinition, Weights
from riskml.training.propensity import estimate_propensity, with_estimated_propensity
from riskml.training.weights import ESTIMATED, row_weights
from tests.oracles.synthetic import make_world


def test_weights_from_estimates_undo_the_selection_as_logged_ones_do() -> None:
    world = make_world(12_000, seed=5)
    selected = world.frame["label"].notna().to_numpy()
    found = estimate_propensity(world.frame, world.feature_set, selected, np.ones(12_000))
    assert found.propensity.mean() == pytest.approx(selected.mean(), rel=0.1)
    assert 0.5 < found.auc < 1
    label = world.frame.loc[selected, "label"].to_numpy()
    truth = world.probability.mean()
    weighed = np.average(label, weights=1 / found.propensity[selected])
    assert abs(weighed - truth) < 0.4 * abs(label.mean() - truth)


def test_a_random_selection_is_called_random() -> None:
    world = make_world(6000, seed=6)
    selected = np.random.default_rng(0).random(6000) < 0.1
    found = estimate_propensity(world.frame, world.feature_set, selected, np.ones(6000))
    assert found.auc == pytest.approx(0.5, abs=0.04)


def test_a_sample_of_those_not_selected_is_scaled_up() -> None:
    world = make_world(12_000, seed=5)
    selected = world.frame["label"].notna().to_numpy()
    keep = selected | (np.random.default_rng(1).random(12_000) < 0.3)
    stands_for = np.where(selected, 1.0, 1 / 0.3)[keep]
    frame = world.frame[keep].reset_index(drop=True)
    part = estimate_propensity(frame, world.feature_set, selected[keep], stands_for)
    assert np.average(part.propensity, weights=stands_for) == pytest.approx(
        selected.mean(), rel=0.15
    )


@pytest.mark.parametrize("value", [True, False])
def test_nothing_can_be_learned_where_all_or_none_were_selected(value: bool) -> None:
    world = make_world(300)
    with pytest.raises(DataError, match="selection cannot be learned"):
        estimate_propensity(world.frame, world.feature_set, np.full(300, value), np.ones(300))


@pytest.mark.slow
def test_only_what_was_not_logged_is_estimated_and_it_is_said(tmp_path: Path) -> None:
    write_world(tmp_path, start=date(2020, 1, 1), days=60, scale=0.03, seed=2)
    tables = load_tables(tmp_path)
    until = day_start(date(2020, 3, 1))
    known = build_training_set(tables, "declaration", until, only_inspected=True)
    definition = ModelDefinition(
        stage="declaration", weights=Weights(estimate=True), fit=Fit(ensemble=1)
    )
    same, silent = with_estimated_propensity(tables, known, definition, until)
    assert same is known
    assert silent == ()
    hidden = known.frame.index % 2 == 0
    logged = known.frame["propensity"].mask(hidden)
    part = type(known)(known.frame.assign(propensity=logged), known.feature_set, known.data_digests)
    found, notes = with_estimated_propensity(tables, part, definition, until)
    assert found.frame[ESTIMATED].notna().tolist() == hidden.tolist()
    assert found.frame["consignment_id"].tolist() == known.frame["consignment_id"].tolist()
    assert f"of {int(hidden.sum())} of {len(hidden)} inspected" in notes[0]
    labelled = found.frame.assign(label=0.0)
    report = row_weights(labelled).report
    assert (report.estimated, report.with_propensity) == (int(hidden.sum()), int((~hidden).sum()))


def test_weights_take_the_estimate_only_where_nothing_was_logged() -> None:
    frame = pd.DataFrame(
        {
            "label": [0.0, 1.0, 0.0],
            "label_verified": True,
            "propensity": [0.5, np.nan, np.nan],
            ESTIMATED: [0.1, 0.25, np.nan],
        }
    )
    assert row_weights(frame).values == pytest.approx(np.array([2.0, 4.0, 1.0]) * 3 / 7)
