"""The day's list, on arrivals small enough to select by hand."""

from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest

from riskml.errors import DataError, MissingColumnError, UsageError
from riskml.selection import (
    PICK_COLUMNS,
    Capacity,
    Quota,
    Scanner,
    Selection,
    WatchEntry,
    prepare_arrivals,
    select,
)

NOON = pd.Timestamp("2020-07-01T05:00Z")


def scores(*probabilities: float, **columns: Any) -> pd.DataFrame:
    count = len(probabilities)
    frame = pd.DataFrame(
        {
            "bill_no": [f"B{i}" for i in range(count)],
            "container_no": [f"MSCU100000{i}" for i in range(count)],
            "stage": "pre_arrival",
            "office": "Hai Phong",
            "mode": "sea",
            "decision_time": NOON,
            "probability": probabilities,
        }
    )
    return frame.assign(**columns)


def room(capacity: int | None, exploration: str = "0", **quota: Any) -> Capacity:
    defaults: dict[str, Any] = {"office": "Hai Phong", "day": None, "mode": "*"}
    scanners = (Scanner(None, capacity),)
    return Capacity(
        (Quota(scanners=scanners, exploration=Fraction(exploration), **(defaults | quota)),)
    )


def chosen(frame: pd.DataFrame, capacity: Capacity, **options: Any) -> Selection:
    return select(prepare_arrivals(frame), capacity, **({"seed": 1} | options))


def test_the_most_probable_are_selected_in_order() -> None:
    picks = chosen(scores(0.1, 0.9, 0.5), room(2)).picks
    assert picks["bill_no"].tolist() == ["B1", "B2"]
    assert picks["rank"].tolist() == [1, 2]
    assert picks["channel"].tolist() == ["model", "model"]
    assert picks["propensity"].tolist() == [1.0, 1.0]
    assert picks["seed"].tolist() == [1, 1]
    assert tuple(picks.columns) == PICK_COLUMNS


def test_ties_go_by_the_name_of_the_consignment() -> None:
    picks = chosen(scores(0.5, 0.5, 0.5).iloc[::-1], room(2)).picks
    assert picks["bill_no"].tolist() == ["B0", "B1"]


def test_expected_revenue_changes_the_order_and_must_be_known() -> None:
    frame = scores(0.9, 0.1, expected_revenue=[10.0, 1000.0])
    assert chosen(frame, room(1), by="expected_revenue").picks["bill_no"].tolist() == ["B1"]
    with pytest.raises(DataError, match="expected_revenue nan"):
        chosen(frame.assign(expected_revenue=[1.0, None]), room(1), by="expected_revenue")
    with pytest.raises(MissingColumnError, match="expected_revenue"):
        chosen(scores(0.9), room(1), by="expected_revenue")
    with pytest.raises(UsageError, match="unknown ranking 'luck'"):
        chosen(frame, room(1), by="luck")


def test_exploration_draws_with_the_logged_propensity() -> None:
    selection = chosen(scores(*[0.9, 0.8] + [0.1] * 8), room(4, "1/2"))
    assert selection.picks["channel"].tolist() == ["model", "model", "exploration", "exploration"]
    assert selection.picks["propensity"].tolist() == [1.0, 1.0, 0.25, 0.25]
    unselected = selection.arrivals[~selection.arrivals["selected"]]
    assert unselected["propensity"].tolist() == [0.25] * 6


@pytest.mark.slow
def test_one_slot_explores_now_and_then() -> None:
    channels = [
        chosen(scores(0.9, 0.1, 0.1), room(1, "1/4"), seed=seed).picks["channel"].item()
        for seed in range(60)
    ]
    assert 5 <= channels.count("exploration") <= 28


def test_the_watch_list_comes_first_and_says_why() -> None:
    entry = WatchEntry("container_no", " mscu1000000 ", "Team A", "seal broken")
    picks = chosen(scores(0.1, 0.9, 0.5), room(2), watchlist=[entry]).picks
    assert picks["bill_no"].tolist() == ["B0", "B1"]
    assert picks["channel"].tolist() == ["mandatory", "model"]
    assert picks["reason"].iloc[0] == "watch list: seal broken (Team A)"


