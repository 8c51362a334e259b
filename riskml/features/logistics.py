"""Logistics and timing: how much, how packed, how long before arrival, when."""

import numpy as np

from riskml.features.batch import NO_TIME, Batch, roll
from riskml.features.definition import Definition, Direct, direct
from riskml.features.featureset import Feature

__all__ = ["definitions"]

_HOUR = 3_600_000_000.0
_DAY = 86_400_000_000
_DECIDED = "decided"
_EVENT_TIME = {"manifests": "submitted_at", "declarations": "lodged_at"}
_DECLARED_ONLY = ("net_mass_kg", "quantity")
"""Columns that no manifest has."""


def definitions(stage: str) -> list[Definition]:
    """Return the features of this family for ``stage``."""
    table = "manifests" if stage == "pre_arrival" else "declarations"
    found = []
    for name, english, vietnamese, unit, columns, compute in _SHARED:
        if stage == "pre_arrival" and columns in _DECLARED_ONLY:
            continue
        named = columns.replace(_DECIDED, _EVENT_TIME[table]).split()
        sources = (f"{table}.{column}" for column in named)
        found.append(direct(_feature(name, english, vietnamese, unit, *sources), compute))
    if stage == "pre_arrival":
        found.append(direct(_LEAD, _lead_time("line", "submitted_at")))
    else:
        found += [direct(_LODGED, _lodged_before_arrival), direct(_LINES, _line_count)]
    return found


def _feature(name: str, english: str, vietnamese: str, unit: str, *sources: str) -> Feature:
    return Feature(name, "number", "logistics", english, vietnamese, unit, 0, sources)


_LEAD = _feature(
    "lead_time_hours",
    "Hours from submission of the manifest to arrival",
    "Số giờ từ khi nộp bản lược khai đến khi hàng đến",
    "hours",
    "manifests.submitted_at",
    "manifests.arrival_at",
)
_LODGED = _feature(
    "lodged_before_arrival_hours",
    "Hours from lodging to arrival (negative when lodged later)",
    "Số giờ từ khi đăng ký tờ khai đến khi hàng đến",
    "hours",
    "declarations.lodged_at",
    "manifests.arrival_at",
)
_LINES = _feature(
    "lines", "Number of declaration lines", "Số dòng hàng", "lines", "declarations.line_no"
)


def _log_sum(column: str) -> Direct:
    def compute(batch: Batch) -> np.ndarray:
        return np.asarray(np.log1p(np.maximum(roll(batch, batch.numbers(column), "sum"), 0.0)))

    return compute


def _log_per_package(batch: Batch) -> np.ndarray:
    mass = roll(batch, batch.numbers("gross_mass_kg"), "sum")
    packages = roll(batch, batch.numbers("packages"), "sum")
    return np.log1p(mass / np.where(packages > 0, packages, np.nan))


def _hours(later: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    known = (later != NO_TIME) & (earlier != NO_TIME)
    return np.where(known, (later - np.where(known, earlier, 0)) / _HOUR, np.nan)


def _lead_time(table: str, since: str) -> Direct:
    def compute(batch: Batch) -> np.ndarray:
        hours = _hours(batch.times("arrival_at", table), batch.times(since, table))
        return roll(batch, hours, "max")

    return compute


def _lodged_before_arrival(batch: Batch) -> np.ndarray:
    return _hours(batch.times("arrival_at", "manifest"), batch.head["decision_time"])


def _line_count(batch: Batch) -> np.ndarray:
    return np.diff(np.append(batch.starts, len(batch.owner))).astype(np.float64)


def _weekday(batch: Batch) -> np.ndarray:
    # 1970-01-01 was a Thursday; Monday is 0.
    return ((batch.head["decision_time"] // _DAY + 3) % 7).astype(np.float64)


def _hour(batch: Batch) -> np.ndarray:
    return np.floor((batch.head["decision_time"] % _DAY) / _HOUR)


_SHARED: tuple[tuple[str, str, str, str, str, Direct], ...] = (
    (
        "log_gross_mass",
        "Logarithm of the gross mass",
        "Lô-ga-rít khối lượng cả bì",
        "log kg",
        "gross_mass_kg",
        _log_sum("gross_mass_kg"),
    ),
    (
        "log_net_mass",
        "Logarithm of the net mass",
        "Lô-ga-rít khối lượng tịnh",
        "log kg",
        "net_mass_kg",
        _log_sum("net_mass_kg"),
    ),
    (
        "log_quantity",
        "Logarithm of the quantity",
        "Lô-ga-rít số lượng",
        "log units",
        "quantity",
        _log_sum("quantity"),
    ),
    (
        "log_packages",
        "Logarithm of the number of packages",
        "Lô-ga-rít số kiện",
        "log packages",
        "packages",
        _log_sum("packages"),
    ),
    (
        "log_mass_per_package",
        "Logarithm of the gross mass per package",
        "Lô-ga-rít khối lượng mỗi kiện",
        "log kg",
        "gross_mass_kg packages",
        _log_per_package,
    ),
    (
        "decision_weekday",
        "Day of the week of the decision, UTC, Monday is 0",
        "Ngày trong tuần của quyết định (UTC, thứ hai là 0)",
        "",
        _DECIDED,
        _weekday,
    ),
    (
        "decision_hour",
        "Hour of the day of the decision, UTC",
        "Giờ trong ngày của quyết định (UTC)",
        "hours",
        _DECIDED,
        _hour,
    ),
)
