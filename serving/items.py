"""From a decoded item to what is scored: content or keys, decision time, identifiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from riskml.features.online import Item
from riskml.ledger import Principal
from serving.auth import check_office
from serving.errors import ApiError
from serving.normal import normal_row
from serving.payloads import DecodedItem, ScoreItem
from serving.settings import ServiceSettings

__all__ = ["Asked", "asked_of", "plain_content"]

Row = Mapping[str, Any]
_KEYS = ("bill_no", "container_no", "declaration_id")


@dataclass(frozen=True)
class Asked:
    """One consignment to score.

    Attributes
    ----------
    stage : str
        The decision point.
    decision_time : datetime
        UTC.
    item : Item or None
        Content in normal form; None if it is to be found in history.
    keys : mapping
        ``bill_no``, ``container_no``, ``declaration_id``, None where unknown.
    office : str or None
        Where it was decided; known later if it is to be found in history.
    known : mapping
        What events say of it, if it is to be found in history.
    """

    stage: str
    decision_time: datetime
    item: Item | None
    keys: Mapping[str, str | None]
    office: str | None
    known: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> tuple[Row, Sequence[Row]]:
        """Manifest row and declaration lines, as far as they are at hand."""
        if self.item is None:
            return self.known, ()
        return self.item.manifest or {}, self.item.lines


def asked_of(
    decoded: DecodedItem, principal: Principal, now: datetime, settings: ServiceSettings
) -> Asked:
    """Check a decoded item and bring its content into normal form.

    Parameters
    ----------
    decoded : DecodedItem
        What was sent.
    principal : Principal
        Who asks; an office scope is enforced.
    now : datetime
        When the request was received, UTC; the default decision time.
    settings : ServiceSettings
        Tolerance of clocks, commodity system.

    Raises
    ------
    ApiError
        Names the field that is wrong.
    """
    item = decoded.item
    decision_time = _decision_time(item.decision_time, now, settings)
    if item.manifest is None and item.declaration_lines is None:
        return Asked(item.stage, decision_time, None, _keys_of(item), None)
    _check_shape(item)
    manifest, lines = _content(decoded, settings)
    own = [manifest] if item.stage == "pre_arrival" else lines
    first = own[0] or {}
    check_office(principal, first.get("office"), "office")
    keys = {name: first.get(name) for name in _KEYS}
    content = Item(manifest=manifest, lines=lines, decision_time=decision_time)
    return Asked(item.stage, decision_time, content, keys, first.get("office"))


def plain_content(item: Item) -> dict[str, Any]:
    """Return an item's content as msgspec writes it to JSON: values that are known."""
    manifest = None if item.manifest is None else _plain(item.manifest)
    return {"manifest": manifest, "lines": [_plain(line) for line in item.lines]}


def _plain(row: Row) -> dict[str, Any]:
    return {
        name: value
        for name, value in row.items()
        if value is not None and value is not False and value == value
    }


def _decision_time(given: datetime | None, now: datetime, settings: ServiceSettings) -> datetime:
    if given is None:
        return now
    if given > now + timedelta(seconds=settings.future_tolerance_seconds):
        raise ApiError(
            "future_decision_time",
            "the decision time lies in the future",
            field="decision_time",
            remedy="leave it out to score as of receipt, and check the sender's clock",
        )
    if given.year < 1980:
        raise ApiError("invalid_value", "the decision time is impossible", field="decision_time",
                       remedy="send a time from 1980 on")  # fmt: skip
    return given.astimezone(UTC)


def _check_shape(item: ScoreItem) -> None:
    named = next((name for name in _KEYS if getattr(item, name) is not None), None)
    if named is not None:
        raise ApiError(
            "invalid_request",
            "the item has both content and keys",
            field=named,
            remedy="send the content, or the keys of events sent before",
        )
    if item.stage == "pre_arrival" and item.manifest is None:
        raise ApiError("missing_field", "a pre_arrival item needs its manifest", field="manifest",
                       remedy="send it")  # fmt: skip
    if item.stage == "pre_arrival" and item.declaration_lines is not None:
        raise ApiError(
            "invalid_request",
            "a pre_arrival item is decided on its manifest alone",
            field="declaration_lines",
            remedy="leave them out, or use the stage declaration",
        )
    if item.stage == "declaration" and not item.declaration_lines:
        raise ApiError(
            "missing_field",
            "a declaration item needs at least one line",
            field="declaration_lines",
            remedy="send the declaration's lines",
        )


def _keys_of(item: ScoreItem) -> dict[str, str | None]:
    keys = {name: getattr(item, name) for name in _KEYS}
    if item.declaration_id is None and item.bill_no is None:
        raise ApiError(
            "missing_field",
            "the item has neither content nor keys",
            field="manifest" if item.stage == "pre_arrival" else "declaration_lines",
            remedy="send the content, or bill_no and container_no, or declaration_id",
        )
    if item.stage == "pre_arrival" and item.bill_no is None:
        raise ApiError("missing_field", "a manifest is found by its bill", field="bill_no",
                       remedy="send bill_no")  # fmt: skip
    return keys


def _content(decoded: DecodedItem, settings: ServiceSettings) -> tuple[Row | None, Sequence[Row]]:
    item, system = decoded.item, settings.commodity_system
    manifest = None
    if item.manifest is not None:
        manifest = normal_row("manifests", item.manifest, decoded.manifest_extra,
                              place="manifest.", commodity_system=system)  # fmt: skip
    given = item.declaration_lines or []
    extras = decoded.lines_extra or [{}] * len(given)
    lines = [
        normal_row("declarations", line, extra, place=f"declaration_lines[{number}].",
                   commodity_system=system)
        for number, (line, extra) in enumerate(zip(given, extras, strict=True))
    ]  # fmt: skip
    lines = _in_one_container(lines, manifest)
    _check_one_consignment(lines)
    return manifest, lines


def _in_one_container(lines: list[dict[str, Any]], manifest: Row | None) -> list[dict[str, Any]]:
    """Put lines without container into the one that the rest of their bill names (DESIGN 2)."""
    rows = [*lines, manifest] if manifest is not None else lines
    named = {(row["bill_no"], row["container_no"]) for row in rows if row["container_no"]}
    by_bill = {bill: container for bill, container in named if bill}
    return [
        line | {"container_no": by_bill[line["bill_no"]]}
        if line["container_no"] is None and line["bill_no"] in by_bill
        else line
        for line in lines
    ]


def _check_one_consignment(lines: Sequence[Row]) -> None:
    """Refuse lines of several consignments, and a line that is there twice."""
    first: Row = {}
    seen: set[tuple[Any, Any]] = set()
    for number, line in enumerate(lines):
        first = first or line
        place = f"declaration_lines[{number}]"
        for name in ("bill_no", "container_no"):
            if line[name] != first[name]:
                raise ApiError(
                    "mixed_consignment",
                    "the lines belong to different consignments",
                    field=f"{place}.{name}",
                    remedy="send one item for each bill and container",
                )
        identity = (line["declaration_id"], line["line_no"])
        if identity in seen:
            raise ApiError("invalid_request", "a line is there twice", field=f"{place}.line_no",
                           remedy="send its latest revision only")  # fmt: skip
        seen.add(identity)
