"""What a policy may know: outcomes of its own picks, or, for a reference, every truth at once.

Features made of outcomes are computed per policy, by the house's history engine, from that
policy's outcomes alone. An index that held the outcomes of another policy would hand over its
findings: the classic leak of rehearsals on logged data.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.features.batch import NO_TIME, Batch, Columns, columns_of
from riskml.features.compute import FeatureColumns, feature_columns
from riskml.features.derived import add_derived
from riskml.features.events import events_of_stated, outcome_keys
from riskml.features.plan import Lookup, Past
from riskml.history import Events, HistoryIndex, compute
from riskml.policy.rehearsal import Matrix, Rehearsal

__all__ = ["Earned", "Everything", "Examples", "Knowledge"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Examples:
    """What a model may learn from.

    Attributes
    ----------
    X : ndarray of float32, shape (n, p)
    y : ndarray of float64, shape (n,)
        1 for a violation, 0 for none, also where none is presumed; NaN while it is not known.
    revenue : ndarray of float64, shape (n,)
        Recovered, reporting currency.
    age : ndarray of float64, shape (n,)
        Days since the decision.
    suspicious : ndarray of float64, shape (n,)
        What the scan showed, 1 or 0; NaN where it is not known. A violation is suspicious.
    stands_for : ndarray of float64, shape (n,)
        How many arrivals each example stands for: one, or more in a sample.
    presumed : ndarray of bool, shape (n,)
        Nobody inspected it; it is presumed honest, as nearly everybody is.
    """

    X: Matrix
    y: FloatArray
    revenue: FloatArray
    age: FloatArray
    suspicious: FloatArray
    stands_for: FloatArray
    presumed: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of examples whose outcome is known."""
        return int(self.known.sum())

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Whose outcome is known."""
        return ~self.presumed & ~np.isnan(self.y)

    @property
    def violations(self) -> int:
        """How many violations are known."""
        return int(np.nansum(self.y))


class Knowledge(Protocol):
    """Features and examples, as they are known at a time."""

    def learn(self, outcomes: pd.DataFrame, findings: pd.DataFrame) -> None:
        """Take in what became known (`riskml.policy.environment.Environment`)."""

    def features(self, rows: IntArray) -> Matrix:
        """Return the encoded features of arrivals, each as of its decision; (len(rows), p)."""

    def remember(self, rows: IntArray, seen: Matrix | None = None) -> None:
        """Note that arrivals are inspected: they may become examples.

        ``seen`` are their `features`, where they were asked for already.
        """

    def pass_by(self, rows: IntArray, seen: Matrix | None = None) -> None:
        """Note that arrivals are not inspected: nothing will be known of them."""

    def examples(self, instant: pd.Timestamp) -> Examples:
        """Return matured examples known strictly before an instant."""


PASSED_BY = 20
"""One in so many of the uninspected is kept as an example that is presumed honest."""


class Earned:
    """What a policy's own picks brought, and nothing else.

    Parameters
    ----------
    rehearsal : Rehearsal
    gap_quantile : float
        Decisions younger than this quantile of the delays have not matured.
    """

    def __init__(self, rehearsal: Rehearsal, gap_quantile: float = 0.9) -> None:
        self._lines = _Lines(rehearsal)
        self._rehearsal = rehearsal
        self._index = HistoryIndex(rehearsal.outcome_plan.statistics)
        self._row = pd.Index(rehearsal.arrivals["key"])
        self._decided = _microseconds(rehearsal.arrivals["decision_time"])
        self._label = np.full(len(rehearsal), np.nan)
        self._revenue = np.zeros(len(rehearsal))
        self._closed = np.zeros(len(rehearsal), dtype=np.int64)
        self._suspicious = np.full(len(rehearsal), np.nan)
        self._scanned = np.zeros(len(rehearsal), dtype=np.int64)
        self._passed = np.zeros(len(rehearsal), dtype=np.bool_)
        self._waiting: list[Said] = []
        self._rows: list[IntArray] = []
        self._seen: list[Matrix] = []
        self._gap_quantile = gap_quantile

    def learn(self, outcomes: pd.DataFrame, findings: pd.DataFrame) -> None:
        """Take in what became known; it enters the history when features are asked for."""
        if len(outcomes):
            rows = self._row.get_indexer(outcomes["key"])
            self._label[rows] = outcomes["violation"].to_numpy(np.float64)
            self._revenue[rows] = outcomes["revenue"].to_numpy(np.float64)
            self._closed[rows] = _microseconds(outcomes["closed_at"])
            said = Said(rows, outcomes=self._closed[rows], hit=self._label[rows])
            self._waiting.append(said)
        if len(findings):
            rows = self._row.get_indexer(findings["key"])
            when = _microseconds(findings["scanned_at"])
            suspicious = findings["suspicious"].to_numpy(np.float64)
            self._suspicious[rows], self._scanned[rows] = suspicious, when
            self._waiting.append(Said(rows, findings=when, suspicious=suspicious))

    def features(self, rows: IntArray) -> Matrix:
        """Return the encoded features of arrivals, each as of its decision."""
        if self._waiting:
            events = self._lines.events(self._waiting)
            self._index.append(*events)
            self._waiting = []
        return self._lines.matrix(rows, self._index.lookup)

    def remember(self, rows: IntArray, seen: Matrix | None = None) -> None:
        """Note that arrivals are inspected, with their features as they are known now."""
        if len(rows):
            self._rows.append(rows)
            self._seen.append(self.features(rows) if seen is None else seen)

    def pass_by(self, rows: IntArray, seen: Matrix | None = None) -> None:
        """Keep every so many of the uninspected, with their features as they are known now."""
        kept = rows[::PASSED_BY]
        self._passed[kept] = True
        self.remember(kept, None if seen is None else seen[::PASSED_BY])

    def examples(self, instant: pd.Timestamp) -> Examples:
        """Return what is known strictly before an instant, and a sample of those passed by."""
        width = self._rehearsal.shared.shape[1] + len(self._rehearsal.outcome_features.features)
        rows = np.concatenate([np.empty(0, dtype=np.int64), *self._rows])
        X = np.concatenate([np.empty((0, width), dtype=np.float32), *self._seen])
        now = int(instant.value // 1000)
        presumed = self._passed[rows]
        labelled = ~np.isnan(self._label[rows]) & (self._closed[rows] < now)
        age = (now - self._decided[rows]) / 86400e6
        delay = (self._closed[rows] - self._decided[rows]) / 86400e6
        gap = np.quantile(delay[labelled], self._gap_quantile) if labelled.any() else 0.0
        matured = labelled & (age > gap)
        scanned = ~np.isnan(self._suspicious[rows]) & (self._scanned[rows] < now)
        y = np.where(presumed, 0.0, np.where(matured, self._label[rows], np.nan))
        found = np.where(presumed, 0.0, np.where(scanned, self._suspicious[rows], np.nan))
        found = np.where(y == 1, 1.0, found)
        keep = matured | scanned | presumed
        rows, presumed = rows[keep], presumed[keep]
        stands_for = np.where(presumed, float(PASSED_BY), 1.0)
        return Examples(
            X[keep], y[keep], self._revenue[rows], age[keep], found[keep], stands_for, presumed
        )


class Everything:
    """Every true label of the past, without selection and without delay: a reference's knowledge.

    Parameters
    ----------
    rehearsal : Rehearsal
    rate : float
        Share of the honest arrivals kept as examples; all violations are.
    seed : int
        Of that sample.
    """

    def __init__(self, rehearsal: Rehearsal, rate: float = 0.05, seed: int = 0) -> None:
        self._rehearsal, self._lines, self._rate = rehearsal, _Lines(rehearsal), rate
        sealed, arrivals = rehearsal.envelope, rehearsal.arrivals
        self._y = sealed["violation"].to_numpy(np.float64)
        self._worth = sealed["worth"].to_numpy(np.float64)
        self._decided = _microseconds(arrivals["decision_time"])
        rng = np.random.default_rng([seed, 0xF011])
        self._suspicious = np.maximum(sealed["suspicious"].to_numpy(np.float64), self._y)
        self._stands_for = np.where(self._y == 1, 1.0, 1 / rate)
        self._kept = np.flatnonzero((self._y == 1) | (rng.random(len(sealed)) < rate))
        self._outcome = self._all_features()

    def learn(self, outcomes: pd.DataFrame, findings: pd.DataFrame) -> None:
        """Learn nothing: all is known."""

    def remember(self, rows: IntArray, seen: Matrix | None = None) -> None:
        """Remember nothing: all is known."""

    def pass_by(self, rows: IntArray, seen: Matrix | None = None) -> None:
        """Presume nothing: all is known."""

    def features(self, rows: IntArray) -> Matrix:
        """Return the encoded features of arrivals, each as of its decision."""
        return np.hstack([self._rehearsal.shared[rows], self._outcome[rows]])

    def examples(self, instant: pd.Timestamp) -> Examples:
        """Return all violations, and a sample of the honest, decided strictly before an instant."""
        now = int(instant.value // 1000)
        rows = self._kept[self._decided[self._kept] < now]
        age = (now - self._decided[rows]) / 86400e6
        X, y = self.features(rows), self._y[rows]
        return Examples(
            X, y, self._worth[rows], age, self._suspicious[rows], self._stands_for[rows],
            np.zeros(len(rows), dtype=np.bool_),
        )  # fmt: skip

    def _all_features(self) -> Matrix:
        everyone = np.arange(len(self._rehearsal))
        suspicious = self._rehearsal.envelope["suspicious"].to_numpy(np.float64)
        known = self._decided
        said = Said(everyone, known, known, self._y, suspicious)
        events = self._lines.events([said])
        statistics = self._rehearsal.outcome_plan.statistics
        return self._lines.outcome_matrix(
            everyone, lambda queries: compute(statistics, events, queries)
        )


@dataclass(frozen=True, eq=False)
class Said:
    """What became known of some rows: outcomes, scan findings, or both; times in microseconds."""

    rows: IntArray
    outcomes: IntArray | None = None
    findings: IntArray | None = None
    hit: FloatArray | None = None
    suspicious: FloatArray | None = None

    def column(self, name: str, missing: float) -> npt.NDArray[np.generic]:
        """Return one of them, ``missing`` where it is not said."""
        found: npt.NDArray[np.generic] | None = getattr(self, name)
        return np.full(len(self.rows), missing) if found is None else found


class _Lines:
    """The lines of consignments by row, for queries and for events."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal
        rollup = rehearsal.rollup
        self._columns = add_derived(columns_of(rollup.lines), len(rollup.lines))
        self._starts = np.flatnonzero(np.diff(rollup.owner, prepend=-1))
        self._ends = np.append(self._starts[1:], len(rollup.owner))
        heads = rollup.consignments[["consignment_id", "decision_time"]]
        self._heads = columns_of(heads)
        self._places = outcome_keys(rehearsal.outcome_plan.statistics)

    def of(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Return the places of the lines of consignments, and for each the place in ``rows``."""
        sizes = self._ends[rows] - self._starts[rows]
        owner = np.repeat(np.arange(len(rows)), sizes)
        before = np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.arange(len(owner)) - before + np.repeat(self._starts[rows], sizes), owner

    def matrix(self, rows: IntArray, lookup: Lookup) -> Matrix:
        """Return all features, encoded."""
        made = self.outcome_matrix(rows, lookup)
        return np.hstack([self._rehearsal.shared[rows], made])

    def outcome_matrix(self, rows: IntArray, lookup: Lookup) -> Matrix:
        """Return the features made of outcomes."""
        features = self._rehearsal.outcome_features
        # The group of each party stands among the lines already.
        past = Past(lookup, None)
        found: FeatureColumns = feature_columns(
            self._batch(rows), self._rehearsal.outcome_plan, past
        )
        matrix = np.empty((len(rows), len(features.names)), dtype=np.float32)
        for place, name in enumerate(features.names):
            matrix[:, place] = found[name]
        matrix[np.isinf(matrix)] = np.nan
        return matrix

    def events(self, said: list[Said]) -> list[Events]:
        """Return the events of what was said."""
        rows = np.concatenate([each.rows for each in said])
        keys = self._heads["consignment_id"][rows]
        stated: dict[str, np.ndarray] = {
            "event_id": keys, "unit": keys, "revision": np.zeros(len(rows), dtype=np.int64)
        }  # fmt: skip
        for name, missing in (
            ("outcomes", NO_TIME),
            ("findings", NO_TIME),
            ("hit", 0.0),
            ("suspicious", 0.0),
        ):
            stated[name] = np.concatenate([each.column(name, missing) for each in said])
        stated["lodged_at"] = self._heads["decision_time"][rows].astype(np.float64)
        line, owner = self.of(rows)
        lines = {name: column[line] for name, column in self._columns.items()}
        return events_of_stated(stated, lines, owner, self._places)

    def _batch(self, rows: IntArray) -> Batch:
        line, owner = self.of(rows)
        head: Columns = {name: column[rows] for name, column in self._heads.items()}
        lines: Columns = {name: column[line] for name, column in self._columns.items()}
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        return Batch(self._rehearsal.features.stage, head, lines, {}, owner, starts)


def _microseconds(times: pd.Series) -> IntArray:
    return np.asarray(times.dt.as_unit("us").astype("int64"), dtype=np.int64)
