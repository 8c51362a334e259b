"""A policy's hit rate from another's log, against the truth that only a rehearsal knows."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from riskml.policy.off_policy import METHODS, chances_of, estimate_from_log
from riskml.policy.policies import POLICIES
from riskml.policy.rehearsal import Rehearsal
from riskml.policy.replay import Replay, Setup, replay
from riskml.selection.lottery import draw

ARRIVALS, DAYS = 300, 20


def log_of(rng: np.random.Generator, seen: np.ndarray, seed: int) -> pd.DataFrame:
    """Return a log of many days: the house's draw of a tenth, two fifths of it at random."""
    parts = []
    for day in range(DAYS):
        rows = np.arange(day * ARRIVALS, (day + 1) * ARRIVALS)
        drawn = draw(
            rows.astype(str).astype(object), seen[rows], np.zeros(ARRIVALS, dtype=bool),
            budget=ARRIVALS // 10, exploration=Fraction(2, 5), seed=seed, stratum=(str(day),),
        )  # fmt: skip
        picked = np.isin(np.arange(ARRIVALS), drawn.selected)
        parts.append(pd.DataFrame({"row": rows, "propensity": drawn.propensity, "in": picked}))
    return pd.concat(parts, ignore_index=True)


def best(values: np.ndarray) -> np.ndarray:
    """Return the rows of the highest tenth of each day."""
    order = np.argsort(-values.reshape(DAYS, ARRIVALS), axis=1)[:, : ARRIVALS // 10]
    return np.sort((order + ARRIVALS * np.arange(DAYS)[:, None]).ravel())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("redraws", "least"), [(40, 0.85), pytest.param(400, 0.93, marks=pytest.mark.full)]
)
def test_intervals_cover_over_redraws_of_the_log(redraws: int, least: float) -> None:
    rng = np.random.default_rng(3)
    risk = rng.normal(0, 1, ARRIVALS * DAYS)
    chance = 1 / (1 + np.exp(5.5 - 1.5 * risk))
    finds = (rng.random(len(risk)) < chance).astype(float)
    seen, other = (risk + rng.normal(0, 1, len(risk)) for _ in range(2))
    model = 1 / (1 + np.exp(5 - seen))
    targets = {"another model": best(other), "random": best(rng.random(len(risk)))}
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    truth = {name: 100 * finds[rows].mean() for name, rows in targets.items()}
    for seed in range(redraws):
        log = log_of(rng, seen, seed).assign(probability=model)
        inspected = log.loc[log["in"], ["row"]].assign(finds=lambda f: finds[f["row"]])
        for name, rows in targets.items():
            picks = pd.DataFrame({"row": rows, "finds": finds[rows]})
            told = estimate_from_log(log, inspected, picks)
            assert told["truth"] == pytest.approx(truth[name])
            for method in METHODS:
                one = told[method]
                values = one["value"], one["low"], one["high"]
                found.setdefault((name, method), []).append(values)
    for (name, method), estimates in found.items():
        value, low, high = np.array(estimates).T
        error = value.std() / redraws**0.5
        assert abs(value.mean() - truth[name]) < 4 * error + 0.1 * value.std(), (name, method)
        covered = np.mean((low <= truth[name]) & (truth[name] <= high))
        assert covered >= least, (name, method, covered)


def _frames(rehearsal: Rehearsal, done: Replay) -> tuple[pd.DataFrame, pd.DataFrame]:
    finds = rehearsal.envelope["finds"].to_numpy()[done.picks["row"]]
    return chances_of(done), pd.DataFrame({"row": done.picks["row"], "finds": finds})


@pytest.fixture(scope="module")
def frames(rehearsal, setup) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    names = ("random", "risky_profile", "model_exploration")
    return {name: _frames(rehearsal, replay(rehearsal, POLICIES[name], setup)) for name in names}


@pytest.mark.slow
def test_a_rehearsal_tells_of_policies_that_were_not_followed(frames) -> None:
    log, inspected = frames["model_exploration"]
    assert ((log["probability"] > 0) & (log["probability"] < 1)).all()
    for name in ("random", "risky_profile"):
        told = estimate_from_log(log, inspected, frames[name][1])
        assert told["unsupported"] == 0
        for method in METHODS:
            one = told[method]
            assert one["low"] <= told["truth"] <= one["high"], (name, method)
            assert one["width"] == pytest.approx(one["high"] - one["low"])


def test_policies_draw_lots_of_their_own(rehearsal, setup: Setup, frames) -> None:
    """With common lots all that the log explores would be among the picks at random."""
    log, inspected = frames["model_exploration"]
    explored = log["row"].isin(inspected["row"]) & (log["propensity"] < 1)
    share = log.loc[explored, "row"].isin(frames["random"][1]["row"]).mean()
    assert share < 0.5, "the share of all arrivals that are picked at random is about 0.2"
    again = replay(rehearsal, POLICIES["random"], replace(setup, seed=setup.seed + 1))
    assert set(again.picks["row"]) != set(frames["random"][1]["row"])


def test_without_support_there_is_no_estimate(frames) -> None:
    log, inspected = frames["risky_profile"]
    assert (log["propensity"] == 0).any(), "it never explores"
    told = estimate_from_log(log, inspected, frames["random"][1])
    assert told["unsupported"] > 50
    assert all(told[method] is None for method in METHODS)
    assert 0 <= told["shared"] < 50


def test_with_nothing_inspected_a_rate_is_bounded_but_not_normalised() -> None:
    chances = pd.DataFrame({"row": range(1000), "propensity": 0.5, "probability": np.nan})
    picks = pd.DataFrame({"row": range(1000), "finds": 0})
    told = estimate_from_log(chances, picks.iloc[:0], picks)
    assert told["self_normalised"] is None
    assert told["shared"] == 0
    assert told["horvitz_thompson"]["low"] == told["horvitz_thompson"]["value"] == 0
    assert 0 < told["horvitz_thompson"]["high"] < 1


def test_what_both_inspect_for_certain_is_known() -> None:
    chances = pd.DataFrame({"row": [3, 5, 8], "propensity": 1.0, "probability": np.nan})
    picks = pd.DataFrame({"row": [8, 3], "finds": [1, 0]})
    told = estimate_from_log(chances, pd.DataFrame({"row": [3, 5, 8], "finds": [0, 1, 1]}), picks)
    for method in METHODS:
        assert told[method] == pytest.approx({"value": 50, "low": 50, "high": 50, "width": 0})
