"""Laws of selection, on random arrivals, capacities and seeds."""

from datetime import date
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.selection import Capacity, Quota, Scanner, draw, prepare_arrivals, replay, select
from riskml.selection.lottery import inclusion
from riskml.selection.watchlist import WatchEntry

START = pd.Timestamp("2020-07-01T00:00Z")
OFFICES, MODES = ("Hai Phong", "Da Nang", "Lạng Sơn"), ("sea", "road", None)

shares = st.sampled_from(
    [Fraction(0), Fraction(1, 20), Fraction(1, 10), Fraction(1, 3), Fraction(1)]
)


@st.composite
def scores(draw_from: st.DrawFn) -> pd.DataFrame:
    """Draw scored consignments of three days; ties of probability are common."""
    count = draw_from(st.integers(1, 40))
    rows = st.tuples(
        st.integers(0, 30),  # a consignment may be scored again
        st.sampled_from(OFFICES),
        st.sampled_from(MODES),
        st.integers(0, 60),
        st.sampled_from([0.0, 0.01, 0.01, 0.2, 1.0]),
        st.booleans(),
    )
    drawn = draw_from(st.lists(rows, min_size=count, max_size=count))
    frame = pd.DataFrame(drawn, columns=["n", "office", "mode", "hour", "probability", "mandatory"])
    text = {"bill_no": "B" + frame["n"].astype(str), "container_no": "C" + frame["n"].astype(str)}
    frame = frame.assign(
        **text, stage="pre_arrival", decision_time=START + pd.to_timedelta(frame["hour"], unit="h")
    )
    # The last score of a day counts; which of two at one instant did, no order of rows can tell.
    return frame.drop_duplicates(["n", "hour"]).drop(columns=["n", "hour"])


@st.composite
def capacities(draw_from: st.DrawFn) -> Capacity:
    """Draw quotas for some offices, days and modes."""
    names = st.tuples(
        st.sampled_from((*OFFICES, "*")),
        st.sampled_from([None, date(2020, 7, 2)]),
        st.sampled_from(["*", "sea"]),
    )
    quotas = [
        Quota(
            *name,
            tuple(Scanner(f"S{i}", n) for i, n in enumerate(draw_from(scanners))),
            draw_from(shares),
            draw_from(shares),
        )
        for name in draw_from(st.lists(names, unique=True, max_size=6))
    ]
    return Capacity(tuple(quotas))


# A single scanner without a number takes whatever the minimum rate asks for.
scanners = st.one_of(st.lists(st.integers(0, 6), min_size=1, max_size=3), st.just([None]))
seeds = st.integers(0, 2**63 - 1)


@pytest.mark.slow
@given(scores(), capacities(), seeds)
@settings(max_examples=20, deadline=None)
def test_every_budget_is_exact(frame: pd.DataFrame, capacity: Capacity, seed: int) -> None:
    selection = select(prepare_arrivals(frame), capacity, seed=seed)
    for stratum in selection.strata.itertuples():
        picks = selection.picks[selection.picks["stratum"] == stratum.stratum]
        asked = stratum.minimum if pd.isna(stratum.capacity) else stratum.capacity
        assert len(picks) == stratum.budget == min(asked, stratum.arrivals)
        assert stratum.mandatory + stratum.model + stratum.exploration == stratum.budget
        assert sorted(picks["rank"]) == list(range(1, stratum.budget + 1))
    assert len(selection.picks) == selection.strata["budget"].sum()
    assert not selection.picks.duplicated("consignment_id").any()


@pytest.mark.slow
@given(scores(), capacities(), seeds)
@settings(max_examples=20, deadline=None)
def test_no_scanner_takes_more_than_it_can(
    frame: pd.DataFrame, capacity: Capacity, seed: int
) -> None:
    selection = select(prepare_arrivals(frame), capacity, seed=seed)
    for stratum in selection.strata.itertuples():
        day = date.fromisoformat(str(stratum.date))
        quota = capacity.of(stratum.office, day, stratum.mode)
        dealt = selection.picks.loc[selection.picks["stratum"] == stratum.stratum, "scanner_id"]
        assert dealt.isin([scanner.scanner_id for scanner in quota.scanners]).all()
        for scanner in quota.scanners:
            if scanner.capacity is not None:
                assert (dealt == scanner.scanner_id).sum() <= scanner.capacity
        assert stratum.minimum == np.ceil(quota.min_rate * stratum.arrivals)
        assert stratum.minimum_met == (stratum.budget >= stratum.minimum)


days = st.one_of(st.none(), st.dates(date(2020, 6, 30), date(2020, 7, 4)))
entries = st.lists(
    st.builds(
        WatchEntry,
        column=st.just("bill_no"),
        value=st.integers(0, 30).map(lambda n: f" b{n}"),
        owner=st.sampled_from(["Team A", "Team B"]),
        reason=st.just("Seal broken"),
        valid_from=days,
        valid_to=days,
    ),
    max_size=6,
)


