"""Counts of a party straight from the three tables, in slow and obvious Python."""

from typing import Any

import pandas as pd

from riskml.datasets import Tables

__all__ = ["count_known_hits"]

Row = dict[str, Any]


def count_known_hits(
    tables: Tables, stage: str, party: str, consignment: Row, days: float
) -> tuple[int, int, int]:
    """Return earlier lines, closed outcomes and violations of the consignment's party.

    ``consignment`` has ``consignment_id``, ``decision_time`` and the party's value.
    """
    at, value = consignment["decision_time"], consignment[party]
    begin = at - pd.Timedelta(days=days)
    lines = [row for row in _latest(_own_rows(tables, stage), at) if row[party] == value]
    count = sum(begin <= row["known"] < at for row in lines)
    known = hits = 0
    for outcome in _latest(_outcomes(tables, stage), at):
        if outcome["unit"] == consignment["consignment_id"] or value not in outcome[party]:
            continue
        if begin <= outcome["known"] < at:
            known += 1
            hits += outcome["result"] == "violation"
    return count, known, hits


def _latest(rows: list[Row], at: pd.Timestamp) -> list[Row]:
    """Keep of each identity the highest revision known before ``at``."""
    best: dict[Any, Row] = {}
    for row in rows:
        if row["known"] < at:
            other = best.get(row["identity"])
            if other is None or row["revision"] > other["revision"]:
                best[row["identity"]] = row
    return list(best.values())


def _later(*times: Any) -> Any:
    return max(time for time in times if not pd.isna(time))


def _own_rows(tables: Tables, stage: str) -> list[Row]:
    if stage == "pre_arrival":
        table, event, identity = tables.manifests, "submitted_at", ("bill_no", "container_no_raw")
    else:
        table, event, identity = tables.declarations, "lodged_at", ("declaration_id", "line_no")
    assert table is not None
    return [
        {
            **row,
            "identity": tuple(row[name] for name in identity),
            "known": _later(row[event], row["recorded_at"]),
            "event": row[event],
            "revision": row.get("revision", 0),
        }
        for row in table.to_dict("records")
    ]


def _units(tables: Tables, stage: str) -> dict[str, Row]:
    """Return each consignment with its lines as known at its first decision."""
    rows = _own_rows(tables, stage)
    if stage == "declaration":
        rows = [copy for row in rows for copy in _spread(row, rows, tables)]
    units: dict[str, list[Row]] = {}
    for row in rows:
        name = row["bill_no"]
        if not pd.isna(row["container_no"]):
            name += "|" + row["container_no"]
        units.setdefault(name, []).append(row)
    decided = {}
    for name, members in units.items():
        at = min(row["event"] for row in members)
        content = {}
        for row in [row for row in members if row["event"] == at]:
            content.setdefault(row["identity"], []).append(row)
        lines = []
        for revisions in content.values():
            known = [row for row in revisions if row["known"] <= at]
            if known:
                lines.append(max(known, key=lambda row: row["revision"]))
            else:
                lines.append(min(revisions, key=lambda row: row["known"]))
        decided[name] = {"at": at, "lines": lines, "bill_no": members[0]["bill_no"]}
        decided[name]["container_no"] = members[0]["container_no"]
    return decided


def _spread(row: Row, rows: list[Row], tables: Tables) -> list[Row]:
    if not pd.isna(row["container_no"]):
        return [row]
    found = set()
    for other in rows:
        same = other["bill_no"] == row["bill_no"] and not pd.isna(other["container_no"])
        if same and other["known"] <= row["event"]:
            found.add(other["container_no"])
    for ship in _own_rows(tables, "pre_arrival"):
        if ship["bill_no"] == row["bill_no"] and ship["known"] <= row["event"]:
            found.add(ship["container_no"])
    return [{**row, "container_no": name} for name in sorted(found)] or [row]


def _outcomes(tables: Tables, stage: str) -> list[Row]:
    assert tables.inspections is not None
    units = _units(tables, stage)
    outcomes = []
    for row in tables.inspections.to_dict("records"):
        for name, unit in units.items():
            if row["bill_no"] != unit["bill_no"]:
                continue
            named = not pd.isna(row["container_no"]) and not pd.isna(unit["container_no"])
            if named and row["container_no"] != unit["container_no"]:
                continue
            outcome = {
                "identity": (row["inspection_id"], name),
                "revision": row["revision"],
                "known": _later(row["closed_at"], row["recorded_at"], unit["at"]),
                "result": row["result"],
                "unit": name,
            }
            for party in ("consignee_id", "importer_id"):
                outcome[party] = {line.get(party) for line in unit["lines"]}
            outcomes.append(outcome)
    return outcomes
