from datetime import timedelta

import numpy as np
import pandas as pd

from riskml.evaluation.parties import learned_before, party_slices, split_by_party
from riskml.evaluation.splits import split_at
from riskml.evaluation.summary import Rows

PARTY = pd.Series(["a", "b", None, "a", "c", None, "b"], dtype=object)
DAYS = pd.Series(pd.to_datetime([f"2021-0{m}-01" for m in range(1, 8)], utc=True))


def test_a_fold_is_split_by_whether_the_party_was_learned_from() -> None:
    fold = split_at(DAYS, DAYS, DAYS[3], pd.Timestamp("2022-01-01", tz="UTC"), timedelta(0))
    found = split_by_party(fold, PARTY)
    assert found["known_party"].tolist() == [False, False, False, True, False, False, True]
    assert found["unseen_party"].tolist() == [False, False, False, False, True, False, False]


def test_a_party_counts_as_known_only_once_an_outcome_of_it_was() -> None:
    late = DAYS + pd.Timedelta(days=100)
    start = pd.Series([DAYS[3]] * 4)
    judged = pd.Series(["a", "b", "c", None], dtype=object)
    known = learned_before(PARTY, DAYS, judged, start)
    assert known.tolist() == [True, True, False, None]
    assert learned_before(PARTY, late, judged, start).tolist() == [False, False, False, None]


def test_a_score_that_remembers_parties_knows_nothing_of_unseen_ones() -> None:
    rng = np.random.default_rng(1)
    size = 4000
    known = rng.random(size) < 0.5
    y = (rng.random(size) < 0.1).astype(float)
    score = np.where(known, y + rng.normal(0, 0.5, size), rng.normal(0, 0.5, size))
    rows = Rows.of(y, groups=rng.integers(0, 900, size))
    p = np.full(size, 0.1)
    found = party_slices(rows, score, p, known.astype(object), resamples=20)
    assert found["known_party"]["rows"] + found["unseen_party"]["rows"] == size
    lift = {name: part["model"]["at"]["0.05"]["lift"] for name, part in found.items()}
    assert lift["known_party"]["low"] > 3
    assert lift["unseen_party"]["low"] < 1 < lift["unseen_party"]["high"]


def test_without_names_or_without_one_of_the_kinds_that_is_said() -> None:
    rows = Rows.of([0.0, 1.0])
    s = np.array([0.1, 0.2])
    nobody = party_slices(rows, s, s, None, resamples=10)
    assert {part["status"] for part in nobody.values()} == {"not_applicable"}
    assert "no party is named" in nobody["known_party"]["reason"]
    one = party_slices(rows, s, s, np.array([True, None], dtype=object), resamples=10)
    assert one["known_party"]["status"] == "ok"
    assert one["unseen_party"]["reason"] == "no judged row has an unseen party"
