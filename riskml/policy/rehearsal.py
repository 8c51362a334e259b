"""A world made ready for rehearsals: what every policy shares, computed once.

Features that no outcome enters (goods, prices, routes, how often a party was seen) are the same
whatever is inspected, so all policies share one matrix of them. Features made of outcomes (hit
rates, days since the last hit) depend on what a policy chose; here lie only their ingredients, see
`riskml.policy.knowledge`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.bundle import Encoder
from riskml.config import check_stage, settings
from riskml.datasets import Tables, load_tables
from riskml.datasets.consignments import Rollup, roll_up, with_manifests
from riskml.errors import LabelError, UsageError
from riskml.features import FeatureSet
from riskml.features.batch import batch_of, columns_of
from riskml.features.catalogue import definitions_of, feature_set
from riskml.features.compute import feature_columns, stage_events
from riskml.features.definition import Definition
from riskml.features.derived import add_derived
from riskml.features.events import needed_columns
from riskml.features.groups import PartyGroups
from riskml.features.plan import FeaturePlan, Past
from riskml.history import LINES, Progress, Queries, compute
from riskml.policy.truth import envelope, read_truth

__all__ = ["Rehearsal", "prepare"]

IntArray = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]

_TABLE = {"pre_arrival": "manifests", "declaration": "declarations"}
_PARTY = {"pre_arrival": "consignee_id", "declaration": "importer_id"}
_SHOWN = ("key", "date", "office", "mode", "decision_time")


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """A world made ready.

    Attributes
    ----------
    arrivals : DataFrame
        ``key, date`` (local day), ``office, mode, decision_time``, in order of decision.
    envelope : DataFrame
        What is true of them (`riskml.policy.truth.envelope`); policies never see it.
    rollup : Rollup
        The same consignments with their lines.
    features : FeatureSet
        All features: first those without outcomes, then those made of outcomes.
    shared : ndarray of float32, shape (n, number of features without outcomes)
        Encoded; the first columns of every policy's matrix.
    newcomer : ndarray of bool, shape (n,)
        Whose importer (or consignee) was never seen before the decision.
    first, last : date
        The days that are rehearsed; what lies before is the common start.
    """

    arrivals: pd.DataFrame
    envelope: pd.DataFrame
    rollup: Rollup
    features: FeatureSet
    shared: Matrix
    newcomer: npt.NDArray[np.bool_]
    first: date
    last: date

    def __len__(self) -> int:
        """Return the number of arrivals."""
        return len(self.arrivals)

    @cached_property
    def outcome_plan(self) -> FeaturePlan:
        """How features made of outcomes are computed."""
        return FeaturePlan.of(definitions_of(self.outcome_features))

    @cached_property
    def outcome_features(self) -> FeatureSet:
        """The features made of outcomes."""
        names = self.features.features[self.shared.shape[1] :]
        return FeatureSet(self.features.name, self.features.version, self.features.stage, names)

    @cached_property
    def days(self) -> list[date]:
        """The days that are rehearsed and have arrivals, in order."""
        found = self.arrivals["date"].unique()
        return [day for day in sorted(found) if self.first <= day <= self.last]

    @cached_property
    def before(self) -> IntArray:
        """Rows that the legacy policy inspected before the first rehearsed day."""
        early = (self.arrivals["date"] < self.first).to_numpy()
        return np.flatnonzero(early & self.envelope["legacy"].to_numpy())

    @cached_property
    def passed(self) -> IntArray:
        """Rows that the legacy policy did not inspect before the first rehearsed day."""
        early = (self.arrivals["date"] < self.first).to_numpy()
        return np.flatnonzero(early & ~self.envelope["legacy"].to_numpy())


def prepare(
    folder: Path,
    stage: str,
    first: date,
    last: date,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Rehearsal:
    """Make a simulated world ready for rehearsals between two local days, both included.

    Parameters
    ----------
    folder : Path
        What ``riskml simulate`` wrote, its truth included.
    stage : str
        ``pre_arrival`` or ``declaration``.
    first, last : date
        The days to rehearse. Before them the legacy policy ruled: what it inspected is the common
        start of every policy.
    seed : int
        Of what inspections would bring, see `riskml.policy.truth.envelope`.
    progress : callable, optional
        Shows how far the features are.

    Raises
    ------
    UsageError
        If the days are in the wrong order or nothing arrives between them.
    LabelError
        If no outcome of a violation has matured by the first day; the message says which day has
        one.
    """
    if last < first:
        raise UsageError(f"--from {first} is later than --to {last}", "swap them")
    tables = load_tables(folder, need=(_TABLE[check_stage(stage)], "inspections"))
    truth = read_truth(folder)
    rollup = roll_up(tables, stage)
    days = _local_days(rollup.consignments["decision_time"])
    keep = rollup.consignments["consignment_id"].isin(truth.index).to_numpy() & (days <= last)
    chosen = rollup.take(keep)
    _check_days(days, first, last)
    sealed = envelope(chosen, truth, tables, seed)
    _check_labels(chosen.consignments["decision_time"], sealed, days[keep], first)
    apart, outcome = _split(definitions_of(feature_set(stage)))
    groups = FeaturePlan.of([*apart, *outcome]).groups(stage, tables.require(_TABLE[stage]))
    columns = _shared_columns(tables, rollup, chosen, apart, groups, progress)
    known = FeatureSet("rehearsal", 1, stage, tuple(d.feature for d in apart))
    # Vocabularies of categories come from what was declared before the rehearsal; they hold no
    # outcome, but the days to come are not looked at either.
    early = days[keep] < first
    encoder = Encoder.fit({n: columns[n][early] for n in known.categories}, known)
    both = (*known.features, *(d.feature for d in outcome))
    return Rehearsal(
        arrivals=_arrivals(chosen.consignments, days[keep]),
        envelope=sealed,
        rollup=_slim(chosen, FeaturePlan.of(outcome), groups),
        features=FeatureSet("rehearsal", 1, stage, both),
        shared=encoder.encode(columns).astype(np.float32),
        newcomer=_first_seen(chosen, stage),
        first=first,
        last=last,
    )


def _local_days(times: pd.Series) -> npt.NDArray[np.object_]:
    local = times.dt.tz_convert(settings().zone())
    return np.asarray(local.dt.date, dtype=object)


def _check_days(days: npt.NDArray[np.object_], first: date, last: date) -> None:
    if not ((days >= first) & (days <= last)).any():
        raise UsageError(
            f"nothing arrives from {first} to {last}",
            f"choose days between {days.min()} and {days.max()}",
        )


def _check_labels(
    decided: pd.Series, sealed: pd.DataFrame, days: npt.NDArray[np.object_], first: date
) -> None:
    """Refuse a start at which nothing can be learned, and say from when on it can."""
    closed = (decided.reset_index(drop=True) + sealed["delay"]).where(sealed["legacy"])
    start = pd.Timestamp(first, tz=settings().zone())
    hits = closed[sealed["finds"].to_numpy() == 1].dropna()
    if (hits[days[hits.index.to_numpy()] < first] < start).any():
        return
    if not len(hits):
        raise LabelError(f"no violation is known before {first}, nor later", "simulate more days")
    when = hits.min().tz_convert(settings().zone()).date()
    raise LabelError(
        f"no matured label of a violation is known before --from {first}",
        f"the first becomes known on {when}: start after it",
    )


def _split(definitions: Sequence[Definition]) -> tuple[list[Definition], list[Definition]]:
    """Part features into those without outcomes and those made of them."""
    made = [d.statistic is not None and d.statistic.source != LINES for d in definitions]
    apart = [d for d, of_outcomes in zip(definitions, made, strict=True) if not of_outcomes]
    return apart, [d for d, of_outcomes in zip(definitions, made, strict=True) if of_outcomes]


def _shared_columns(
    tables: Tables,
    rollup: Rollup,
    chosen: Rollup,
    definitions: Sequence[Definition],
    groups: PartyGroups | None,
    progress: Progress | None,
) -> dict[str, np.ndarray]:
    plan = FeaturePlan.of(definitions)
    # The inspections are left out: not one of these features may need them.
    blind = Tables(manifests=tables.manifests, declarations=tables.declarations)
    events = stage_events(blind, rollup.stage, plan.statistics, rollup, groups)

    def lookup(queries: Queries) -> np.ndarray:
        return compute(plan.statistics, events, queries, progress=progress)

    table = _TABLE[rollup.stage]
    past = Past(lookup, plan.descriptions(table, tables.require(table)), groups)
    return feature_columns(batch_of(with_manifests(chosen, tables)), plan, past)


def _arrivals(consignments: pd.DataFrame, days: npt.NDArray[np.object_]) -> pd.DataFrame:
    named = consignments.assign(key=consignments["consignment_id"], date=days)
    return named[list(_SHOWN)].reset_index(drop=True)


def _slim(rollup: Rollup, plan: FeaturePlan, groups: PartyGroups | None) -> Rollup:
    """Keep of the lines what features made of outcomes are keyed by, groups included."""
    lines = needed_columns(rollup.lines, plan.keys)
    if groups is not None:
        read = needed_columns(rollup.lines, [*plan.keys, *groups.kinship.columns])
        columns = add_derived(columns_of(read), len(read))
        known = groups.column_as_of(columns, columns["decision_time"])
        lines = lines.assign(**{name: pd.array(c, dtype="str") for name, c in known.items()})
    return Rollup(rollup.stage, rollup.consignments, lines, rollup.owner, None)


def _first_seen(rollup: Rollup, stage: str) -> npt.NDArray[np.bool_]:
    starts = np.flatnonzero(np.diff(rollup.owner, prepend=-1))
    party = rollup.lines[_PARTY[stage]].iloc[starts].reset_index(drop=True)
    return (party.notna() & ~party.duplicated()).to_numpy(dtype=np.bool_)
