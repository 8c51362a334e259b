"""History features: statistics of what was known of a key before the decision."""

from collections.abc import Iterable, Sequence

from riskml.features.definition import Definition
from riskml.features.derived import columns_behind
from riskml.features.featureset import Feature
from riskml.features.wording import describe
from riskml.history import Statistic

__all__ = ["outcome_history", "past", "presence"]

_UNITS = {
    "days_since_last": "days",
    "days_since_last_hit": "days",
    "count": "lines",
    "known": "inspections",
    "hits": "violations",
    "suspicious": "scans",
    "distinct": "values",
}
_SIGNS = {"hits": 1, "hit_rate": 1, "suspicious": 1, "suspicious_rate": 1}
_TABLES = {
    "known": "inspections.result",
    "hits": "inspections.result",
    "hit_rate": "inspections.result",
    "days_since_last_hit": "inspections.result",
    "suspicious": "inspections.scan_finding",
    "suspicious_rate": "inspections.scan_finding",
}


def past(family: str, table: str, statistic: Statistic, how: str = "max") -> Definition:
    """Return the definition of a history feature.

    The name follows the scheme of :class:`~riskml.history.Statistic`; of several lines the
    highest value stands for the consignment, other reductions are named behind the window.
    """
    english, vietnamese = describe(statistic, how)
    behind = columns_behind([*statistic.key, *([statistic.column] if statistic.column else [])])
    sources = [f"{table}.{column}" for column in behind]
    sources += [_TABLES[statistic.kind]] if statistic.kind in _TABLES else []
    feature = Feature(
        name=statistic.name if how == "max" else f"{statistic.name}__{how}",
        kind="number",
        family=family,
        description_en=english,
        description_vi=vietnamese,
        unit=_UNITS.get(statistic.kind, ""),
        sign=_SIGNS.get(statistic.kind, 0),
        sources=tuple(sources),
    )
    return Definition(feature, statistic=statistic, how=how)


def presence(
    family: str, table: str, key: tuple[str, ...], days: Sequence[float]
) -> list[Definition]:
    """Return how often and how lately a key appeared."""
    counts = [past(family, table, Statistic(key, "count", days=window)) for window in days]
    return [*counts, past(family, table, Statistic(key, "days_since_last"))]


def outcome_history(
    family: str,
    table: str,
    key: tuple[str, ...],
    parent: tuple[str, ...],
    *,
    windows: Iterable[float | None] = (365.0,),
    strength: float = 20.0,
    findings: bool = True,
) -> list[Definition]:
    """Return what inspections of a key found, shrunk to the rate of a wider key."""
    found: list[Definition] = []
    for days in windows:
        rate = Statistic(key, "hit_rate", days=days, parent=parent, strength=strength)
        found.append(past(family, table, rate))
        if findings:
            rate = Statistic(key, "suspicious_rate", days=days, parent=parent, strength=strength)
            found.append(past(family, table, rate))
    found.append(past(family, table, Statistic(key, "days_since_last_hit")))
    return found
