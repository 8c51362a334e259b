from datetime import date

import numpy as np
import pytest

from riskml.datasets.simulation import load_config
from riskml.datasets.simulation.calendar import (
    build_calendar,
    day_number,
    week_of,
    week_start,
)


def test_the_reference_period_holds_the_reference_volume() -> None:
    calendar = build_calendar(load_config(), 1.0)
    days = np.arange(day_number(date(2020, 7, 1)), day_number(date(2020, 10, 1)))
    assert calendar.expected(days).sum() == pytest.approx(124_000)


@pytest.mark.parametrize("scale", [1.0, 0.3, 0.001])
def test_capacity_of_the_reference_period_is_whole_and_scaled(scale: float) -> None:
    calendar = build_calendar(load_config(), scale)
    begin = calendar.capacity_before(day_number(date(2020, 7, 1)))
    end = calendar.capacity_before(day_number(date(2020, 10, 1)))
    scans = [max(1, round(office.scans * scale)) for office in load_config().offices]
    np.testing.assert_array_equal(begin, 0.0)
    np.testing.assert_array_equal(end, scans)


def test_tet_is_quiet_and_the_weeks_before_are_busy() -> None:
    calendar = build_calendar(load_config(), 1.0)
    tet = day_number(date(2020, 1, 25))
    week = calendar.expected(np.arange(tet - 1, tet + 6)).mean()
    before = calendar.expected(np.arange(tet - 21, tet - 7)).mean()
    assert week < 0.5 * before


def test_days_and_weeks_count_from_1970() -> None:
    assert day_number(date(1970, 1, 2)) == 1
    monday = day_number(date(2020, 6, 29))
    assert week_start(week_of(monday)) == monday
    assert week_of(monday + 6) == week_of(monday) == week_of(monday - 1) + 1


def test_the_list_is_drawn_at_seven_local_time() -> None:
    calendar = build_calendar(load_config(), 1.0)
    drawn = calendar.list_time(np.array([day_number(date(2020, 7, 1))]))
    assert drawn.astype("datetime64[us]")[0] == np.datetime64("2020-07-01T00:00")
