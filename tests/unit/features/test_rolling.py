"""The compiled reduction against numpy's, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from riskml.features.batch import Batch, roll


def oracle(values: np.ndarray, starts: np.ndarray, how: str) -> np.ndarray:
    """Reduce group by group, as it is described."""
    found = []
    for group in np.split(values, starts[1:]):
        known = ~np.isnan(group)
        if how in ("max", "min"):
            found.append((np.fmax if how == "max" else np.fmin).reduce(group, axis=0))
            continue
        total = np.where(known, group, 0.0)[0]
        for row in np.where(known, group, 0.0)[1:]:
            total = total + row
        total = np.where(known.any(axis=0), total, np.nan)
        found.append(total if how == "sum" else total / np.maximum(known.sum(axis=0), 1))
    return np.array(found)


numbers = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, np.nan, np.inf, 1e300]), st.floats(allow_infinity=False)
)


@pytest.mark.parametrize("how", ["max", "min", "sum", "mean"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_lines_are_reduced_as_numpy_does(how: str, data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    shape = (sum(sizes), data.draw(st.integers(1, 3)))
    values = data.draw(st_numpy.arrays(np.float64, shape, elements=numbers))
    owner = np.repeat(np.arange(len(sizes)), sizes)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    batch = Batch("declaration", {}, {}, {}, owner, starts)
    with np.errstate(all="ignore"):
        expected = oracle(values, starts, how)
    found = roll(batch, values, how)
    np.testing.assert_array_equal(found, expected)
    assert roll(batch, values[:, 0], how).tobytes() == found[:, 0].tobytes()


def test_a_group_without_any_value_is_missing() -> None:
    batch = Batch("declaration", {}, {}, {}, np.array([0, 0, 1]), np.array([0, 2]))
    values = np.array([np.nan, np.nan, -0.0])
    for how in ("max", "min", "sum", "mean"):
        found = roll(batch, values, how)
        assert np.isnan(found[0])
        assert found[1] == 0.0
        assert np.signbit(found[1])
