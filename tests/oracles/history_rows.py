"""Events and queries written as rows, for tests that read like a story."""

from typing import Any

import numpy as np

from riskml.history import Events, Queries

DAY = 86_400_000_000


def texts(values: list[str | None]) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def events(stream: str, *rows: dict[str, Any], only: tuple[str, ...] | None = None) -> Events:
    """Return rows as events: ``day`` is when it was known, text is a key, the rest a value."""
    reserved = ("id", "revision", "day", "unit")
    names = [name for row in rows for name in row if name not in reserved]
    keys = {n for row in rows for n in row if n in names and isinstance(row[n], str | None)}
    values = set(names) - keys
    return Events(
        stream=stream,
        event_id=texts([row.get("id", f"{stream}{place}") for place, row in enumerate(rows)]),
        revision=np.array([row.get("revision", 0) for row in rows], dtype=np.int64),
        known_at=np.array([round(row["day"] * DAY) for row in rows], dtype=np.int64),
        unit=texts([row.get("unit") for row in rows]),
        keys={name: texts([row.get(name) for row in rows]) for name in sorted(keys)},
        values={
            name: np.array([row.get(name, np.nan) for row in rows], dtype=np.float64)
            for name in sorted(values)
        },
        only=only,
    )


def queries(*rows: dict[str, Any]) -> Queries:
    """Return rows as queries; ``day`` is the decision time."""
    asked = events("queries", *rows)
    return Queries(asked.known_at, asked.unit, asked.keys, asked.values)
