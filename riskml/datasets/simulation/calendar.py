"""Volume and capacity by day: weekdays, months, Tet, growth; days are numbers since 1970-01-01."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from riskml.datasets.simulation.parameters import WorldConfig

__all__ = [
    "LIST_HOUR",
    "MICROSECONDS_PER_DAY",
    "Calendar",
    "build_calendar",
    "day_number",
    "week_of",
    "week_start",
]

MICROSECONDS_PER_DAY = 86_400_000_000
LIST_HOUR = 7.0
"""Local hour at which the officers draw their daily list."""

_EPOCH = date(1970, 1, 1).toordinal()
_FIRST_MONDAY = 4  # 1970-01-05
_FIRST, _LAST = date(2010, 1, 1), date(2035, 12, 31)

# First day of Tet Nguyen Dan; published calendar of Viet Nam.
_TET = (
    "2010-02-14", "2011-02-03", "2012-01-23", "2013-02-10", "2014-01-31", "2015-02-19",
    "2016-02-08", "2017-01-28", "2018-02-16", "2019-02-05", "2020-01-25", "2021-02-12",
    "2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06",
    "2028-01-26", "2029-02-13", "2030-02-03", "2031-01-23", "2032-02-11", "2033-01-31",
    "2034-02-19", "2035-02-08",
)  # fmt: skip


@dataclass(frozen=True)
class Calendar:
    """Expected arrivals, and scan capacity accumulated since the reference period began.

    Attributes
    ----------
    first, last : int
        Day numbers of the first and last day that can be simulated.
    arrivals : ndarray of float64, shape (n_days,)
        Expected consignments on each daily list at scale 1.
    capacity : ndarray of float64, shape (n_offices, n_days + 1)
        Scans from the start of the reference period to the start of each day, by office.
    list_offset : int
        Microseconds from the UTC start of a day number to the hour of the local daily list.
    """

    first: int
    last: int
    arrivals: np.ndarray
    capacity: np.ndarray
    list_offset: int

    def list_time(self, days: np.ndarray) -> np.ndarray:
        """Return when the list of each day is drawn, in microseconds of UTC."""
        return days.astype(np.int64) * MICROSECONDS_PER_DAY + self.list_offset

    def expected(self, days: np.ndarray) -> np.ndarray:
        """Return the expected consignments of each day at scale 1."""
        result: np.ndarray = self.arrivals[days - self.first]
        return result

    def capacity_before(self, day: int) -> np.ndarray:
        """Return the accumulated capacity of each office at the start of a day."""
        return self.capacity[:, day - self.first]


def day_number(day: date) -> int:
    """Return a day as the number of days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def week_of(day: int) -> int:
    """Return the number of the week (Monday to Sunday) that holds a day."""
    return (day - _FIRST_MONDAY) // 7


def week_start(week: int) -> int:
    """Return the day number of a week's Monday."""
    return _FIRST_MONDAY + 7 * week


def build_calendar(config: WorldConfig, scale: float) -> Calendar:
    """Spread the volumes of the reference period over the years.

    The capacity of an office over the reference period is a whole number, its published scans
    times ``scale``, so that a systematic sample makes exactly that many scans.
    """
    days = np.arange(day_number(_FIRST), day_number(_LAST) + 1)
    begin = day_number(config.reference.first) - days[0]
    end = day_number(config.reference.last) + 1 - days[0]
    arrivals = _arrival_weights(config, days)
    arrivals *= config.reference.arrivals / arrivals[begin:end].sum()
    total = np.concatenate([[0.0], np.cumsum(_capacity_weights(config, days))])
    share = (total - total[begin]) / (total[end] - total[begin])
    # An office keeps at least one scan a period: without capacity nothing could be learned there.
    scans = np.array([max(1, round(office.scans * scale)) for office in config.offices])
    hours = LIST_HOUR - config.reference.utc_offset_hours
    return Calendar(
        first=int(days[0]),
        last=int(days[-1]),
        arrivals=arrivals,
        capacity=scans[:, None].astype(float) * share[None, :],
        list_offset=round(hours * MICROSECONDS_PER_DAY / 24),
    )


def _arrival_weights(config: WorldConfig, days: np.ndarray) -> np.ndarray:
    volume = config.volume
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
    after = _days_after_tet(days)
    rush = np.where((after >= -21) & (after < -2), volume.tet_rush, 1.0)
    lull = np.where((after >= -2) & (after < 6), volume.tet_lull, 1.0)
    weights: np.ndarray = _growth(config, days, volume.growth) * rush * lull
    result: np.ndarray = (
        weights * np.array(volume.weekdays)[_weekday(days)] * np.array(volume.months)[months]
    )
    return result


def _capacity_weights(config: WorldConfig, days: np.ndarray) -> np.ndarray:
    volume = config.volume
    after = _days_after_tet(days)
    lull = np.where((after >= -2) & (after < 6), volume.tet_capacity, 1.0)
    weights: np.ndarray = _growth(config, days, volume.capacity_growth) * lull
    result: np.ndarray = weights * np.array(volume.capacity_weekdays)[_weekday(days)]
    return result


def _growth(config: WorldConfig, days: np.ndarray, rate: float) -> np.ndarray:
    years = (days - day_number(config.reference.first)) / 365.25
    growth: np.ndarray = (1.0 + rate) ** years
    return growth


def _weekday(days: np.ndarray) -> np.ndarray:
    weekday: np.ndarray = (days - _FIRST_MONDAY) % 7
    return weekday


def _days_after_tet(days: np.ndarray) -> np.ndarray:
    """Return the days since the nearest Tet, negative before it."""
    feasts = np.array([day_number(date.fromisoformat(text)) for text in _TET])
    after = days[:, None] - feasts[None, :]
    nearest = np.argmin(np.abs(after), axis=1)
    result: np.ndarray = after[np.arange(len(days)), nearest]
    return result
