import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.bundle import Calibrator
from riskml.errors import BundleError

slopes = st.floats(0.05, 5.0)


@settings(max_examples=50, deadline=None)
@given(a=slopes, b=slopes, c=st.floats(-5, 5))
def test_it_is_strictly_increasing(a: float, b: float, c: float) -> None:
    # Law: a higher raw score has a higher probability; no ties over the range of real scores.
    raw = np.linspace(-12, 5, 2000)
    probabilities = Calibrator("beta", a, b, c).probabilities(raw)
    assert (np.diff(probabilities) > 0).all()
    assert ((probabilities > 0) & (probabilities < 1)).all()


def test_the_identity_is_the_logistic_function() -> None:
    raw = np.linspace(-30, 30, 101)
    expected = 1 / (1 + np.exp(-raw))
    np.testing.assert_allclose(Calibrator("identity").probabilities(raw), expected, rtol=1e-12)


def test_equal_slopes_are_platts_method() -> None:
    raw = np.linspace(-8, 8, 33)
    np.testing.assert_allclose(
        Calibrator("platt", 0.7, 0.7, -1.0).log_odds(raw), 0.7 * raw - 1.0, atol=1e-12
    )


def test_extreme_scores_do_not_overflow() -> None:
    found = Calibrator("beta", 2.0, 0.5, 1.0).probabilities([-1e6, 0.0, 1e6])
    assert np.isfinite(found).all()
    assert found[0] < found[1] < found[2]


@pytest.mark.parametrize("numbers", [(0.0, 1.0, 0.0), (1.0, -1.0, 0.0), (1.0, 1.0, float("nan"))])
def test_one_that_is_not_increasing_is_refused(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(BundleError, match="not strictly increasing"):
        Calibrator("beta", *numbers)


def test_it_survives_json_to_the_last_bit() -> None:
    calibrator = Calibrator("beta", 0.1 + 0.2, 1 / 3, -np.pi)
    again = Calibrator.from_dict(json.loads(json.dumps(calibrator.to_dict())))
    assert again == calibrator
    with pytest.raises(BundleError, match=r"calibrator\.json"):
        Calibrator.from_dict({"method": "beta", "a": 1.0})
