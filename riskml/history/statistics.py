"""What can be asked of history: statistics, declared as data and named by one scheme."""

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from riskml.errors import HistoryError
from riskml.history.arrays import DAY_US, WHOLE

__all__ = ["KINDS", "LINES", "Kind", "Statistic", "microseconds", "probability"]

LINES = "lines"
"""The stream of goods lines; every other stream is evidence about a consignment."""


@dataclass(frozen=True)
class Kind:
    """What a kind of statistic reads and which parameters it takes.

    Attributes
    ----------
    stream : str
        Stream it is computed from unless the statistic names another.
    column : str
        ``"number"`` or ``"text"`` if the statistic must name a column, else empty.
    reads : str
        Value column it always reads, for instance ``hit``; empty if none.
    windowed : bool
        Whether ``days`` may be given.
    rate : bool
        Whether it is a rate shrunk towards the rate of a parent key.
    """

    stream: str
    column: str = ""
    reads: str = ""
    windowed: bool = True
    rate: bool = False


_OUTCOMES, _FINDINGS = "outcomes", "findings"

KINDS = MappingProxyType(
    {
        "count": Kind(LINES),
        "sum": Kind(LINES, column="number"),
        "mean": Kind(LINES, column="number"),
        "std": Kind(LINES, column="number"),
        "distinct": Kind(LINES, column="text"),
        "share": Kind(LINES, column="text"),
        "trend": Kind(LINES),
        "days_since_last": Kind(LINES, windowed=False),
        "first_seen": Kind(LINES, windowed=False),
        "price_count": Kind(LINES, column="number"),
        "price_percentile": Kind(LINES, column="number"),
        "price_log_ratio": Kind(LINES, column="number"),
        "known": Kind(_OUTCOMES),
        "hits": Kind(_OUTCOMES, reads="hit"),
        "hit_rate": Kind(_OUTCOMES, reads="hit", rate=True),
        "days_since_last_hit": Kind(_OUTCOMES, reads="hit", windowed=False),
        "mean_severity": Kind(_OUTCOMES, reads="severity"),
        "findings": Kind(_FINDINGS),
        "suspicious": Kind(_FINDINGS, reads="suspicious"),
        "suspicious_rate": Kind(_FINDINGS, reads="suspicious", rate=True),
    }
)
"""Every kind of statistic."""


@dataclass(frozen=True)
class Statistic:
    """One statistic of the events of a key that were known before a decision.

    Attributes
    ----------
    key : tuple of str
        Columns that name the entity; ``()``, also written ``("all",)``, is everything.
    kind : str
        One of :data:`KINDS`.
    column : str or None
        The column that ``sum``, ``mean``, ``std``, ``distinct``, ``share`` and the
        ``price_`` kinds are about.
    days : float or None
        Length of the window, of any fraction of a day; None is the whole past.
    parent : tuple of str or None
        For a rate: the key towards whose rate it is shrunk, itself shrunk towards the rate
        of everything, that one towards the base rate. A parent missing in a query is skipped.
    strength : float
        For a rate: how many known outcomes the parent's rate is worth.
    long_days : float or None
        For ``trend``: the long window, of which the window of ``days`` is a part; None is
        the whole past.
    decimals : int
        For ``sum``, ``mean``, ``std`` and ``mean_severity``: decimals kept of each number
        before it is added exactly. A number may have up to ``2**53`` such units.
    stream : str or None
        Another stream than the kind's own; the name then says so.
    lodged : bool
        For evidence: count what is known of consignments *lodged* in the window, instead of what
        *became known* in it. The events must say when, in the value column ``lodged_at``
        (microseconds since 1970 UTC); those that do not are in no such window.

    Raises
    ------
    HistoryError
        If the kind is unknown or a parameter does not belong to it.

    Examples
    --------
    >>> Statistic(("importer_id", "commodity_code"), "hit_rate", days=90).name
    'importer_id.commodity_code__hit_rate__90d'
    >>> Statistic(("consignee_id",), "days_since_last").name
    'consignee_id__days_since_last'
    """

    key: tuple[str, ...]
    kind: str
    column: str | None = None
    days: float | None = None
    parent: tuple[str, ...] | None = None
    strength: float = 20.0
    long_days: float | None = None
    decimals: int = 4
    stream: str | None = None
    lodged: bool = False

    def __post_init__(self) -> None:
        _check_key(self.key)
        if self.kind not in KINDS:
            known = ", ".join(KINDS)
            raise HistoryError(f"unknown kind of statistic {self.kind!r}", f"use one of {known}")
        if self.key == ("all",):
            object.__setattr__(self, "key", ())
        if KINDS[self.kind].rate:
            parent = self.parent or ()
            object.__setattr__(self, "parent", () if parent == ("all",) else parent)
        _check_parameters(self)
        _check_windows(self)

    @property
    def source(self) -> str:
        """The stream it is computed from."""
        return self.stream or KINDS[self.kind].stream

    @property
    def window(self) -> int:
        """Length of the window in microseconds, or :data:`~riskml.history.arrays.WHOLE`."""
        return microseconds(self.days)

    @property
    def name(self) -> str:
        """Its name: key, statistic, column and window."""
        stream = "" if self.source == KINDS[self.kind].stream else f"{self.stream}_"
        column = f"_{self.column}" if self.column else ""
        meaning = "lodged_" if self.lodged else ""
        parts = [".".join(self.key) or "all", f"{stream}{meaning}{self.kind}{column}"]
        windows = [days for days in (self.days, self.long_days) if days is not None]
        if windows:
            parts.append("_".join(f"{days:.12g}d" for days in windows))
        return "__".join(parts)


