import lightgbm as lgb
import numpy as np
import pytest

from riskml.errors import BundleError
from riskml.training.merging import merge_boosters


def boosters(count: int) -> tuple[list[lgb.Booster], np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 5))
    X[:, 4] = rng.integers(0, 9, 800)
    X[rng.random((800, 5)) < 0.1] = np.nan
    y = (rng.random(800) < 1 / (1 + np.exp(2 - np.nan_to_num(X[:, 0]) * 2))).astype(float)
    options = {
        "objective": "binary", "verbosity": -1, "num_threads": 1, "feature_fraction": 0.6,
        "bagging_fraction": 0.7, "bagging_freq": 1, "min_data_per_group": 10,
    }  # fmt: skip
    return [
        lgb.train(
            {**options, "seed": seed}, lgb.Dataset(X, y, categorical_feature=[4]), 8 + 3 * seed
        )
        for seed in range(count)
    ], X


def test_the_merged_booster_is_the_mean_of_its_parts() -> None:
    parts, X = boosters(3)
    merged = lgb.Booster(model_str=merge_boosters([part.model_to_string() for part in parts]))
    assert merged.num_trees() == sum(part.num_trees() for part in parts)
    for options in ({"raw_score": True}, {"pred_contrib": True}):
        mean = np.mean([part.predict(X, **options) for part in parts], axis=0)
        np.testing.assert_allclose(merged.predict(X, **options), mean, atol=1e-12)


def test_a_merged_booster_can_be_written_and_read_again() -> None:
    parts, X = boosters(2)
    text = merge_boosters([part.model_to_string() for part in parts])
    merged = lgb.Booster(model_str=text)
    again = lgb.Booster(model_str=merged.model_to_string())
    assert again.predict(X).tobytes() == merged.predict(X).tobytes()


def test_one_booster_stays_as_it_is() -> None:
    text = boosters(1)[0][0].model_to_string()
    assert merge_boosters([text]) == text


def test_a_text_that_is_no_booster_is_refused() -> None:
    with pytest.raises(BundleError, match="cannot be merged"):
        merge_boosters(["tree\n", "tree\n"])
