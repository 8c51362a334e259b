"""From table rows to consignments: who is scored, when, and on which lines.

A consignment is (``bill_no``, ``container_no``) where both are known, else the bill, else the
declaration. A declaration line without container applies to every container of its bill that
was known when the line was lodged; its values are not apportioned.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from riskml.config import check_stage
from riskml.datasets.tables import Tables
from riskml.errors import UsageError

__all__ = [
    "Rollup",
    "consignment_id",
    "known_at",
    "latest_known",
    "match_inspections",
    "roll_up",
    "with_manifests",
]

_IDENTITY = {
    "manifests": ["bill_no", "container_no_raw"],
    "declarations": ["declaration_id", "line_no"],
}


@dataclass(frozen=True)
class Rollup:
    """Consignments of a stage with the lines they are decided on.

    Attributes
    ----------
    stage : str
        ``pre_arrival`` or ``declaration``.
    consignments : DataFrame
        One row per decision, sorted by decision time and identifier: ``consignment_id, bill_no,
        container_no, declaration_id, office, mode, decision_time``.
    lines : DataFrame
        Manifest rows or declaration lines as known at the decision, grouped by consignment.
    owner : ndarray of int64, shape (n_lines,)
        Row number in ``consignments`` of each line, ascending.
    manifests : DataFrame or None
        After :func:`with_manifests` at the declaration stage: the manifest row of each
        consignment as known strictly before the decision (missing values where there was none),
        aligned with ``consignments``.
    """

    stage: str
    consignments: pd.DataFrame
    lines: pd.DataFrame
    owner: np.ndarray
    manifests: pd.DataFrame | None

    def __len__(self) -> int:
        """Return the number of decisions."""
        return len(self.consignments)

    def take(self, keep: np.ndarray) -> "Rollup":
        """Return the decisions where the boolean mask ``keep`` is true, in the same order."""
        position = np.cumsum(keep) - 1
        chosen = keep[self.owner]
        return Rollup(
            self.stage,
            self.consignments.loc[keep].reset_index(drop=True),
            self.lines.loc[chosen].reset_index(drop=True),
            position[self.owner[chosen]],
            None if self.manifests is None else self.manifests.loc[keep].reset_index(drop=True),
        )


def known_at(rows: pd.DataFrame, event_column: str) -> pd.Series:
    """Return when each row could be known: the later of its event and its recording."""
    event = rows[event_column]
    if "recorded_at" not in rows:
        return event
    return event.where(
        rows["recorded_at"].isna() | (event >= rows["recorded_at"]), rows["recorded_at"]
    )


def consignment_id(bill: pd.Series, container: pd.Series, declaration: pd.Series) -> pd.Series:
    """Return the identifier of each row's consignment as text."""
    both = bill + "|" + container
    alone = bill.where(bill.notna(), "declaration:" + declaration)
    return both.where(both.notna(), alone)


def roll_up(tables: Tables, stage: str, decisions: str = "first") -> Rollup:
    """Group rows into consignments at their decision time.

    Parameters
    ----------
    tables : Tables
        Tables in normal form.
    stage : str
        ``pre_arrival`` (decided when the manifest is submitted) or ``declaration`` (decided at
        the first lodging).
    decisions : {"first", "all"}
        Whether a consignment is decided once, or again at each later lodging.

    Returns
    -------
    Rollup
        Decisions with their lines.

    Raises
    ------
    UsageError
        If the stage does not exist.
    """
    if decisions not in {"first", "all"}:
        raise UsageError(f"decisions={decisions!r}", "use 'first' or 'all'")
    if check_stage(stage) == "pre_arrival":
        return _roll_up_manifests(tables.require("manifests"))
    return _roll_up_declarations(tables, decisions)


def latest_known(
    rows: pd.DataFrame, identity: list[str], at: str = "decision_time"
) -> pd.DataFrame:
    """Keep, of each identity, the highest revision known at the time in column ``at``.

    Where nothing was known by then (a late record), the first revision to become known stands in:
    it is what the decision would have been made on.
    """
    if "revision" not in rows or not rows.duplicated(identity).any():
        return rows
    in_time = rows["known_at"] <= rows[at]
    order = rows.assign(
        _in_time=in_time,
        _rank=np.where(in_time, rows["revision"], -rows["known_at"].astype("int64")),
    ).sort_values(["_in_time", "_rank"], kind="stable")
    return rows.loc[order.drop_duplicates(identity, keep="last").index.sort_values()]


def _roll_up_manifests(manifests: pd.DataFrame) -> Rollup:
    none = pd.Series(np.nan, index=manifests.index, dtype="str")
    lines = manifests.assign(
        known_at=known_at(manifests, "submitted_at"),
        consignment_id=consignment_id(manifests["bill_no"], manifests["container_no"], none),
        declaration_id=none,
    )
    lines["decision_time"] = lines.groupby("consignment_id")["submitted_at"].transform("min")
    lines = latest_known(lines, _IDENTITY["manifests"])
    return _assemble("pre_arrival", lines)