def microseconds(days: float | None) -> int:
    """Return a length of time in microseconds, ``WHOLE`` for None."""
    return WHOLE if days is None else round(days * DAY_US)


def probability(base_rate: float) -> float:
    """Return the prior of the rate of everything.

    Raises
    ------
    HistoryError
        If it is no probability.
    """
    if not 0.0 <= base_rate <= 1.0:
        raise HistoryError(f"base_rate={base_rate} is no probability", "give 0 to 1")
    return float(base_rate)


def _check_key(key: tuple[str, ...]) -> None:
    given: Any = key  # a string or a list is a likely slip
    if not isinstance(given, tuple) or not all(isinstance(part, str) and part for part in given):
        raise HistoryError(f"key {key!r} is no tuple of column names", "write ('importer_id',)")
    if len(set(key)) < len(key):
        raise HistoryError(f"key {key!r} names a column twice", "name each column once")


def _check_parameters(statistic: Statistic) -> None:
    """Refuse a parameter that is needed but absent, or given but without meaning."""
    kind, name = KINDS[statistic.kind], statistic.kind
    if bool(kind.column) != (statistic.column is not None):
        remedy = f"name a {kind.column} column" if kind.column else "leave column out"
        raise HistoryError(f"{name} with column={statistic.column!r}", remedy)
    if statistic.parent is not None:
        if not kind.rate:
            raise HistoryError(f"{name} with a parent", "only rates are shrunk towards a parent")
        _check_key(statistic.parent)
    if not (math.isfinite(statistic.strength) and statistic.strength > 0):
        raise HistoryError(f"{name} with strength={statistic.strength}", "give a positive number")
    if statistic.decimals not in range(13):
        raise HistoryError(f"{name} with decimals={statistic.decimals}", "give 0 to 12")


def _check_windows(statistic: Statistic) -> None:
    name, days, long_days = statistic.kind, statistic.days, statistic.long_days
    for label, value in (("days", days), ("long_days", long_days)):
        longest = 2**62 / DAY_US
        if value is not None and not (math.isfinite(value) and 0 < value * DAY_US < 2**62):
            raise HistoryError(f"{name} with {label}={value}", f"give 0 < {label} < {longest:.0f}")
        if value is not None and microseconds(value) < 1:
            raise HistoryError(f"{name} with {label}={value}", "a microsecond is the shortest")
    if days is not None and not KINDS[name].windowed:
        raise HistoryError(f"{name} with days={days}", "it looks at the whole past; leave days out")
    if long_days is not None and name != "trend":
        raise HistoryError(f"{name} with long_days={long_days}", "only trend has a long window")
    if statistic.lodged and (days is None or KINDS[name].stream == LINES):
        remedy = "give days, and a kind of evidence: known, hits, hit_rate, findings, ..."
        raise HistoryError(f"lodged {name} with days={days}", remedy)
    if name == "trend" and (days is None or (long_days is not None and long_days <= days)):
        remedy = "give days, and long_days longer than days"
        raise HistoryError(f"trend of days={days} over long_days={long_days}", remedy)
