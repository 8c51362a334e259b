"""Verification in two stages against scans whose every content is known."""

from datetime import date

import numpy as np
import pytest

from riskml.datasets.simulation import build_config, simulate
from riskml.datasets.simulation.parameters_risk import SCHEMES
from riskml.errors import InputError
from riskml.policy import correct_verification

SCANS = 8000


def scans(rng: np.random.Generator, open_clear: float) -> tuple[np.ndarray, ...]:
    """Draw scans: readers see seven of ten violations; nearly all suspicious ones are opened."""
    violation = rng.random(SCANS) < 0.02
    suspicious = np.where(violation, rng.random(SCANS) < 0.7, rng.random(SCANS) < 0.03)
    opened = np.where(suspicious, rng.random(SCANS) < 0.95, rng.random(SCANS) < open_clear)
    return suspicious, opened, violation.astype(float)


def test_the_bias_of_both_naive_rates_is_removed_and_the_interval_covers() -> None:
    rng = np.random.default_rng(3)
    values, covered, low, high, seen = [], [], [], [], []
    for _ in range(600):
        suspicious, opened, violation = scans(rng, 0.1)
        known = np.where(opened, violation, np.nan)
        found = correct_verification(suspicious, opened, known)
        truth = violation.mean()
        values.append(found.prevalence.value - truth)
        covered.append(found.prevalence.low <= truth <= found.prevalence.high)
        low.append(found.unverified_as_clean - truth)
        high.append(found.among_opened - truth)
        seen.append(found.sensitivity)
    error = np.std(values) / len(values) ** 0.5
    assert abs(np.mean(values)) < 4 * error
    assert max(low) < 0
    assert min(high) > 0
    assert np.mean(covered) >= 0.93
    assert np.mean(seen) == pytest.approx(0.7, abs=0.03)


def test_where_all_are_opened_nothing_is_corrected() -> None:
    suspicious, _, violation = scans(np.random.default_rng(1), 1.0)
    found = correct_verification(suspicious, np.ones(SCANS, dtype=bool), violation)
    assert found.prevalence.value == pytest.approx(violation.mean())
    assert found.unverified_as_clean == found.among_opened == pytest.approx(violation.mean())
    assert found.sensitivity == pytest.approx(suspicious[violation == 1].mean())
    assert found.specificity == pytest.approx(1 - suspicious[violation == 0].mean())


def test_what_nothing_can_be_said_of_is_refused() -> None:
    suspicious, opened, violation = scans(np.random.default_rng(1), 0.0)
    with pytest.raises(InputError, match=r"none of \d+ clear scans was opened"):
        correct_verification(suspicious, opened, violation)
    with pytest.raises(InputError, match="nothing was scanned"):
        correct_verification(suspicious[:0], opened[:0], violation[:0])
    with pytest.raises(InputError, match="no result"):
        correct_verification(suspicious, ~opened, np.full(SCANS, np.nan))


def test_without_a_violation_sensitivity_is_undefined() -> None:
    suspicious = np.array([True, False, False])
    found = correct_verification(suspicious, np.ones(3, dtype=bool), np.zeros(3))
    assert found.prevalence.value == 0
    assert found.sensitivity is None
    assert found.specificity == pytest.approx(2 / 3)


@pytest.mark.slow
def test_the_correction_holds_on_the_truth_of_the_simulated_world() -> None:
    # Readers who miss enough for the correction to matter, whatever the seed.
    config = build_config({"schemes": {name: {"sensitivity": 0.7} for name in SCHEMES}})
    world = simulate(config, start=date(2019, 7, 1), days=365, scale=0.2, seed=5)
    keys = ["bill_no", "container_no"]
    truth = world.truth.drop_duplicates(keys)
    looked = world.inspections[[*keys, "scan_finding"]].dropna(subset=["scan_finding"])
    done = looked.merge(truth[[*keys, "violation"]], on=keys)
    violation = done["violation"].to_numpy(np.float64)
    suspicious = (done["scan_finding"] == "suspicious").to_numpy()
    inspection = config.inspection
    chance = np.where(suspicious, inspection.opened_suspicious, inspection.opened_clear)
    rng = np.random.default_rng(1)
    values, covered, low, high = [], [], [], []
    for _ in range(400):  # which images are opened is drawn again
        opened = rng.random(len(done)) < chance
        found = correct_verification(suspicious, opened, np.where(opened, violation, np.nan))
        values.append(found.prevalence.value)
        covered.append(found.prevalence.low <= violation.mean() <= found.prevalence.high)
        low.append(found.unverified_as_clean)
        high.append(found.among_opened)
    error = np.std(values) / len(values) ** 0.5
    assert abs(np.mean(values) - violation.mean()) < 4 * error
    assert np.mean(low) < violation.mean() - 4 * error
    assert np.mean(high) > violation.mean() + 4 * error
    assert np.mean(covered) >= 0.93
