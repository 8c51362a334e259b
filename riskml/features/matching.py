"""Consignments of a few plain rows, and which of them an inspection speaks of.

What :mod:`riskml.datasets.consignments` says of frames, line by line, for the few rows that bear
on an arriving event.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from riskml.datasets.plain import PlainRow

__all__ = ["Consignment", "consignments_of", "matched"]

Rows = Mapping[str, Sequence[PlainRow]]
"""Plain rows by table."""


@dataclass(frozen=True)
class Consignment:
    """A consignment at its first decision.

    Attributes
    ----------
    consignment_id : str
    bill_no, container_no : str or None
    decided : int
        Microseconds since 1970 UTC.
    lines : list of mappings
        As they were known then.
    """

    consignment_id: str
    bill_no: str | None
    container_no: str | None
    decided: int
    lines: list[PlainRow]


def consignments_of(stage: str, rows: Rows) -> list[Consignment]:
    """Return the consignments of a stage by decision time and identifier."""
    lines = _manifest_lines(rows) if stage == "pre_arrival" else _declaration_lines(rows)
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        found.setdefault(line["_id"], []).append(line)
    consignments = [
        Consignment(name, own[0].get("bill_no"), own[0].get("container_no"),
                    own[0]["_decided"], list(own))
        for name, own in found.items()
    ]  # fmt: skip
    return sorted(consignments, key=lambda each: (each.decided, each.consignment_id))


def matched(
    consignments: Sequence[Consignment], rows: Rows
) -> Iterator[tuple[PlainRow, Consignment]]:
    """Yield each inspection with each consignment that it speaks of."""
    by_id = {each.consignment_id: each for each in consignments}
    for inspection in rows["inspections"]:
        targets = list(_targets(inspection, rows["declarations"]))
        spoken = {name: by_id[name] for t in targets if (name := _name_of(t)) in by_id}
        if not spoken:
            spoken = {
                each.consignment_id: each
                for target in targets
                for each in _indirect(target, inspection, consignments)
            }
        for consignment in spoken.values():
            yield inspection, consignment


def _known(row: PlainRow, event_time: str) -> int:
    event: int = row[event_time]
    recorded = row.get("recorded_at")
    return event if recorded is None else max(event, recorded)


def _id(row: PlainRow) -> str:
    bill, container = row.get("bill_no"), row.get("container_no")
    if bill is None:
        return f"declaration:{row.get('declaration_id')}"
    return str(bill) if container is None else f"{bill}|{container}"


def _first(times: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    """Return the earliest time of each name."""
    first: dict[Any, int] = {}
    for name, time in times:
        first[name] = min(first.get(name, time), time)
    return first


def _manifest_lines(rows: Rows) -> list[dict[str, Any]]:
    lines = [
        {**row, "_id": _id({**row, "declaration_id": None}), "_known": _known(row, "submitted_at")}
        for row in rows["manifests"]
    ]
    decided = _first((line["_id"], line["submitted_at"]) for line in lines)
    for line in lines:
        line["_decided"] = decided[line["_id"]]
    return _latest(lines, ("bill_no", "container_no_raw"))


def _declaration_lines(rows: Rows) -> list[dict[str, Any]]:
    lines = _spread(rows)
    for line in lines:
        line["_id"] = _id(line)
    lodged = _first(((line["_id"], line["declaration_id"]), line["lodged_at"]) for line in lines)
    decided = _first((name, time) for (name, _), time in lodged.items())
    first = []
    for line in lines:
        line["_decided"] = decided[line["_id"]]
        if lodged[line["_id"], line["declaration_id"]] == line["_decided"]:
            first.append(line)
    return _latest(first, ("_id", "declaration_id", "line_no"))


def _spread(rows: Rows) -> list[dict[str, Any]]:
    """Repeat lines without container for every container of their bill known by then."""
    lines = [{**row, "_known": _known(row, "lodged_at")} for row in rows["declarations"]]
    named: list[tuple[PlainRow, int]] = [(line, line["_known"]) for line in lines]
    named += [(row, _known(row, "submitted_at")) for row in rows["manifests"]]
    containers: dict[str, dict[str, int]] = {}
    for row, known in named:
        bill, container = row.get("bill_no"), row.get("container_no")
        if bill is not None and container is not None:
            own = containers.setdefault(bill, {})
            own[container] = min(own.get(container, known), known)
    spread = []
    for line in lines:
        bill = line.get("bill_no")
        own = {} if bill is None or line.get("container_no") is not None else (
            containers.get(bill, {}))  # fmt: skip
        by_then = [name for name, known in own.items() if known <= line["lodged_at"]]
        spread += [{**line, "container_no": name} for name in by_then] or [line]
    return spread


def _latest(lines: Iterable[dict[str, Any]], identity: Sequence[str]) -> list[dict[str, Any]]:
    """Keep, of each identity, the highest revision known at the decision.

    Where nothing was known by then the first that became known stands in.
    """
    best: dict[tuple[Any, ...], tuple[tuple[bool, int], dict[str, Any]]] = {}
    for line in lines:
        in_time = line["_known"] <= line["_decided"]
        rank = in_time, (line.get("revision") or 0) if in_time else -line["_known"]
        name = tuple(line.get(column) for column in identity)
        if name not in best or rank >= best[name][0]:
            best[name] = rank, line
    return [line for _, line in best.values()]


def _targets(inspection: PlainRow, declarations: Sequence[PlainRow]) -> Iterator[PlainRow]:
    """Yield bill, container and declaration of what is inspected.

    An inspection that names a declaration alone names the bills and containers of its lines.
    """
    bill, container = inspection.get("bill_no"), inspection.get("container_no")
    name = inspection.get("declaration_id")
    links = {
        (row.get("bill_no"), row.get("container_no")): None
        for row in declarations
        if name is not None and row["declaration_id"] == name
    }
    if bill is not None or container is not None or not links:
        links = {(bill, container): None}
    for bill, container in links:
        yield {"bill_no": bill, "container_no": container, "declaration_id": name}


def _name_of(target: PlainRow) -> str | None:
    """Return the consignment that is named; a bill alone names all of its containers."""
    if target["bill_no"] is not None and target["container_no"] is None:
        return None
    return None if target["bill_no"] is None and target["declaration_id"] is None else _id(target)


def _indirect(
    target: PlainRow, inspection: PlainRow, consignments: Sequence[Consignment]
) -> list[Consignment]:
    bill, container = target["bill_no"], target["container_no"]
    if bill is not None:
        # A container is named but the stage knows only the bill: that of the bill will do.
        return [
            each for each in consignments
            if each.bill_no == bill and (container is None or each.container_no is None)
        ]  # fmt: skip
    selected = inspection.get("selected_at")
    if container is None or selected is None:
        return []
    there = [e for e in consignments if e.container_no == container and e.decided <= selected]
    return there[-1:]
