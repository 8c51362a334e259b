import numpy as np
import pandas as pd
import pytest

from riskml.bundle import Encoder
from riskml.errors import BundleError, DataError
from riskml.features import Feature, FeatureSet

FEATURES = FeatureSet(
    "test",
    1,
    "declaration",
    (
        Feature("weight", "number", "raw", "", ""),
        Feature("port", "category", "raw", "", ""),
    ),
)


def fit(ports: list[str | None], **options: int) -> Encoder:
    columns = {"weight": np.zeros(len(ports)), "port": np.array(ports, dtype=object)}
    return Encoder.fit(columns, FEATURES, **options)


def test_codes_are_by_falling_frequency_then_name() -> None:
    encoder = fit(["B", "A", "C", "C", None, "A", "B", "C"], min_count=1)
    assert encoder.vocabularies["port"] == ("C", "A", "B")


def test_rare_categories_are_left_out_and_the_vocabulary_is_bounded() -> None:
    ports: list[str | None] = ["A"] * 9 + ["B"] * 5 + ["C"] * 4
    assert fit(ports, min_count=5).vocabularies["port"] == ("A", "B")
    assert fit(ports, min_count=1, most=1).vocabularies["port"] == ("A",)


def test_a_hundred_thousand_categories_are_bounded() -> None:
    encoder = fit([f"P{row}" for row in range(100_000)] + ["A"] * 5)
    assert encoder.vocabularies["port"] == ("A",)


def test_unseen_and_missing_in_any_form_are_nan() -> None:
    encoder = fit(["A"], min_count=1)
    columns = {"weight": np.zeros(4), "port": np.array(["A", "Z", None, np.nan], dtype=object)}
    assert encoder.encode(columns)[:, 1].tolist()[0] == 0.0
    assert np.isnan(encoder.encode(columns)[1:, 1]).all()


def test_frame_and_arrays_give_the_same_bits() -> None:
    encoder = fit(["A", "B"], min_count=1)
    arrays = {
        "weight": np.array([0.1, np.nan, -0.0]),
        "port": np.array(["B", None, "A"], dtype=object),
    }
    frame = pd.DataFrame({"weight": arrays["weight"], "port": pd.array(arrays["port"], "str")})
    ours, theirs = encoder.encode(arrays), encoder.encode(frame)
    assert ours.tobytes() == theirs.tobytes()
    assert ours.flags.c_contiguous
    assert ours.dtype == np.float64


def test_many_rows_are_encoded_as_each_is_alone() -> None:
    rng = np.random.default_rng(2)
    given = ["A", "1", 1, 1.0, True, None, np.nan, "rare", 7]
    ports = np.array([given[at] for at in rng.integers(len(given), size=3000)], dtype=object)
    weight = rng.normal(size=3000)
    weight[::5], weight[::7] = np.inf, np.nan
    columns = {"weight": weight, "port": ports}
    encoder = Encoder.fit(columns, FEATURES)
    # What a hash table takes for one are three texts.
    assert set(encoder.vocabularies["port"]) == {"A", "1", "1.0", "True", "rare", "7"}
    every = encoder.encode(columns)
    for row in range(0, 3000, 11):
        alone = encoder.encode({name: column[[row]] for name, column in columns.items()})
        assert alone.tobytes() == every[[row]].tobytes()


def test_the_order_is_the_feature_sets_whatever_is_given() -> None:
    encoder = fit(["A"], min_count=1)
    given = {"further": [9], "port": np.array(["A"], dtype=object), "weight": [7.0]}
    assert encoder.encode(given).tolist() == [[7.0, 0.0]]


def test_infinity_is_missing() -> None:
    columns = {"weight": [np.inf, -np.inf, 1.0], "port": np.array([None] * 3, dtype=object)}
    assert np.isnan(fit(["A"]).encode(columns)[:, 0]).tolist() == [True, True, False]


def test_no_row_is_an_empty_matrix() -> None:
    assert fit(["A"]).encode({"weight": [], "port": []}).shape == (0, 2)


def test_an_absent_feature_is_shown_as_a_difference() -> None:
    with pytest.raises(DataError, match=r"1 features of test v1 are absent \(- port\)"):
        fit(["A"]).encode({"weight": [1.0]})


def test_text_in_a_number_is_refused() -> None:
    with pytest.raises(DataError, match="weight is no number"):
        fit(["A"]).encode({"weight": ["heavy"], "port": ["A"]})


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="differ in length"):
        fit(["A"]).encode({"weight": [1.0, 2.0], "port": ["A"]})


def test_it_survives_plain_data() -> None:
    encoder = fit(["A", "B"], min_count=1)
    assert Encoder.from_dict(encoder.to_dict()) == encoder


def test_foreign_vocabularies_are_refused() -> None:
    with pytest.raises(BundleError, match="vocabularies"):
        Encoder(FEATURES, {"weight": ("A",)})
    with pytest.raises(BundleError, match="cannot be read"):
        Encoder.from_dict({"feature_set": FEATURES.to_dict()})