@pytest.mark.parametrize(("first", "last", "held"), [(1, 1, True), (2, 9, False), (None, 1, True)])
def test_a_watch_entry_holds_on_the_days_of_its_validity(
    first: int | None, last: int, held: bool
) -> None:
    entry = WatchEntry(
        "bill_no", "B0", "A", "r", first and date(2020, 7, first), date(2020, 7, last)
    )
    picks = chosen(scores(0.1, 0.9), room(1), watchlist=[entry]).picks
    assert (picks["bill_no"].item() == "B0") is held


def test_a_watched_column_that_is_not_there_is_refused() -> None:
    entry = WatchEntry("consignee_id", "X", "A", "r", place="watch.csv: line 2")
    with pytest.raises(MissingColumnError, match=r"watch\.csv: line 2: .* 'consignee_id'"):
        chosen(scores(0.1), room(1), watchlist=[entry])


@pytest.mark.parametrize(
    "flags", [[True, True, False], ["true", "Yes", "False"], [1.0, 1.0, float("nan")]]
)
def test_mandatory_beyond_the_capacity_is_reported(flags: list[object]) -> None:
    selection = chosen(scores(0.1, 0.9, 0.95, mandatory=flags), room(1, "1/2"))
    assert selection.picks["bill_no"].tolist() == ["B1"]
    assert selection.overflow["consignment_id"].tolist() == ["B0|MSCU1000000"]
    assert selection.overflow["reason"].tolist() == ["mandatory rule"]
    assert selection.strata["overflow"].tolist() == [1]


def test_a_day_without_capacity_gives_an_empty_list() -> None:
    selection = chosen(scores(0.5, 0.5), Capacity(()))
    assert selection.picks.empty
    assert tuple(selection.picks.columns) == PICK_COLUMNS
    assert selection.strata[["arrivals", "budget"]].to_numpy().tolist() == [[2, 0]]
    assert selection.arrivals["propensity"].tolist() == [0.0, 0.0]


def test_more_capacity_than_arrivals_selects_everybody_surely() -> None:
    picks = chosen(scores(0.5, 0.1), room(10, "1/2")).picks
    assert picks["propensity"].tolist() == [1.0, 1.0]


def test_the_minimum_rate_fills_in_for_a_capacity_and_is_checked_against_one() -> None:
    twenty = scores(*[0.1] * 20)
    twenty["container_no"] = [f"C{i}" for i in range(20)]
    assert len(chosen(twenty, room(None, min_rate=Fraction("0.07"))).picks) == 2
    strata = chosen(twenty, room(1, min_rate=Fraction("0.1"))).strata
    assert strata[["minimum", "minimum_met"]].to_numpy().tolist() == [[2, False]]


def test_a_mode_with_its_own_quota_is_a_stratum_of_its_own() -> None:
    capacity = Capacity((*room(1).quotas, *room(1, mode="sea").quotas))
    frame = scores(0.9, 0.8, 0.7, 0.6, mode=["sea", "sea", "road", None])
    selection = chosen(frame, capacity)
    assert selection.picks["bill_no"].tolist() == ["B2", "B0"]
    assert selection.strata["stratum"].tolist() == [
        "2020-07-01|Hai Phong|*",
        "2020-07-01|Hai Phong|sea",
    ]


def test_picks_are_dealt_to_the_scanners_of_an_office() -> None:
    scanners = (Scanner("A", 1), Scanner("B", 2))
    quota = Quota("Hai Phong", None, "*", scanners, exploration=Fraction(0))
    picks = chosen(scores(0.9, 0.8, 0.7, 0.6), Capacity((quota,))).picks
    assert picks["scanner_id"].tolist() == ["A", "B", "B"]


def test_days_are_local_and_nobody_is_selected_twice() -> None:
    midnight = pd.Timestamp("2020-07-01T17:00Z")  # in Vietnam it is already 2 July
    frame = pd.concat([scores(0.9, 0.5), scores(0.9, 0.5, decision_time=midnight)])
    picks = chosen(frame, room(1)).picks
    assert picks["date"].astype(str).tolist() == ["2020-07-01", "2020-07-02"]
    assert picks["bill_no"].tolist() == ["B0", "B1"]


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_an_impossible_seed_is_refused(seed: int) -> None:
    with pytest.raises(UsageError, match="seed"):
        chosen(scores(0.5), room(1), seed=seed)
