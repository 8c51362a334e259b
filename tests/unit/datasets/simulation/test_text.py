import numpy as np
import pyarrow as pa
from stdnum import iso6346

from riskml.datasets.simulation.places import build_carriers
from riskml.datasets.simulation.text import (
    Words,
    choice,
    container_numbers,
    number_text,
    reals,
    scrambled,
    times,
)


def test_figures_are_those_of_python() -> None:
    values = np.array([0, 7, 12_345, 99_999_999_999, 10_000])
    for width in range(4, 12):
        for prefix in ("", "B", "images/IN"):
            expected = [f"{prefix}{value % 10**width:0{width}d}" for value in values.tolist()]
            assert number_text(prefix, values, width).to_pylist() == expected


def test_number_text_may_be_missing() -> None:
    text = number_text("BL", np.array([1, 2]), 3, np.array([True, False]))
    assert text.to_pylist() == ["BL001", None]
    text.validate(full=True)


def test_scrambling_keeps_numbers_apart() -> None:
    for width in (5, 10, 11):
        values = np.arange(50_000)
        result = scrambled(values, width)
        assert len(np.unique(result)) == len(values)
        assert (result >= 0).all()
        assert (result < 10**width).all()
    top = 10**11 - np.arange(1, 1000)
    assert len(np.unique(scrambled(top, 11))) == 999


def test_container_numbers_pass_their_check_digit() -> None:
    prefixes = build_carriers().prefixes
    rng = np.random.default_rng(0)
    owner = np.arange(3000) % len(prefixes)
    numbers = container_numbers(prefixes, owner, rng.integers(0, 1_000_000, 3000))
    assert all(iso6346.is_valid(number) for number in numbers.to_pylist())


def test_choice_reals_and_times_carry_missing_values() -> None:
    words = choice(np.array([1, -1, 0]), ("a", "b"), np.array([True, True, False]))
    assert words.to_pylist() == ["b", None, None]
    assert reals(np.array([1.5, 2.5]), np.array([True, False])).to_pylist() == [1.5, None]
    stamps = times(np.array([0, 1]), np.array([False, True]))
    assert stamps.type == pa.timestamp("us", tz="UTC")
    assert stamps.null_count == 1


def test_a_vocabulary_keeps_each_word_once() -> None:
    words = Words.of(["a", "b", "a"]).followed_by(["c", "b"])
    assert words.distinct.to_pylist() == ["a", "b", "c"]
    numbers = np.array([0, 1, 2, 3, 4, -1])
    assert choice(numbers, words).to_pylist() == ["a", "b", "a", "c", "b", None]
    assert len(words) == 5