def _roll_up_declarations(tables: Tables, decisions: str) -> Rollup:
    declarations = tables.require("declarations")
    lines = declarations.assign(known_at=known_at(declarations, "lodged_at"))
    lines = _spread_over_containers(lines, tables.manifests)
    lines["consignment_id"] = consignment_id(
        lines["bill_no"], lines["container_no"], lines["declaration_id"]
    )
    lodged = lines.groupby(["consignment_id", "declaration_id"])["lodged_at"].transform("min")
    lines["lodging"] = lodged
    if decisions == "first":
        lines["decision_time"] = lines.groupby("consignment_id")["lodging"].transform("min")
        lines = lines[lines["lodging"] == lines["decision_time"]]
    else:
        times = lines[["consignment_id", "lodging"]].drop_duplicates()
        times = times.rename(columns={"lodging": "decision_time"})
        lines = lines.merge(times, on="consignment_id")
        lines = lines[lines["lodging"] <= lines["decision_time"]]
    identity = ["consignment_id", "decision_time", *_IDENTITY["declarations"]]
    lines = latest_known(lines.reset_index(drop=True), identity).drop(columns="lodging")
    return _assemble("declaration", lines)


def _spread_over_containers(lines: pd.DataFrame, manifests: pd.DataFrame | None) -> pd.DataFrame:
    """Repeat lines without container for every container of their bill known by then."""
    if "bill_no" not in lines:
        lines = lines.assign(bill_no=pd.Series(np.nan, index=lines.index, dtype="str"))
    if "container_no" not in lines:
        lines = lines.assign(container_no=pd.Series(np.nan, index=lines.index, dtype="str"))
    open_lines = (lines["bill_no"].notna() & lines["container_no"].isna()).to_numpy()
    if not open_lines.any():
        return lines.reset_index(drop=True)
    containers = _containers_of_bills(lines, manifests)
    wide = lines.loc[open_lines, ["bill_no", "lodged_at"]].assign(row=np.flatnonzero(open_lines))
    wide = wide.merge(containers, on="bill_no")
    wide = wide[wide["container_known_at"] <= wide["lodged_at"]]
    stay = np.ones(len(lines), dtype=bool)
    stay[wide["row"].to_numpy()] = False
    rows = np.concatenate([np.flatnonzero(stay), wide["row"].to_numpy()])
    named = pd.concat([lines.loc[stay, "container_no"], wide["container_no"]], ignore_index=True)
    return lines.take(rows).reset_index(drop=True).assign(container_no=named)


def _containers_of_bills(lines: pd.DataFrame, manifests: pd.DataFrame | None) -> pd.DataFrame:
    """Return when each container of a bill first became known."""
    columns = ["bill_no", "container_no", "known_at"]
    sources = [lines.loc[lines["container_no"].notna(), columns]]
    if manifests is not None:
        named = manifests[manifests["container_no"].notna()]
        sources.append(named[columns[:2]].assign(known_at=known_at(named, "submitted_at")))
    containers = pd.concat(sources, ignore_index=True).sort_values("known_at", kind="stable")
    containers = containers.drop_duplicates(["bill_no", "container_no"])
    return containers.rename(columns={"known_at": "container_known_at"})


def _assemble(stage: str, lines: pd.DataFrame) -> Rollup:
    sort = ["decision_time", "consignment_id"]
    sort += [c for c in ("declaration_id", "line_no", "container_no_raw") if c in lines]
    lines = lines.sort_values(sort, kind="stable").reset_index(drop=True)
    identity = ["decision_time", "consignment_id"]
    new = ~lines.duplicated(identity).to_numpy()
    # Sorted by decision, so a decision's lines are neighbours and owners ascend.
    owner = np.cumsum(new) - 1
    columns = [
        "consignment_id", "bill_no", "container_no", "declaration_id", "office", "mode",
        "decision_time",
    ]  # fmt: skip
    consignments = lines.loc[new, columns].reset_index(drop=True)
    return Rollup(stage, consignments, lines, owner.astype(np.int64), None)


def with_manifests(rollup: Rollup, tables: Tables) -> Rollup:
    """Lay the manifest row of each consignment beside its declaration lines.

    Parameters
    ----------
    rollup : Rollup
        Decisions; those of ``pre_arrival`` are returned as they are.
    tables : Tables
        Where manifests, if there are any, come from.
    """
    if rollup.stage == "pre_arrival":
        return rollup
    return replace(rollup, manifests=_manifest_of(rollup.consignments, tables.manifests))


