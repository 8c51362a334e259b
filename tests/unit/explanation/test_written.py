import json
import threading
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.explanation import ReasonBook, ReasonWriter, reasons_of, sentences, written
from riskml.features import Feature
from riskml.features.catalogue import feature_set
from tests.support.tiny_bundle import random_columns, small_set

SMALL = small_set()


def _expected(book: ReasonBook, contributions: np.ndarray, columns: Any) -> list[bytes]:
    return [
        msgspec.json.encode([reason.to_dict() for reason in reasons])
        for reasons in reasons_of(book, contributions, columns)
    ]


def _matrix(book: ReasonBook, columns: Any) -> np.ndarray:
    """Return what an encoder makes of the columns."""
    encoded = [
        columns[f.name] if f.kind == "number" else np.arange(len(columns[f.name]))
        for f in book.features
    ]
    matrix = np.array(encoded, dtype=np.float64).T
    matrix[np.isinf(matrix)] = np.nan
    return matrix


def _check(writer: ReasonWriter, book: ReasonBook, contributions: np.ndarray, columns: Any) -> None:
    found = writer.write(contributions, columns, _matrix(book, columns))
    assert [each.content for each in found] == _expected(book, contributions, columns)
    for each in found:
        assert f'"{each.quoted}"' == json.dumps(each.content.decode())


@pytest.mark.parametrize("rows", [1, 5, 60])
@pytest.mark.parametrize("stage", ["pre_arrival", "declaration"])
def test_what_is_put_together_is_what_would_be_written(stage: str, rows: int) -> None:
    features = feature_set(stage)
    book, rng = ReasonBook.of(features), np.random.default_rng(rows)
    writer = ReasonWriter(book, msgspec.json.encode)
    columns = random_columns(features, rows, 3)
    for feature in features.features[::3]:
        if feature.kind == "number":
            columns[feature.name][rng.random(rows) < 0.3] = np.nan
            columns[feature.name][rng.random(rows) < 0.1] = -0.0
    for _ in range(2):
        contributions = rng.normal(size=(rows, len(features.features))).round(1)
        _check(writer, book, contributions, columns)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([-1.0, -1e-9, 0.0, 5e-324, 0.005, 0.7]), min_size=6, max_size=6),
        min_size=1, max_size=20,
    ),
    st.integers(0, 5),
)  # fmt: skip
def test_small_and_equal_contributions_read_alike(rows: list[list[float]], seed: int) -> None:
    book = ReasonBook.of(SMALL)
    writer = ReasonWriter(book, msgspec.json.encode)
    _check(writer, book, np.array(rows), random_columns(SMALL, len(rows), seed))


def test_texts_of_any_kind_are_escaped_as_they_must() -> None:
    words = replace(SMALL, features=tuple(f for f in SMALL.features if f.kind != "number"))
    book = ReasonBook.of(words)
    writer = ReasonWriter(book, msgspec.json.encode)
    values = ['quo"te', "back\\slash", "tab\tin", "ßharp", "đ", "\U0001f6a2", "", None, "a\x7fb"]
    columns = {name: np.array(values, dtype=object) for name in (f.name for f in words.features)}
    contributions = np.full((len(values), len(words.features)), 0.25)
    _check(writer, book, contributions, columns)


def test_no_contribution_gives_an_empty_list() -> None:
    book, columns = ReasonBook.of(SMALL), random_columns(SMALL, 2, 1)
    nothing = np.zeros((2, len(SMALL.features)))
    found = ReasonWriter(book, msgspec.json.encode).write(nothing, columns, _matrix(book, columns))
    assert found == [(b"[]", "[]")] * 2


def test_what_means_the_same_is_said_once_in_whatever_pieces() -> None:
    features = replace(
        SMALL,
        features=(
            Feature("importer_id__count__30d", "number", "history", "a", "b"),
            Feature("importer_id__count__90d", "number", "history", "a", "b"),
        ),
    )
    book = ReasonBook.of(features)
    columns = {f.name: np.array([np.nan]) for f in features.features}
    contributions = np.array([[0.5, 0.25]])
    _check(ReasonWriter(book, msgspec.json.encode), book, contributions, columns)
    (reason,) = reasons_of(book, contributions, columns)[0]
    assert ";" not in reason.text_en


def test_threads_that_forget_while_others_write_spoil_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(written, "MOST_PIECES", 100)
    monkeypatch.setattr(written, "MOST_TOLD", 3)
    monkeypatch.setattr(sentences, "MOST_REMEMBERED", 3)
    book = ReasonBook.of(SMALL)
    writer = ReasonWriter(book, msgspec.json.encode)
    rng = np.random.default_rng(4)
    work = [(rng.normal(size=(30, 6)), random_columns(SMALL, 30, seed)) for seed in range(8)]
    expected = [_expected(book, *each) for each in work]
    wrong: list[int] = []

    def ask(number: int) -> None:
        for turn in range(10):
            chosen = (number + turn) % len(work)
            given = (*work[chosen], _matrix(book, work[chosen][1]))
            found = [each.content for each in writer.write(*given)]
            if found != expected[chosen]:
                wrong.append(chosen)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
