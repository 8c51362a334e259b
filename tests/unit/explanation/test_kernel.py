import re

import lightgbm as lgb
import numpy as np
import pytest

from riskml.errors import BundleError, DataError
from riskml.explanation.forest import SET, Forest
from riskml.explanation.kernel import FEW_EXPLAINED, FEW_SCORED, TreeKernel
from riskml.explanation.quadrature import nodes_and_weights, nodes_needed
from tests.oracles.shapley import (
    product_game_values,
    random_booster,
    random_rows,
    shapley_values,
)

QUIET = {"verbosity": -1, "num_threads": 1, "seed": 3, "min_data_in_leaf": 2}


def trained(X: np.ndarray, y: np.ndarray, trees: int = 8, **options: object) -> lgb.Booster:
    parameters = {"objective": "binary", **QUIET, **options}
    return lgb.train(parameters, lgb.Dataset(X, y, params=parameters), trees)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return random_rows(np.random.default_rng(5), 700, 9)


@pytest.fixture(scope="module")
def booster(rows: np.ndarray) -> lgb.Booster:
    known = np.nan_to_num(rows, posinf=9.0, neginf=-9.0)
    y = known[:, 2] + known[:, 3] * known[:, 4] > 0.5
    return trained(rows, y.astype(float), 30, num_leaves=31)


