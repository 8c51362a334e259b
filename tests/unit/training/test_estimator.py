"""`RiskClassifier`: scikit-learn's own checks, our laws, and bad input."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from riskml.bundle import Bundle
from riskml.errors import DataError, InputError
from riskml.explanation import raw_scores
from riskml.training.estimator import RiskClassifier

QUICK: dict[str, Any] = {"ensemble": 1, "max_rounds": 40, "folds": 2, "min_data_in_leaf": 5}

EXEMPT = {
    "check_sample_weight_equivalence_on_dense_data": (
        "slices of time, min_data_in_leaf and bagging count rows: a row of weight 2 is one row"
    ),
}

quiet = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.mark.slow
@quiet  # degradations on a few rows are said aloud as warnings, and most checks have few rows
@parametrize_with_checks([RiskClassifier(**QUICK)], expected_failed_checks=lambda _: EXEMPT)
def test_it_is_a_classifier_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


def drawn(size: int = 1500, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "rate": rng.random(size),
            "origin": pd.Series(rng.choice(["CN", "DE", "VN"], size), dtype="str"),
            "noise": rng.normal(size=size),
        }
    )
    odds = -3.5 + 3 * X["rate"] + 1.2 * (X["origin"] == "CN")
    return X, (rng.random(size) < 1 / (1 + np.exp(-odds))).to_numpy()


@pytest.fixture(scope="module")
def fitted() -> RiskClassifier:
    X, y = drawn()
    return RiskClassifier(**QUICK, monotone={"rate": 1}).fit(X, y)


def test_probabilities_are_calibrated_on_later_rows(fitted: RiskClassifier) -> None:
    X, y = drawn(6000, seed=1)
    p = fitted.predict_proba(X)[:, 1]
    assert y.sum() / p.sum() == pytest.approx(1.0, abs=0.15)
    top = np.argsort(-p)[:600]
    assert y[top].mean() > 1.7 * y.mean()


def test_contributions_add_up_to_the_raw_score_and_name_their_columns(
    fitted: RiskClassifier,
) -> None:
    X = drawn(200, seed=2)[0].set_index(np.arange(500, 700))
    found = fitted.contributions(X)
    assert list(found.columns) == ["rate", "origin", "noise", "base"]
    assert found.index.equals(X.index)
    raw = raw_scores(fitted.bundle_, fitted.bundle_.encode(X))
    np.testing.assert_allclose(found.sum(axis=1), raw, atol=1e-9)
    np.testing.assert_array_equal(
        fitted.decision_function(X), fitted.bundle_.calibrator.log_odds(raw)
    )


def test_a_known_sign_is_obeyed(fitted: RiskClassifier) -> None:
    X = drawn(100, seed=3)[0]
    scores = [fitted.decision_function(X.assign(rate=rate)) for rate in np.linspace(0, 1, 9)]
    assert (np.diff(scores, axis=0) >= -1e-12).all()


def test_rows_are_taken_in_order_of_time_and_the_later_ones_judged() -> None:
    X, y = drawn(800)
    times = pd.date_range("2024-01-01", periods=800, freq="h", tz="UTC")
    shuffled = np.random.default_rng(4).permutation(800)
    options = {**QUICK, "patience": 1000}
    one = RiskClassifier(**options).fit(X.iloc[shuffled], y[shuffled], times=times[shuffled])
    plain = RiskClassifier(**options).fit(X, y)
    np.testing.assert_array_equal(one.predict_proba(X), plain.predict_proba(X))
    rows = one.later_["row"].to_numpy()
    assert (np.diff(times[shuffled][rows].asi8) > 0).all()
    assert len(rows) == pytest.approx(0.7 * 800, abs=2)


def test_a_fitted_one_shows_what_it_learned_and_plots(fitted: RiskClassifier) -> None:
    text = repr(fitted)
    assert "monotone={'rate': 1}" in text
    assert "fitted on 1500 rows" in text
    assert "on 1050 later rows: average precision 0." in text
    assert "\n" not in repr(RiskClassifier())
    X = drawn(100)[0]
    for figure in (
        fitted.plot_contributions(X),
        fitted.plot_rounds(),
        fitted.plot_reliability(),
    ):
        assert figure.axes[0].get_xlabel()
    assert len(fitted.curve_) == 40
    assert fitted.curve_["loss"].idxmin() + 1 == fitted.rounds_ or fitted.rounds_ == 20


def test_it_is_kept_as_a_bundle_without_pickle(fitted: RiskClassifier, tmp_path: Path) -> None:
    X = drawn(50)[0]
    bundle = Bundle.load(fitted.bundle_.save(tmp_path / "bundle"))
    p = bundle.probabilities(bundle.raw_scores(bundle.encode(X)))
    np.testing.assert_array_equal(p, fitted.predict_proba(X)[:, 1])
    with pytest.raises(Exception, match="decides at stage notebook"):
        bundle.require_stage("declaration")


def test_progress_is_shown_to_whoever_asks_for_it() -> None:
    seen: list[str] = []

    def bar(items: Any, label: str, total: int | None = None) -> Any:
        seen.append(label)
        return items

    RiskClassifier(**QUICK, progress=bar).fit(*drawn(600))
    assert seen == ["Folds", "Boosters", "Calibration"]


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"noise": 1.0}, "column noise is constant"),
        ({"noise": np.nan}, "column noise is empty"),
        ({"noise": [np.inf, -np.inf, *[0.5] * 598]}, "column noise: 2 infinite values"),
        (
            {"origin": [f"c{row}" for row in range(600)]},
            "column origin: 600 categories, 0 kept",
        ),
    ],
)
def test_columns_that_teach_nothing_are_a_stated_degradation(
    change: dict[str, Any], note: str
) -> None:
    X, y = drawn(600)
    with pytest.warns(UserWarning, match=note):
        model = RiskClassifier(**QUICK).fit(X.assign(**change), y)
    assert any(note in said for said in model.notes_)
    assert note in repr(model)
    p = model.predict_proba(X.assign(**change))
    assert np.isfinite(p).all()


@pytest.mark.slow
def test_a_hundred_thousand_categories_are_cut_to_the_frequent_ones() -> None:
    rng = np.random.default_rng(5)
    size = 120_000
    many = np.where(rng.random(size) < 0.3, "often", [f"c{row}" for row in range(size)])
    X = pd.DataFrame({"party": pd.Series(many, dtype="str"), "value": rng.random(size)})
    y = rng.random(size) < np.where(many == "often", 0.2, 0.05)
    assert X["party"].nunique() > 80_000
    with pytest.warns(UserWarning, match=r"column party: 8\d{4} categories, 1 kept"):
        model = RiskClassifier(**QUICK | {"max_rounds": 20}).fit(X, y)
    p = pd.Series(model.predict_proba(X.head(2000))[:, 1])
    often = X["party"].head(2000) == "often"
    assert p[often].mean() > 2 * p[~often].mean()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y": np.zeros(600)}, "y holds one class only"),
        ({"y": np.arange(600) % 3}, "Only binary classification is supported"),
        ({"sample_weight": -np.ones(600)}, "a sample_weight is negative"),
        ({"sample_weight": np.ones(5)}, "sample_weight has 5 rows, X has 600"),
        ({"times": ["soon"] * 600}, "times hold no times"),
        ({"times": [pd.NaT] * 600}, "a time is missing"),
        ({"monotone": {"origin": 1}}, "monotone names 'origin', which is a category"),
        ({"monotone": {"speed": 1}}, "monotone names 'speed', which is no column"),
        ({"monotone": {"rate": 2}}, "monotone sign 2 of 'rate' is none"),
        ({"learning_rate": 0}, "learning_rate = 0: "),
        ({"calibration": "isotonic"}, "calibration = 'isotonic': "),
        ({"gap_days": 3.0}, "gap_days needs times"),
        ({"when": pd.Timestamp("2024-01-01")}, r"column when is of type datetime64"),
        ({"thing": [[1]] * 600}, "column thing holds a list"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(changed: dict[str, Any], message: str) -> None:
    X, y = drawn(600)
    given = dict(changed)
    extra = {name: given.pop(name) for name in ("when", "thing") if name in given}
    call = {name: given.pop(name) for name in ("sample_weight", "times") if name in given}
    labels = given.pop("y", y)
    with pytest.raises(InputError, match=message) as caught:
        RiskClassifier(**QUICK | given).fit(X.assign(**extra), labels, **call)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


def test_columns_that_one_name_would_hide_are_refused() -> None:
    X, y = drawn(600)
    with pytest.raises(InputError, match="columns 'a b' and 'a_b' are one to LightGBM"):
        RiskClassifier(**QUICK).fit(X.assign(**{"a b": 1.0, "a_b": 2.0}), y)


def test_a_column_that_is_there_twice_is_refused() -> None:
    X, y = drawn(600)
    with pytest.raises(InputError, match="column rate is there twice"):
        RiskClassifier(**QUICK).fit(pd.concat([X, X[["rate"]]], axis=1), y)


def test_missing_values_of_any_kind_are_missing(fitted: RiskClassifier) -> None:
    X = drawn(3)[0]
    plain = X.assign(rate=[np.nan, 1.0, 0.0], origin=[None, "CN", "XX"])
    nullable = X.assign(
        rate=pd.array([None, 1, 0], dtype="Int64"),
        origin=pd.Categorical([None, "CN", "XX"]),
    )
    expected = fitted.predict_proba(plain)
    np.testing.assert_array_equal(fitted.predict_proba(nullable), expected)
    boolean = nullable.assign(rate=pd.array([None, True, False], dtype="boolean"))
    np.testing.assert_array_equal(fitted.predict_proba(boolean), expected)


def test_other_columns_than_those_it_was_fitted_on_are_shown(fitted: RiskClassifier) -> None:
    X = drawn(10)[0].rename(columns={"noise": "sound"})
    with pytest.raises((ValueError, DataError), match=r"(?s)sound.*noise"):
        fitted.predict_proba(X)


def test_the_same_rows_give_the_same_bits() -> None:
    X, y = drawn(600)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = (RiskClassifier(**QUICK).fit(X, y) for _ in range(2))
    assert first.bundle_.manifest == second.bundle_.manifest
    other = RiskClassifier(**QUICK, random_state=8).fit(X, y)
    assert other.bundle_.manifest.model_digest != first.bundle_.manifest.model_digest
