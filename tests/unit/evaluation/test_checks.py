from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskml.datasets.consignments import Rollup
from riskml.evaluation.checks import Evidence, raw_columns, run_checks
from riskml.evaluation.checks.drift import population_stability
from riskml.evaluation.checks.leak import Slices, check_golden_column, check_golden_tuple
from riskml.evaluation.checks.rows import check_dead_features, check_overlap, check_selection
from tests.oracles.synthetic import make_world

KCS = Path(__file__).parents[4] / "shared" / "data" / "kcs"


def glued(seed: int = 0, size: int = 6000) -> Slices:
    """Rows copied whole in three columns with their label; the other columns are drawn apart."""
    rng = np.random.default_rng(seed)
    pool = pd.DataFrame(
        {
            "goods": rng.integers(0, 60, 900),
            "mass": rng.integers(0, 80, 900),
            "origin": rng.integers(0, 12, 900),
        }
    )
    outcome = (rng.random(900) < 0.1).astype(float)
    drawn = rng.integers(0, 900, size)
    raw = pool.iloc[drawn].reset_index(drop=True)
    raw["office"] = rng.integers(0, 8, size)
    raw["constant"] = 1
    raw["party"] = rng.integers(0, 3000, size)
    cut = int(0.7 * size)
    return Slices(raw, outcome[drawn], np.arange(cut), np.arange(cut, size))


def test_the_search_names_the_glued_columns_and_no_other() -> None:
    found = check_golden_tuple(glued())
    assert found.status == "found"
    assert found.details["columns"] == ["goods", "mass", "origin"]
    assert "(goods, mass, origin)" in found.sentence
    assert found.details["lookup_hit_rate"] > 0.95


def test_the_look_up_stands_beside_the_model() -> None:
    slices = glued()
    chance = np.random.default_rng(1).random(len(slices.later))
    found = check_golden_tuple(replace(slices, scores=chance))
    assert found.details["model_hit_rate"] < 0.3
    assert found.details["gain_over_model"]["low"] > 0.5
    assert "the model has" in found.sentence


def test_honest_columns_are_no_leak() -> None:
    rng = np.random.default_rng(2)
    raw = pd.DataFrame({name: rng.integers(0, 20, 5000) for name in "abcdef"})
    risk = 0.02 + 0.1 * (raw["a"] < 5) + 0.1 * (raw["b"] < 5)
    labels = (rng.random(5000) < risk).to_numpy(dtype=float)
    slices = Slices(raw, labels, np.arange(3500), np.arange(3500, 5000), risk.to_numpy()[3500:])
    assert check_golden_tuple(slices).status == "ok"
    assert check_golden_column(slices).status == "ok"


def test_a_code_written_after_the_outcome_is_named_with_its_value() -> None:
    rng = np.random.default_rng(3)
    labels = (rng.random(3000) < 0.05).astype(float)
    source = np.where((labels == 1) & (rng.random(3000) < 0.4), "U", "W")
    raw = pd.DataFrame({"source": source, "port": rng.choice(["A", "B"], 3000)})
    found = check_golden_column(Slices(raw, labels, np.arange(2000), np.arange(2000, 3000)))
    assert found.status == "found"
    assert "source = 'U'" in found.sentence
    assert [value["column"] for value in found.details["values"]] == ["source"]


def test_a_whole_column_that_gives_the_outcome_away_is_named() -> None:
    rng = np.random.default_rng(4)
    labels = (rng.random(3000) < 0.1).astype(float)
    raw = pd.DataFrame({"verdict": labels.astype(int), "port": rng.integers(0, 5, 3000)})
    slices = Slices(raw, labels, np.arange(2000), np.arange(2000, 3000))
    found = check_golden_column(slices)
    assert list(found.details["hit_rates"]) == ["verdict"]
    # What RK002 names, RK001 does not repeat.
    assert check_golden_tuple(slices).status == "ok"


def test_few_violations_are_not_judged() -> None:
    raw = pd.DataFrame({"a": np.arange(100)})
    labels = np.zeros(100)
    labels[:3] = 1
    slices = Slices(raw, labels, np.arange(50), np.arange(50, 100))
    for check in (check_golden_tuple, check_golden_column):
        found = check(slices)
        assert found.status == "not_applicable"
        assert "3 violations" in found.sentence


@pytest.mark.slow
@pytest.mark.skipif(not KCS.is_dir(), reason="the public data set is not here")
def test_the_leak_of_the_public_set_is_named_with_its_six_columns() -> None:
    parts = [pd.read_csv(KCS / f"df_syn_{name}_eng.csv") for name in ("train", "valid")]
    rows = pd.concat(parts, ignore_index=True)
    raw = rows.drop(columns=["Declaration ID", "Date", "Fraud", "Critical Fraud"])
    cut = len(parts[0])
    labels = rows["Fraud"].to_numpy(dtype=float)
    found = check_golden_tuple(Slices(raw, labels, np.arange(cut), np.arange(cut, len(rows))))
    assert set(found.details["columns"]) == {
        "HS6 Code",
        "Country of Departure",
        "Country of Origin",
        "Tax Rate",
        "Tax Type",
        "Net Mass",
    }
    assert found.details["lookup_hit_rate"] > 0.99


