from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest

from riskml.errors import BundleError
from riskml.explanation import (
    additivity_gaps,
    check_additivity,
    engine_of,
    explain,
    raw_scores,
)
from tests.support.tiny_bundle import assemble, random_columns, small_set, tiny_bundle


@pytest.mark.parametrize("seed", range(8))
def test_base_and_contributions_add_up_on_random_models(seed: int) -> None:
    features = small_set()
    columns = random_columns(features, 400, seed)
    labels = np.random.default_rng(seed).random(400) < 0.3
    bundle = tiny_bundle(features, columns, labels, seed=seed + 1, trees=5 + 20 * seed)
    explanation = explain(bundle, bundle.encode(random_columns(features, 300, seed + 100)))
    assert additivity_gaps(explanation).max() < 1e-6
    check_additivity(explanation)
    assert explanation.contributions.shape == (300, 6)
    assert np.ptp(explanation.raw) > 0


def test_a_row_that_does_not_add_up_is_named() -> None:
    features = small_set()
    columns = random_columns(features, 200, 3)
    bundle = tiny_bundle(features, columns, np.arange(200) % 3 == 0)
    sound = explain(bundle, bundle.encode(columns))
    off = sound.contributions.copy()
    off[7, 2] += 2e-6
    with pytest.raises(BundleError, match="row 7"):
        check_additivity(replace(sound, contributions=off))
    off[4, 0] = np.nan
    with pytest.raises(BundleError, match="row 4"):
        check_additivity(replace(sound, contributions=off))


def test_the_kernel_answers_as_lightgbm_would() -> None:
    features = small_set()
    bundle = tiny_bundle(features, random_columns(features, 400, 1), np.arange(400) % 3 == 0)
    matrix = bundle.encode(random_columns(features, 90, 2))
    explanation = explain(bundle, matrix)
    assert str(engine_of(bundle)) == "kernel"
    assert explanation.raw.tobytes() == bundle.raw_scores(matrix).tobytes()
    assert raw_scores(bundle, matrix[7:8]).tobytes() == bundle.raw_scores(matrix)[7:8].tobytes()
    theirs = bundle.contributions(matrix)
    np.testing.assert_allclose(explanation.contributions, theirs[:, :-1], atol=1e-12)
    assert explanation.base.tolist() == theirs[:, -1].tolist()


def test_lightgbm_answers_where_the_kernel_cannot() -> None:
    features = small_set()
    columns = random_columns(features, 400, 1)
    sound = tiny_bundle(features, columns, np.arange(400) % 3 == 0)
    matrix = sound.encode(columns)
    options = {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "verbosity": -1}
    data = lgb.Dataset(matrix, np.arange(400) % 2, feature_name=list(features.names))
    forest = lgb.train({**options, "bagging_fraction": 0.5, "num_threads": 1}, data, 3)
    bundle = assemble(features, sound.encoder, forest.model_to_string())
    assert str(engine_of(bundle)) == "lightgbm (the booster averages its trees (random forest))"
    explanation = explain(bundle, matrix)
    assert explanation.raw.tobytes() == bundle.raw_scores(matrix).tobytes()
    assert explanation.contributions.tobytes() == bundle.contributions(matrix)[:, :-1].tobytes()
