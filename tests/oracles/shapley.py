"""Shapley values of a booster from their definition: every coalition of every tree's features.

The trees come from LightGBM's JSON dump, not from the text that riskml reads. A tree's value of a
coalition: features in it go where the row goes, others into both children by training rows.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import lightgbm as lgb
import numpy as np

__all__ = ["product_game_values", "random_booster", "random_rows", "shapley_values"]

TINY = float(np.float32(1e-35))


def shapley_values(booster: lgb.Booster, row: np.ndarray) -> np.ndarray:
    """Return contributions and base value of one row, shape (p + 1,)."""
    found = np.zeros(booster.num_feature() + 1)
    for tree in booster.dump_model()["tree_info"]:
        root = tree["tree_structure"]
        players = sorted(_features(root))
        values = {
            coalition: _value(root, row, frozenset(coalition).__contains__)
            for size in range(len(players) + 1)
            for coalition in itertools.combinations(players, size)
        }
        found[-1] += values[()]
        for coalition, value in values.items():
            for player in players:
                if player not in coalition:
                    joined = tuple(sorted((*coalition, player)))
                    found[player] += _weight(len(coalition), len(players)) * (
                        values[joined] - value
                    )
    return found


def _weight(size: int, players: int) -> float:
    return math.factorial(size) * math.factorial(players - size - 1) / math.factorial(players)


def _features(node: dict[str, Any]) -> set[int]:
    if "split_feature" not in node:
        return set()
    return {node["split_feature"]} | _features(node["left_child"]) | _features(node["right_child"])


def _value(node: dict[str, Any], row: np.ndarray, known: Callable[[object], bool]) -> float:
    if "split_feature" not in node:
        return float(node["leaf_value"])
    left, right = node["left_child"], node["right_child"]
    if known(node["split_feature"]):
        return _value(left if _left(node, row[node["split_feature"]]) else right, row, known)
    share = _rows(left) / node["internal_count"]
    return share * _value(left, row, known) + (1 - share) * _value(right, row, known)


def _rows(node: dict[str, Any]) -> float:
    return float(node["internal_count"] if "split_feature" in node else node["leaf_count"])


def _left(node: dict[str, Any], number: float) -> bool:
    if node["decision_type"] == "==":
        chosen = {int(each) for each in node["threshold"].split("||")}
        return bool(np.isfinite(number)) and math.trunc(number) in chosen
    if np.isnan(number) and node["missing_type"] != "NaN":
        number = 0.0
    missing = np.isnan(number) or (node["missing_type"] == "Zero" and abs(number) <= TINY)
    # JSON has no infinity: LightGBM writes 1e300 for it.
    threshold = np.inf if node["threshold"] >= 1e300 else node["threshold"]
    return bool(node["default_left"]) if missing else bool(number <= threshold)


def product_game_values(booster: lgb.Booster, row: np.ndarray) -> np.ndarray:
    """Return contributions of one row in rational arithmetic, shape (p,): for long paths.

    A leaf counts for a coalition by a product, so the coalitions of each size together weigh what
    the coefficients of ``prod(r_j + o_j t)`` say; nothing is integrated, nothing rounded.
    """
    found = [Fraction(0)] * booster.num_feature()
    for tree in booster.dump_model()["tree_info"]:
        for leaf, path in _leaves(tree["tree_structure"], row, {}):
            for feature, (share, follows) in path.items():
                others = [path[other] for other in path if other != feature]
                found[feature] += leaf * (follows - share) * _sum_over_sizes(others)
    return np.array([float(each) for each in found])


Path = dict[int, tuple[Fraction, int]]


def _leaves(node: dict[str, Any], row: np.ndarray, path: Path) -> Iterator[tuple[Fraction, Path]]:
    if "split_feature" not in node:
        yield Fraction(node["leaf_value"]), path
        return
    feature = node["split_feature"]
    for child, goes in (("left_child", True), ("right_child", False)):
        share, follows = path.get(feature, (Fraction(1), 1))
        share *= Fraction(int(_rows(node[child])), int(node["internal_count"]))
        follows &= int(_left(node, row[feature]) == goes)
        yield from _leaves(node[child], row, {**path, feature: (share, follows)})


def _sum_over_sizes(others: list[tuple[Fraction, int]]) -> Fraction:
    # Whole numbers throughout, the shares' denominators apart: fractions would take minutes.
    coefficients, denominator, players = [1], 1, len(others) + 1
    for share, follows in others:
        there, absent = follows * share.denominator, share.numerator
        denominator *= share.denominator
        pairs = zip([*coefficients, 0], [0, *coefficients], strict=True)
        coefficients = [absent * same + there * lower for same, lower in pairs]
    weighted = sum(
        math.factorial(size) * math.factorial(players - size - 1) * each
        for size, each in enumerate(coefficients)
    )
    return Fraction(weighted, denominator * math.factorial(players))


def random_rows(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Return rows with categories, counts, zeros, numbers near zero, infinities and NaN."""
    X = rng.normal(size=(rows, columns)) * 2
    X[:, 0] = rng.integers(0, 40, rows)
    X[:, 1 % columns] = rng.integers(-1, 4, rows)
    odd = np.array([0.0, -0.0, 1e-36, -1e-36, TINY, np.inf, -np.inf, np.nan, np.nan, 0.0])
    where = rng.random(X.shape) < 0.15
    X[where] = rng.choice(odd, int(where.sum()))
    X[~np.isfinite(X[:, 0]), 0] = np.nan
    return X


def random_booster(seed: int, **options: Any) -> tuple[lgb.Booster, np.ndarray]:
    """Return a small booster with splits of every type, and rows to explain."""
    rng = np.random.default_rng(seed)
    columns = int(rng.integers(2, 9))
    X = random_rows(rng, 200, columns)
    known = np.nan_to_num(X, posinf=3.0, neginf=-3.0)
    z = known @ rng.normal(size=columns) / 3 + (known[:, 0] % 5 == 2) + np.isnan(X[:, -1])
    objective = ("binary", "regression", "poisson")[seed % 3]
    noisy = z + rng.normal(size=len(z))
    y = {"binary": noisy > 0.3, "regression": noisy, "poisson": np.maximum(noisy, 0).round()}
    parameters = {
        "objective": objective, "num_leaves": int(rng.integers(2, 14)), "num_threads": 1,
        "min_data_in_leaf": int(rng.integers(1, 9)), "min_data_per_group": 5, "cat_smooth": 1.0,
        "max_cat_to_onehot": int(rng.integers(1, 5)), "verbosity": -1, "seed": seed,
        "zero_as_missing": bool(rng.integers(2)), "use_missing": bool(rng.integers(4)),
        "boosting": ("gbdt", "dart")[int(rng.integers(2))], "learning_rate": 0.3, **options,
    }  # fmt: skip
    data = lgb.Dataset(X, y[objective].astype(float), categorical_feature=[0], params=parameters)
    booster = lgb.train(parameters, data, int(rng.integers(1, 7)))
    probe = random_rows(rng, 24, columns)
    probe[:4, 0] = (-0.5, 1e12, 2.7, -3.0)
    return booster, probe