def both(booster: lgb.Booster, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ours = TreeKernel.of(booster.model_to_string()).contributions(X)
    return ours, np.asarray(booster.predict(X, pred_contrib=True, num_threads=1))


@pytest.mark.parametrize("count", range(1, 41))
def test_quadrature_is_exact_up_to_its_degree(count: int) -> None:
    nodes, weights = nodes_and_weights(count)
    assert nodes.min() > 0
    assert nodes.max() < 1
    for degree in range(2 * count):
        assert abs((weights * nodes**degree).sum() - 1 / (degree + 1)) < 1e-14
    # Law: a path of d features has integrands of degree d - 1.
    assert nodes_needed(2 * count) == nodes_needed(2 * count - 1) == count


@pytest.mark.parametrize("distinct", [34, 45])
def test_paths_of_more_than_32_features_are_exact(distinct: int) -> None:
    # Each feature holds one row apart from all that remain: the tree is one long path.
    X = np.zeros((3 * distinct, distinct))
    for feature in range(distinct):
        X[3 * feature : 3 * feature + 3, feature] = 1.0
    y = 1.5 ** np.repeat(np.arange(distinct), 3)
    found = trained(X, y, 2, objective="regression", num_leaves=distinct + 1, min_data_in_bin=1,
                    min_data_in_leaf=3, min_sum_hessian_in_leaf=0.0, feature_pre_filter=False,
                    enable_bundle=False)  # fmt: skip
    forest = Forest.of(found.model_to_string())
    assert forest.trees["points"].max() >= 17
    kernel = TreeKernel.of(found.model_to_string())
    rows = np.vstack([X, X + np.roll(X, 1, axis=1)])[:: distinct // 2]
    ours, raw = kernel.contributions(rows), found.predict(rows, raw_score=True)
    scale = np.abs(raw).max()
    np.testing.assert_allclose(ours.sum(axis=1), raw, atol=1e-14 * scale, rtol=0)
    for row in (1, len(rows) - 1):
        exact = product_game_values(found, rows[row])
        np.testing.assert_allclose(ours[row, :-1], exact, atol=1e-14 * scale, rtol=0)
        alone = kernel.contributions(rows[[row]])[0]
        np.testing.assert_allclose(alone[:-1], exact, atol=1e-14 * scale, rtol=0)


def test_the_two_oracles_agree() -> None:
    for seed in range(12):
        booster, rows = random_booster(seed)
        first, second = (
            oracle(booster, rows[5]) for oracle in (shapley_values, product_game_values)
        )
        np.testing.assert_allclose(first[:-1], second, atol=1e-12)


def test_rows_have_the_same_bits_in_any_batch(booster: lgb.Booster, rows: np.ndarray) -> None:
    kernel = TreeKernel.of(booster.model_to_string())
    raw, contributions = kernel.raw_scores(rows), kernel.contributions(rows)
    assert raw.tobytes() == booster.predict(rows, raw_score=True).tobytes()
    for size in (1, FEW_EXPLAINED, FEW_EXPLAINED + 1, FEW_SCORED, FEW_SCORED + 1, 64, 65, 511, 700):
        for threads in (1, 2, 3):
            part = kernel.raw_scores(rows[:size], threads=threads)
            assert part.tobytes() == raw[:size].tobytes()
            part = kernel.contributions(rows[:size], threads=threads)
            assert part.tobytes() == contributions[:size].tobytes()
    alone = np.vstack([kernel.contributions(rows[[row]]) for row in range(60)])
    assert alone.tobytes() == contributions[:60].tobytes()


@pytest.mark.slow
def test_shap_itself_agrees(booster: lgb.Booster, rows: np.ndarray) -> None:
    shap = pytest.importorskip("shap")
    X = np.nan_to_num(rows[:50], posinf=9.0, neginf=-9.0)
    y = (X[:, 2] + X[:, 3] * X[:, 4] > 0.5).astype(float)
    found = trained(X, y, 20)
    explainer = shap.TreeExplainer(found)
    explainer.model.model_type = "internal"  # or shap would ask LightGBM for its pred_contrib
    theirs = explainer.shap_values(X, check_additivity=False)
    ours, _ = both(found, X)
    np.testing.assert_allclose(ours[:, :-1], theirs, atol=1e-10, rtol=0)


def test_every_type_of_split_is_met() -> None:
    kinds, missing = set(), set()
    for seed in range(60):
        booster, _ = random_booster(seed)
        text = booster.model_to_string()
        forest = Forest.of(text)
        kinds |= set(forest.nodes["kind"].tolist())
        decisions = " ".join(re.findall(r"^decision_type=(.*)$", text, re.MULTILINE)).split()
        missing |= {int(each) for each in decisions}
    # Bits: categorical, default left; then none, zero or NaN missing.
    assert kinds == {0, 1, SET}
    assert {each >> 2 for each in missing} == {0, 1, 2}
    assert {each & 2 for each in missing if not each & 1} == {0, 2}


def test_single_leaves_and_no_trees(rows: np.ndarray) -> None:
    for trees in (1, 3):
        found = trained(rows[:50], np.arange(50) % 2, trees, min_data_in_leaf=40)
        assert "num_leaves=1" in found.model_to_string()
        ours, theirs = both(found, rows[:20])
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
        kernel = TreeKernel.of(found.model_to_string())
        assert kernel.raw_scores(rows[:20]).tolist() == (
            found.predict(rows[:20], raw_score=True).tolist()
        )


def test_no_row(booster: lgb.Booster) -> None:
    kernel = TreeKernel.of(booster.model_to_string())
    assert kernel.raw_scores(np.empty((0, 9))).shape == (0,)
    assert kernel.contributions(np.empty((0, 9))).shape == (0, 10)
    with pytest.raises(DataError, match=r"\(2, 4\), the model 9 features"):
        kernel.raw_scores(np.zeros((2, 4)))


def test_what_is_not_computed_is_refused_by_name(rows: np.ndarray) -> None:
    X = np.nan_to_num(rows, posinf=9.0, neginf=-9.0)
    y = (X[:, 2] > 0).astype(float)
    refused = {
        "linear leaves": trained(X, y, linear_tree=True),
        "averages": trained(X, y, boosting="rf", bagging_fraction=0.5, bagging_freq=1),
        "several classes": trained(X, X[:, 1].clip(0, 2), objective="multiclass", num_class=3),
    }
    for words, found in refused.items():
        with pytest.raises(BundleError, match=words) as caught:
            TreeKernel.of(found.model_to_string())
        assert caught.value.remedy


def test_counts_that_do_not_add_up_are_refused(booster: lgb.Booster) -> None:
    text = booster.model_to_string()
    count = re.search(r"^internal_count=(\d+)", text, re.MULTILINE)
    assert count is not None
    with pytest.raises(BundleError, match="training rows are not its children's"):
        TreeKernel.of(text.replace(count[0], f"internal_count={int(count[1]) + 1}", 1))
    with pytest.raises(BundleError, match="no training row reached"):
        TreeKernel.of(re.sub(r"^leaf_count=\d+", "leaf_count=0", text, count=1, flags=re.MULTILINE))
    with pytest.raises(BundleError, match="cut short"):
        TreeKernel.of(text[: len(text) // 3])
