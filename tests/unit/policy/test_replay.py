"""A rehearsed policy knows what it earned and nothing else; the truth beats them all."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskml.datasets import Tables
from riskml.datasets.tables import load_tables
from riskml.errors import LabelError, PolicyError, UsageError
from riskml.features.catalogue import feature_set
from riskml.features.compute import compute_features
from riskml.policy.day import Day, Picks
from riskml.policy.knowledge import Earned
from riskml.policy.policies import POLICIES, Policy, choose_policies
from riskml.policy.references import REFERENCES, knowledge_of, reference
from riskml.policy.rehearsal import Rehearsal, prepare
from riskml.policy.replay import Replay, Setup, open_environment, replay
from tests.unit.policy.conftest import FIRST, LAST

pytestmark = pytest.mark.slow


def run(name: str, rehearsal: Rehearsal, setup: Setup) -> Replay:
    policy = POLICIES[name] if name in POLICIES else reference(name, rehearsal)
    return replay(rehearsal, policy, setup, knowledge=knowledge_of(name))


@pytest.fixture(scope="module")
def played(rehearsal, setup) -> dict[str, Replay]:
    return {name: run(name, rehearsal, setup) for name in (*POLICIES, *REFERENCES)}


def test_every_policy_spends_the_same_budget_and_nobody_twice(played) -> None:
    budgets = [done.days["picks"].tolist() for done in played.values()]
    assert all(budget == budgets[0] for budget in budgets)
    assert sum(budgets[0]) > 100
    assert all(done.picks["key"].is_unique for done in played.values())


def test_nothing_ranks_better_than_the_true_probability(played, rehearsal) -> None:
    truth = rehearsal.envelope["probability"].to_numpy()
    found = {
        name: done.picks.assign(p=truth[done.picks["row"]]).groupby("date")["p"].sum()
        for name, done in played.items()
    }
    for name, per_day in found.items():
        assert (per_day <= found["oracle"] + 1e-9).all(), name
    totals = {name: per_day.sum() for name, per_day in found.items()}
    assert totals["full_information"] > totals["random"]
    assert totals["model_exploration"] > totals["random"]


def test_the_legacy_reference_takes_whom_the_data_shows(played, rehearsal) -> None:
    inside = rehearsal.arrivals["date"].isin(rehearsal.days).to_numpy()
    inspected = np.flatnonzero(rehearsal.envelope["legacy"].to_numpy() & inside)
    taken = set(played["legacy"].picks["row"])
    assert len(taken) > len(inspected), "capacity is larger here, the rest is drawn at random"
    assert np.mean([row in taken for row in inspected]) > 0.9


def test_models_are_trained_on_schedule(played) -> None:
    for name, done in played.items():
        days = done.days.loc[done.days["trained"], "date"]
        if name not in {"full_information", *(n for n, p in POLICIES.items() if p.learns)}:
            assert days.empty
            continue
        gaps = days.diff().dropna()
        assert len(days) >= 3
        assert (gaps == timedelta(days=7)).all(), name


def _named(*quick: str) -> list[Any]:
    """Return all policies, those that are not named only in the full run."""
    return [
        name if name in quick else pytest.param(name, marks=pytest.mark.full) for name in POLICIES
    ]


@pytest.mark.parametrize("name", _named("risky_profile", "model_exploration"))
def test_what_was_not_picked_changes_nothing(name, played, rehearsal, setup) -> None:
    """Turn every outcome that the policy did not earn into its opposite: it does the same."""
    earned = np.zeros(len(rehearsal), dtype=bool)
    earned[played[name].picks["row"]] = True
    earned[rehearsal.before] = True
    sealed = rehearsal.envelope.copy()
    for column in ("violation", "finds", "suspicious"):
        sealed[column] = np.where(earned, sealed[column], 1 - sealed[column])
    sealed["delay"] = sealed["delay"].where(earned, pd.Timedelta(hours=1))
    sealed["probability"] = np.where(earned, sealed["probability"], 1 - sealed["probability"])
    again = run(name, replace(rehearsal, envelope=sealed), setup)
    pd.testing.assert_frame_equal(again.picks, played[name].picks)


@pytest.mark.parametrize("name", _named("adaptive"))
def test_what_is_not_closed_yet_changes_nothing(name, played, rehearsal, setup) -> None:
    """Outcomes that close later than a day cannot change what was picked by then."""
    middle = rehearsal.days[len(rehearsal.days) // 2]
    sealed = rehearsal.envelope.copy()
    decided = rehearsal.arrivals["decision_time"]
    until = decided[rehearsal.arrivals["date"] == middle].max()
    later = (decided + sealed["delay"] >= until).to_numpy()
    sealed["finds"] = np.where(later, 1 - sealed["finds"], sealed["finds"])
    again = run(name, replace(rehearsal, envelope=sealed), setup).picks
    before = played[name].picks
    pd.testing.assert_frame_equal(again[again["date"] <= middle], before[before["date"] <= middle])


def test_features_are_those_of_the_house_on_the_policys_own_outcomes(
    folder, played, rehearsal, setup
) -> None:
    """The incremental history equals the batch on an inspections table of the picks alone."""
    picks = played["model_exploration"].picks
    last = rehearsal.days[-1]
    picks = picks[picks["date"] < last]
    rows = np.concatenate([rehearsal.before, picks["row"].to_numpy()])
    sealed, shown = rehearsal.envelope.iloc[rows], rehearsal.arrivals.iloc[rows]
    decided = shown["decision_time"].reset_index(drop=True)
    listed = rehearsal.arrivals.groupby("date")["decision_time"].max().loc[shown["date"]]
    listed = listed.reset_index(drop=True).where(np.arange(len(rows)) >= len(rehearsal.before))
    heads = rehearsal.rollup.consignments.iloc[rows].reset_index(drop=True)
    sealed = sealed.reset_index(drop=True)
    own = pd.DataFrame(
        {
            "inspection_id": [f"I{number}" for number in range(len(rows))],
            "bill_no": heads["bill_no"],
            "container_no": heads["container_no"],
            "declaration_id": heads["declaration_id"],
            "selected_at": decided,
            "scanned_at": _not_before(decided + sealed["scan_delay"], listed),
            "scan_finding": np.where(sealed["suspicious"] == 1, "suspicious", "clear"),
            "closed_at": _not_before(decided + sealed["delay"], listed),
            "result": np.where(sealed["finds"] == 1, "violation", "no_violation"),
        }
    )
    tables = load_tables(folder)
    tables = Tables(manifests=tables.manifests, declarations=tables.declarations, inspections=own)
    wanted = np.flatnonzero((rehearsal.arrivals["date"] == last).to_numpy())
    keys = set(rehearsal.arrivals["key"].iloc[wanted])
    frame = compute_features(
        tables,
        "declaration",
        feature_set("declaration"),
        keep=lambda c: c["consignment_id"].isin(keys).to_numpy(),
    )
    known = Earned(rehearsal)
    environment = open_environment(rehearsal, setup.capacity)
    since = None
    for day, chosen in picks.groupby("date"):
        now = environment.arrive(day)["decision_time"].max()
        known.learn(environment.outcomes(now, since), environment.findings(now, since))
        environment.pick(chosen["key"].tolist())
        since = now
    now = environment.arrive(last)["decision_time"].max()
    known.learn(environment.outcomes(now, since), environment.findings(now, since))
    matrix = known.features(wanted)
    names = rehearsal.outcome_features.names
    frame = frame.set_index("consignment_id").loc[rehearsal.arrivals["key"].iloc[wanted]]
    made = matrix[:, rehearsal.shared.shape[1] :]
    np.testing.assert_array_equal(made, frame[list(names)].to_numpy(np.float32))
    hits = list(names).index("importer_id__known__365d")
    assert np.nansum(made[:, hits]) > 0


def _not_before(when: pd.Series, listed: pd.Series) -> pd.Series:
    return when.where(when.isna() | listed.isna() | (when >= listed), listed)


def cheat(choose) -> Policy:
    return Policy("cheat", choose, learns=False, about="cheats")


def all_of(day: Day) -> Picks:
    keys = day.arrivals["key"].tolist()
    return Picks(keys, ("model",) * len(keys), np.ones(len(keys)), 0.0)


def peek(day: Day) -> Picks:
    day.outcome_of(day.arrivals["key"].iloc[0])
    return day.draw(np.zeros(len(day)))


def foresee(day: Day) -> Picks:
    day._environment.outcomes(day.now + pd.Timedelta(days=1))
    return day.draw(np.zeros(len(day)))


def elsewhere(day: Day) -> Picks:
    return Picks(["nobody"], ("model",), np.zeros(len(day)), 0.0)


def nonsense(day: Day) -> Picks:
    return day.draw(np.full(len(day), np.nan))


@pytest.mark.parametrize(
    ("choose", "words"),
    [
        (all_of, "the capacity is"),
        (peek, "was never picked"),
        (foresee, "lies in the future"),
        (elsewhere, "did not arrive today"),
        (nonsense, "not finite"),
    ],
)
def test_a_cheating_policy_is_stopped(choose, words, rehearsal, setup) -> None:
    with pytest.raises(PolicyError, match=words):
        replay(rehearsal, cheat(choose), setup)


def test_a_policy_is_shown_no_truth(rehearsal, setup) -> None:
    def look(day: Day) -> Picks:
        assert set(day.arrivals) == {"key", "date", "office", "mode", "decision_time"}
        assert not {"violation", "probability"} & set(day.columns.names)
        return day.draw(np.zeros(len(day)))

    assert len(replay(rehearsal, cheat(look), setup).picks)


def test_a_seed_gives_one_rehearsal(played, rehearsal, setup) -> None:
    again = run("thompson", rehearsal, setup)
    pd.testing.assert_frame_equal(again.picks, played["thompson"].picks)
    other = run("random", rehearsal, replace(setup, seed=4))
    assert set(other.picks["key"]) != set(played["random"].picks["key"])


def test_days_without_a_label_say_which_day_has_one(folder) -> None:
    with pytest.raises(LabelError, match=r"the first becomes known on 2020-06-\d\d: start after"):
        prepare(folder, "declaration", FIRST - timedelta(days=35), LAST)
    with pytest.raises(UsageError, match="nothing arrives from 2021-01-01"):
        prepare(folder, "declaration", FIRST.replace(2021, 1, 1), LAST.replace(2021, 1, 2))
    with pytest.raises(UsageError, match="is later than --to"):
        prepare(folder, "declaration", LAST, FIRST)


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown policy 'clever'"):
        choose_policies(["rules", "clever"])
    with pytest.raises(UsageError, match="named twice"):
        choose_policies(["rules", "rules"])
