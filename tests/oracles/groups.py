"""Groups of parties, slow and obvious: every number is compared with every earlier one."""

import pandas as pd

from riskml.features.kinship import (
    ADDRESS_POINTS,
    ALIKE,
    NAME_POINTS,
    Kinship,
)
from riskml.features.names import address_key, likeness, name_key

__all__ = ["group_as_of", "groups"]


def _kin(rows: list[dict], kinship: Kinship, number: str, own: dict, time: int) -> str | None:
    """Return the number that a row's number is linked to, by rows known before a time."""
    best = None
    earlier = [row for row in rows if row["known"] < time]
    for other in sorted({row[kinship.party] for row in earlier} - {number}):
        said = [row for row in earlier if row[kinship.party] == other]
        met = [
            row
            for row in said
            for block in kinship.blocks
            if all(own[c] is not None and row[c] == own[c] for c in block)
        ]
        if not met:
            continue
        points = 0.0
        for name, worth in kinship.points.items():
            points += worth if any(own[name] and row[name] == own[name] for row in said) else 0.0
        if own[kinship.address]:
            alike = [_alike(own, row, kinship.address, address_key) for row in said]
            points += ADDRESS_POINTS if max(alike) >= ALIKE else 0.0
        if own[kinship.name]:
            points += NAME_POINTS * max(_alike(own, row, kinship.name, name_key) for row in said)
        first = min(row["known"] for row in said)
        rank = (-points, first, other)
        if points >= kinship.enough and (best is None or rank < best):
            best = rank
    return None if best is None else best[2]


def _alike(own: dict, row: dict, column: str, key) -> float:
    return likeness(key(own[column]), key(row[column])) if row[column] else 0.0


def groups(rows: list[dict], kinship: Kinship) -> dict[str, str]:
    """Return the group of every number; rows have the kinship's columns, ``known`` and ``row``."""
    group: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: (row["known"], row["row"])):
        number = row[kinship.party]
        if number is not None and number not in group:
            known = [r for r in rows if r[kinship.party] is not None]
            kin = _kin(known, kinship, number, row, row["known"])
            group[number] = number if kin is None else group[kin]
    return group


def group_as_of(rows: list[dict], kinship: Kinship, own: dict, time: int) -> str | None:
    """Return the group of a row's number by what was known strictly before a time."""
    number = own[kinship.party]
    known = [row for row in rows if row["known"] < time and row[kinship.party] is not None]
    before = groups(known, kinship)
    if number is None or number in before:
        return before.get(number)
    kin = _kin(known, kinship, number, own, time)
    return number if kin is None else before[kin]


def plain_rows(frame: pd.DataFrame, kinship: Kinship, known: pd.Series) -> list[dict]:
    """Return rows of a table as the oracle reads them."""
    found = []
    for row, when in zip(frame.to_dict("records"), known, strict=True):
        values = {name: _text(row.get(name)) for name in kinship.columns}
        code = _text(row.get("commodity_code"))
        values["heading"] = None if code is None else code[:4]
        values["known"] = when.value // 1000
        values["row"] = tuple(row[name] for name in kinship.identity)
        found.append(values)
    return found


def _text(value: object) -> str | None:
    return None if value is None or value != value else str(value)