@pytest.mark.slow
@given(scores(), capacities(), seeds, entries)
@settings(max_examples=20, deadline=None)
def test_who_is_watched_is_picked_or_reported_on_the_days_of_its_entry_alone(
    frame: pd.DataFrame, capacity: Capacity, seed: int, watchlist: list[WatchEntry]
) -> None:
    frame = frame.assign(mandatory=False)
    selection = select(prepare_arrivals(frame), capacity, seed=seed, watchlist=watchlist)
    reported = set(
        zip(selection.overflow["stratum"], selection.overflow["consignment_id"], strict=True)
    )
    must = selection.picks[selection.picks["channel"] == "mandatory"].set_index("consignment_id")
    for row in selection.arrivals.itertuples():
        fitting = [
            f"watch list: {entry.reason} ({entry.owner})"
            for entry in watchlist
            if entry.value.strip().upper() == row.bill_no
            and (entry.valid_from or row.date) <= row.date <= (entry.valid_to or row.date)
        ]
        held = row.key in must.index and must.loc[row.key, "stratum"] == row.stratum
        assert bool(fitting) == (held or (row.stratum, row.key) in reported)
        if held:
            assert must.loc[row.key, "reason"] == fitting[0]
            assert must.loc[row.key, "propensity"] == 1.0


@pytest.mark.slow
@given(scores(), capacities(), seeds, st.randoms())
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_rows_changes_nothing(
    frame: pd.DataFrame, capacity: Capacity, seed: int, random: object
) -> None:
    order = list(range(len(frame)))
    random.shuffle(order)  # type: ignore[attr-defined]
    first = select(prepare_arrivals(frame), capacity, seed=seed)
    again = select(prepare_arrivals(frame.iloc[order]), capacity, seed=seed)
    pd.testing.assert_frame_equal(first.picks, again.picks)
    pd.testing.assert_frame_equal(first.strata, again.strata)


@pytest.mark.slow
@given(scores(), capacities(), seeds)
@settings(max_examples=20, deadline=None)
def test_propensities_are_probabilities_and_positive_where_anything_explores(
    frame: pd.DataFrame, capacity: Capacity, seed: int
) -> None:
    selection = select(prepare_arrivals(frame), capacity, seed=seed)
    assert selection.picks["propensity"].between(0, 1, inclusive="right").all()
    explores = selection.strata.set_index("stratum")["expected_exploration"] > 0
    for stratum, arrivals in selection.arrivals.groupby("stratum"):
        overflow = selection.overflow["stratum"].eq(stratum).sum()
        unreachable = arrivals["propensity"].eq(0).sum()
        assert unreachable == overflow or not explores[stratum]
        assert np.isclose(arrivals["propensity"].sum(), arrivals["selected"].sum())


@pytest.mark.slow
@given(scores(), capacities(), seeds)
@settings(max_examples=15, deadline=None)
def test_mandatory_first_then_the_most_probable(
    frame: pd.DataFrame, capacity: Capacity, seed: int
) -> None:
    selection = select(prepare_arrivals(frame), capacity, seed=seed)
    rest = selection.arrivals[~selection.arrivals["selected"]]
    for stratum, picks in selection.picks.groupby("stratum"):
        left = rest[rest["stratum"] == stratum]
        if left["mandatory"].any():
            assert set(picks["channel"]) == {"mandatory"}
        by_model = picks[picks["channel"] == "model"]
        assert by_model["probability"].is_monotonic_decreasing
        if len(by_model) and len(left):
            assert by_model["probability"].min() >= left["probability"].max()


@pytest.mark.slow
@given(scores(), capacities(), seeds, st.data())
@settings(max_examples=15, deadline=None)
def test_a_replay_finds_nothing_but_what_was_changed(
    frame: pd.DataFrame, capacity: Capacity, seed: int, data: st.DataObject
) -> None:
    arrivals = prepare_arrivals(frame)
    picks = select(arrivals, capacity, seed=seed).picks
    assert replay(picks, arrivals, capacity, seed=seed) == ()
    if picks.empty:
        return
    row = data.draw(st.integers(0, len(picks) - 1))
    removed = replay(picks.drop(index=row), arrivals, capacity, seed=seed)
    assert [found.consignment_id for found in removed] == [picks["consignment_id"].iloc[row]]
    changed = picks.assign(propensity=picks["propensity"].where(picks.index != row, 0.123))
    assert [found.column for found in replay(changed, arrivals, capacity, seed=seed)] == [
        "propensity"
    ]


@given(st.integers(0, 30), st.integers(0, 30), shares)
def test_inclusion_probabilities_add_up_to_the_slots(n: int, slots: int, share: Fraction) -> None:
    slots = min(n, slots)
    chances = inclusion(n, slots, share * slots)
    assert np.isclose(chances.sum(), slots)
    assert np.all((chances >= 0) & (chances <= 1))
    assert np.all(np.diff(chances) <= 1e-12)
    assert slots == 0 or share == 0 or np.all(chances > 0)


@pytest.mark.parametrize("exploration", [Fraction(1, 4), Fraction(13, 40), Fraction(1)])
def test_frequencies_over_many_seeds_are_the_logged_propensities(exploration: Fraction) -> None:
    keys = np.array([f"K{i:02d}" for i in range(12)], dtype=object)
    values, mandatory = np.linspace(1, 0, 12), np.arange(12) == 7
    draws = 1500
    hits = np.zeros(12)
    for seed in range(draws):
        drawn = draw(
            keys,
            values,
            mandatory,
            budget=4,
            exploration=exploration,
            seed=seed,
            stratum=("2020-07-01", "Hai Phong", "sea"),
        )
        hits[drawn.selected] += 1
    expected = drawn.propensity
    error = np.sqrt(expected * (1 - expected) / draws)
    assert np.all(np.abs(hits / draws - expected) <= 4.5 * error)
    assert expected[7] == 1.0
    assert expected.sum() == pytest.approx(4)