def _manifest_of(consignments: pd.DataFrame, manifests: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the manifest row of each consignment as known strictly before its decision."""
    if manifests is None or not len(manifests):
        return None
    known = manifests.assign(known_at=known_at(manifests, "submitted_at"))
    known["manifest_id"] = consignment_id(
        known["bill_no"], known["container_no"], pd.Series(np.nan, known.index, dtype="str")
    )
    wanted = consignments[["consignment_id", "bill_no", "decision_time"]]
    wanted = wanted.assign(_row=np.arange(len(wanted)))
    exact = wanted.merge(known, left_on="consignment_id", right_on="manifest_id")
    bill_only = wanted[consignments["container_no"].isna() & consignments["bill_no"].notna()]
    rest = bill_only[~bill_only["_row"].isin(exact["_row"])]
    if len(rest):
        by_bill = rest.merge(known, on="bill_no").assign(bill_no_y=lambda f: f["bill_no"])
        exact = pd.concat([exact, by_bill], ignore_index=True)
    exact = exact[exact["known_at"] < exact["decision_time"]]
    if "revision" not in exact:
        exact = exact.assign(revision=0)
    exact = exact.sort_values(
        ["_row", "revision", "known_at", "container_no_raw"], kind="stable"
    ).drop_duplicates("_row", keep="last")
    exact = exact.drop(columns=["bill_no", "bill_no_x"], errors="ignore")
    exact = exact.rename(columns={"bill_no_y": "bill_no"})
    return exact.set_index("_row")[list(manifests.columns)].reindex(np.arange(len(wanted)))


def match_inspections(
    rollup: Rollup, inspections: pd.DataFrame, declarations: pd.DataFrame | None
) -> pd.DataFrame:
    """Find the consignments that each inspection row speaks of.

    Parameters
    ----------
    rollup : Rollup
        Decisions of one stage.
    inspections : DataFrame
        Inspection rows; the index is used to name them.
    declarations : DataFrame or None
        Needed to follow inspections that name only a declaration.

    Returns
    -------
    DataFrame
        Columns ``inspection`` (position in ``inspections``) and ``consignment`` (position in
        ``rollup.consignments``), each pair once, sorted.

    Notes
    -----
    A bill without container means every container of the bill; a container without bill means
    the last consignment in that container decided by the time of the selection.
    """
    targets = _targets(inspections, declarations)
    cons = rollup.consignments[["consignment_id", "bill_no", "container_no", "decision_time"]]
    cons = cons.assign(consignment=np.arange(len(cons)))
    direct = targets.dropna(subset=["consignment_id"]).merge(
        cons[["consignment_id", "consignment"]], on="consignment_id"
    )
    rest = targets[~targets["inspection"].isin(direct["inspection"])]
    whole = rest["bill_no"].notna() & rest["container_no"].isna()
    of_bill = rest[whole].merge(cons[["bill_no", "consignment"]], on="bill_no")
    # A container is named but the stage knows only the bill.
    named = rest["bill_no"].notna() & rest["container_no"].notna()
    bills = cons.loc[cons["container_no"].isna(), ["bill_no", "consignment"]]
    of_open_bill = rest[named].merge(bills, on="bill_no")
    only = rest["bill_no"].isna() & rest["container_no"].notna()
    of_container = _last_in_container(rest[only], cons)
    pairs = pd.concat([direct, of_bill, of_open_bill, of_container], ignore_index=True)
    pairs = pairs[["inspection", "consignment"]].drop_duplicates()
    return pairs.sort_values(["inspection", "consignment"]).reset_index(drop=True).astype("int64")


def _targets(inspections: pd.DataFrame, declarations: pd.DataFrame | None) -> pd.DataFrame:
    none = pd.Series(np.nan, index=inspections.index, dtype="str")
    targets = pd.DataFrame(
        {
            column: inspections.get(column, none)
            for column in ("bill_no", "container_no", "declaration_id")
        }
    ).assign(inspection=np.arange(len(inspections)), selected_at=inspections["selected_at"])
    only = targets["bill_no"].isna() & targets["container_no"].isna()
    if declarations is not None and only.any():
        columns = [c for c in ("declaration_id", "bill_no", "container_no") if c in declarations]
        links = declarations[columns].drop_duplicates()
        found = targets.loc[only, ["inspection", "declaration_id", "selected_at"]]
        found = found.merge(links, on="declaration_id", how="left")
        targets = pd.concat([targets[~only], found], ignore_index=True)
    targets["consignment_id"] = consignment_id(
        targets["bill_no"], targets["container_no"], targets["declaration_id"]
    )
    bill_only = targets["bill_no"].notna() & targets["container_no"].isna()
    # A bill is spread over its containers below; only a bill-level consignment has its bare id.
    targets.loc[bill_only, "consignment_id"] = np.nan
    return targets


def _last_in_container(targets: pd.DataFrame, cons: pd.DataFrame) -> pd.DataFrame:
    if not len(targets):
        return targets.assign(consignment=pd.Series(dtype="int64"))
    right = cons.dropna(subset=["container_no"])[["container_no", "decision_time", "consignment"]]
    return pd.merge_asof(
        targets.dropna(subset=["selected_at"]).sort_values("selected_at"),
        right.sort_values("decision_time", kind="stable"),
        left_on="selected_at",
        right_on="decision_time",
        by="container_no",
    ).dropna(subset=["consignment"])
