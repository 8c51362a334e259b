"""Codes of texts and of keys."""

import numpy as np
import pytest

from riskml.errors import HistoryError
from riskml.history.arrays import MISSING, UNSEEN
from riskml.history.encoding import Dictionary, KeySpace
from riskml.history.fixed import BINS, Number, encode, price_centres
from tests.oracles.history_rows import texts


def test_texts_keep_their_codes():
    dictionary = Dictionary()
    assert dictionary.add(texts(["b", None, "a", "b"]), "column").tolist() == [0, MISSING, 1, 0]
    assert dictionary.find(texts(["c", "a", None]), "column").tolist() == [UNSEEN, 1, MISSING]
    assert dictionary.find(texts(["c"]), "column").tolist() == [UNSEEN]
    assert dictionary.add(texts(["c"]), "column").tolist() == [2]
    assert len(dictionary) == 3


def test_a_refused_column_adds_nothing():
    dictionary = Dictionary()
    with pytest.raises(HistoryError, match=r"column holds 3 of type int"):
        dictionary.add(np.array(["a", 3], dtype=object), "column")
    assert len(dictionary) == 0


def test_entities_of_three_columns_are_all_different():
    rng = np.random.default_rng(5)
    codes = {name: rng.integers(-1, 12, 5000).astype(np.int32) for name in "abc"}
    codes = {name: np.where(column < 0, MISSING, column) for name, column in codes.items()}
    key = KeySpace(("a", "b", "c"))
    halves = [{n: c[part] for n, c in codes.items()} for part in (slice(0, 9), slice(9, None))]
    entities = np.concatenate([key.add(half, len(half["a"])) for half in halves])
    rows = list(zip(*(column.tolist() for column in codes.values()), strict=True))
    missing = [MISSING in row for row in rows]
    assert ((entities == MISSING) == np.array(missing)).all()
    expected: dict[tuple[int, ...], int] = {}
    for row, entity in zip(rows, entities.tolist(), strict=True):
        if MISSING not in row:
            assert expected.setdefault(row, entity) == entity
    assert sorted(expected.values()) == list(range(len(expected)))
    assert (key.find(codes, 5000) == entities).all()
    unseen = {name: np.array([99], dtype=np.int32) for name in "abc"}
    assert key.find(unseen, 1).tolist() == [UNSEEN]
    assert key.memory_bytes > 0


def test_the_key_of_everything_has_one_entity():
    assert KeySpace(()).add({}, 3).tolist() == [0, 0, 0]


def test_the_price_grid_is_logarithmic():
    centres = price_centres()
    steps = np.diff(np.log(centres))
    assert len(centres) == BINS
    assert (steps > 0).all()
    assert steps.max() < 0.0157
    assert steps.min() > 0.0077


def test_numbers_are_rounded_to_even_units():
    values = np.array([0.125, 0.375, -1.23456, np.nan])
    units = encode(Number("v", "fixed", 2), values, "events", np.arange(4))
    assert units.tolist() == [12, 38, -123, np.iinfo(np.int64).min]
