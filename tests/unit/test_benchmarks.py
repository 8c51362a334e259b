"""What the comparisons with peers rest on: fair splits in time, and pooled paired differences."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.kept import Kept
from benchmarks.peers import PEERS, Raw, default_scores, tuned_scores
from benchmarks.simulation import World, top_of
from benchmarks.worlds import Judged, compared
from riskml.evaluation.metrics import roc_auc


def raw(size: int = 900) -> tuple[Raw, np.ndarray]:
    rng = np.random.default_rng(2)
    kind = rng.choice(["a", "b", "c", None], size)
    value = rng.normal(size=size)
    y = (rng.random(size) < 1 / (1 + np.exp(2.5 - value - 2 * (kind == "a")))).astype(float)
    times = np.datetime64("2020-01-01") + rng.permutation(size).astype("timedelta64[h]")
    learn = times < np.quantile(times.astype("int64"), 0.7).astype("datetime64[h]")
    columns = pd.DataFrame({"kind": pd.Series(kind, dtype="str"), "value": value})
    return Raw.of(columns, np.where(learn, y, np.nan), learn, ~learn, times), y


def test_a_peer_is_tuned_on_the_last_of_what_it_may_learn_from() -> None:
    rows, _ = raw()
    inner = rows.earlier_and_last()
    assert (inner.learn | inner.judge).tolist() == rows.learn.tolist()
    assert inner.times[inner.learn].max() < inner.times[inner.judge].min()
    assert inner.judge.sum() == pytest.approx(rows.learn.sum() / 4, abs=2)


@pytest.mark.slow
@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_learns_from_categories_and_numbers(peer: str) -> None:
    rows, y = raw()
    scores = default_scores(peer, rows)
    assert len(scores) == rows.judge.sum()
    assert roc_auc(y[rows.judge], scores) > 0.65


def test_a_tuned_peer_keeps_to_its_budget_and_repeats_itself() -> None:
    rows, y = raw()
    scores, best = tuned_scores("lightgbm", rows, 3)
    again, same = tuned_scores("lightgbm", rows, 3)
    assert best == same
    assert (scores == again).all()
    assert roc_auc(y[rows.judge], scores) > 0.6


def test_the_better_contender_is_told_apart_and_an_equal_one_is_not() -> None:
    rng = np.random.default_rng(4)

    def world() -> Judged:
        labels = (rng.random(2000) < 0.05).astype(float)
        good = labels * 2 + rng.normal(size=2000)
        scores = {"ours": good, "same": good.copy(), "blind": rng.normal(size=2000)}
        revenue = labels * rng.lognormal(size=2000)
        return Judged(labels, revenue, rng.integers(0, 500, 2000), scores)

    found = {(row["metric"], row["rival"]): row for row in compared([world(), world()], "ours", 60)}
    assert {row["ours is"] for (_, rival), row in found.items() if rival == "same"} == {
        "not told apart"
    }
    assert {row["ours is"] for (_, rival), row in found.items() if rival == "blind"} == {"above"}
    assert found[("average precision", "same")]["difference"] == "+0.0000 (+0.0000, +0.0000)"


def test_what_was_kept_is_not_made_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "new", "set")
    first = kept.get("one", lambda: np.arange(3.0))
    assert kept.get("one", lambda: np.zeros(3)).tolist() == first.tolist()
    assert Kept(None, "set").get("one", lambda: np.zeros(1)).tolist() == [0.0]


def test_a_kept_world_is_read_as_it_was_and_its_riskiest_are_added_up(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    probabilities = rng.random(200)
    labels = (rng.random(200) < probabilities).astype(float)
    scores = {"riskml": np.log(probabilities), "a rival": rng.normal(size=200)}
    judged = Judged(labels, labels * 3, rng.integers(0, 50, 200), scores)
    World(judged, probabilities).save(tmp_path / "new" / "world.npz")
    again = World.load(tmp_path / "new" / "world.npz")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["world.npz"]
    assert list(again.judged.scores) == list(scores)
    assert (again.judged.groups == judged.groups).all()
    riskiest = np.argsort(-probabilities)[:10]
    observed, expected = top_of([again, again])
    assert observed == 2 * labels[riskiest].sum()
    assert expected == pytest.approx(2 * probabilities[riskiest].sum())