def evidence(seed: int = 0) -> Evidence:
    world = make_world(3000, seed)
    frame = world.labelled
    half = len(frame) // 2
    return Evidence(
        frame,
        world.feature_set,
        np.arange(half),
        np.arange(half, len(frame)),
        arrivals=1500,
        trained_until=frame["decision_time"].iloc[half],
    )


def test_every_code_answers_once_and_in_order() -> None:
    codes = [finding.code for finding in run_checks(evidence())]
    assert codes == [f"RK00{number}" for number in range(1, 9)]


def test_without_raw_columns_the_leak_checks_say_that_they_did_not_look() -> None:
    found = {finding.code: finding for finding in run_checks(evidence())}
    assert found["RK001"].status == "not_applicable"
    assert "no raw column" in found["RK001"].sentence
    assert found["RK003"].status == "ok"
    assert found["RK005"].status == "ok"
    assert found["RK006"].status == "ok"
    assert found["RK007"].status == "ok"  # propensities are logged


def test_overlap_is_found_by_identity_and_by_date() -> None:
    base = evidence()
    frame = base.frame.copy()
    frame.loc[base.later[0], "consignment_id"] = frame.loc[0, "consignment_id"]
    found = check_overlap(frame, base.earlier, base.later, base.trained_until)
    assert found.status == "found"
    assert found.details["seen_in_both"] == 1
    later = base.trained_until + pd.Timedelta(days=30)  # type: ignore[operator]
    assert check_overlap(base.frame, base.earlier, base.later, later).status == "found"
    unknown = check_overlap(base.frame, base.earlier, base.later, None)
    assert unknown.status == "not_applicable"


def test_an_outcome_known_at_the_decision_is_found() -> None:
    base = evidence()
    frame = base.frame.copy()
    frame.loc[base.later[:20], "label_known_at"] = frame.loc[base.later[:20], "decision_time"]
    found = {f.code: f for f in run_checks(replace(base, frame=frame))}["RK006"]
    assert found.status == "found"
    assert found.details["rows"] == 20


def test_selection_without_propensity_is_found() -> None:
    frame = evidence().frame.assign(propensity=np.nan)
    assert check_selection(len(frame) * 5, frame).status == "found"
    assert check_selection(len(frame), frame).status == "ok"
    assert check_selection(10, frame.iloc[:0]).status == "not_applicable"


def test_dead_features_are_counted() -> None:
    base = evidence()
    frame = base.frame.assign(noise=1.0, log_customs_value=np.nan)
    found = check_dead_features(frame, base.feature_set, base.earlier)
    assert found.details == {"missing": ["log_customs_value"], "constant": ["noise"]}


def test_drift_is_found_where_a_feature_moved() -> None:
    base = evidence()
    frame = base.frame.copy()
    frame.loc[base.later, "log_customs_value"] += 3
    frame.loc[base.later, "chapter"] = "99"
    found = {f.code: f for f in run_checks(replace(base, frame=frame))}["RK005"]
    assert set(found.details["index"]) == {"log_customs_value", "chapter"}


def test_the_stability_index_of_two_samples_of_one_population_is_its_noise() -> None:
    rng = np.random.default_rng(0)
    indices, noise = [], 0.0
    for _ in range(30):
        sample = pd.Series(rng.normal(size=400)).where(rng.random(400) < 0.9)
        value, noise = population_stability(sample[:200], sample[200:])
        indices.append(value)
    assert np.mean(indices) == pytest.approx(noise, rel=0.3)


def test_raw_columns_are_the_first_lines_without_identifiers() -> None:
    times = pd.to_datetime(["2021-01-01", "2021-01-02"], utc=True)
    consignments = pd.DataFrame({"consignment_id": ["a", "b"], "decision_time": times})
    lines = pd.DataFrame(
        {
            "declaration_id": ["1", "1", "2"],
            "line_no": [1, 2, 1],
            "lodged_at": times[[0, 0, 1]],
            "commodity_code": ["01", "02", "03"],
            "invalid_origin_country": [False] * 3,
            "empty": pd.Series([np.nan] * 3, dtype="str"),
        }
    )
    rollup = Rollup("declaration", consignments, lines, np.array([0, 0, 1]), None)
    found = raw_columns(rollup, consignments.iloc[::-1])
    assert list(found.columns) == ["commodity_code"]
    assert found["commodity_code"].tolist() == ["03", "01"]
