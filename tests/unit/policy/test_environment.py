"""A policy gets what it earned, when it is known; a cheating one fails loudly."""

from datetime import date

import pandas as pd
import pytest

from riskml.errors import DataError, LabelError, PolicyError
from riskml.policy import Environment
from riskml.selection.capacity import Capacity, Quota, Scanner

DAYS = (date(2020, 7, 1), date(2020, 7, 2), date(2020, 7, 5))


def table() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return four arrivals a day at two offices, every fourth in violation, closed in 2 days."""
    day = [each for each in DAYS for _ in range(4)]
    key = [f"B{number}" for number in range(12)]
    arrivals = pd.DataFrame({"key": key, "date": day, "office": ["X", "X", "Y", "Y"] * 3})
    times = pd.to_datetime(pd.Series(day).astype(str) + "T05:00:00", utc=True)
    arrivals = arrivals.assign(mode="sea", decision_time=times)
    truth = pd.DataFrame({"key": key, "violation": [1, 0, 0, 0] * 3, "revenue": [9.0, 0, 0, 0] * 3})
    return arrivals, truth.assign(delay=pd.Timedelta(days=2))


@pytest.fixture
def environment() -> Environment:
    one = (Scanner(None, 1),)
    quotas = (Quota("X", None, "*", one), Quota("Y", None, "sea", one))
    return Environment(*table(), Capacity(quotas))


def noon(day: int) -> pd.Timestamp:
    return pd.Timestamp(2020, 7, day, 5, tz="UTC")


def test_only_picks_get_outcomes_and_only_after_their_delay(environment: Environment) -> None:
    assert "violation" not in environment.arrive(DAYS[0])
    environment.pick(["B0", "B3"])
    environment.arrive(DAYS[1])
    assert environment.outcomes(noon(2)).empty
    environment.arrive(DAYS[2])
    assert environment.outcomes(noon(3)).empty, "a tie is not known yet"
    known = environment.outcomes(noon(5))
    assert known["key"].tolist() == ["B0", "B3"]
    assert known["violation"].tolist() == [1, 0]
    assert environment.outcome_of("B0", noon(5))["revenue"] == 9.0


def test_a_policy_that_overspends_an_office_is_stopped(environment: Environment) -> None:
    environment.arrive(DAYS[0])
    with pytest.raises(PolicyError, match="office X, mode \\*: 2 picks, the capacity is 1"):
        environment.pick(["B0", "B1"])
    environment.pick(["B0", "B2"])
    with pytest.raises(PolicyError, match="picked twice"):
        environment.pick(["B0"])


def test_picks_of_several_calls_share_one_capacity(environment: Environment) -> None:
    environment.arrive(DAYS[0])
    environment.pick(["B0"])
    with pytest.raises(PolicyError, match="2 picks, the capacity is 1"):
        environment.pick(["B1"])


def test_a_policy_that_peeks_is_stopped(environment: Environment) -> None:
    environment.arrive(DAYS[0])
    environment.pick(["B0"])
    with pytest.raises(PolicyError, match="'B0' is not closed yet"):
        environment.outcome_of("B0", noon(1))
    with pytest.raises(PolicyError, match="'B1' was never picked"):
        environment.outcome_of("B1", noon(1))
    with pytest.raises(PolicyError, match="lies in the future"):
        environment.outcomes(noon(5))
    with pytest.raises(PolicyError, match="'B4' did not arrive today"):
        environment.pick(["B4"])


def test_time_does_not_run_backwards(environment: Environment) -> None:
    environment.arrive(DAYS[1])
    with pytest.raises(PolicyError, match="2020-07-01 is over"):
        environment.arrive(DAYS[0])


def test_without_a_label_the_date_of_the_first_is_told(environment: Environment) -> None:
    environment.arrive(DAYS[0])
    environment.pick(["B0"])
    with pytest.raises(LabelError, match="the first is known 2020-07-03 05:00"):
        environment.require_labels(noon(1))


def test_truth_among_the_arrivals_is_refused() -> None:
    arrivals, truth = table()
    with pytest.raises(DataError, match="the arrivals show 'violation'"):
        Environment(arrivals.assign(violation=0), truth, Capacity.everywhere(0.5))
    with pytest.raises(DataError, match="1 arrivals have no truth"):
        Environment(arrivals, truth.iloc[1:], Capacity.everywhere(0.5))
    late = truth.assign(delay=pd.Timedelta(days=-1))
    with pytest.raises(DataError, match="a delay is negative"):
        Environment(arrivals, late, Capacity.everywhere(0.5))
