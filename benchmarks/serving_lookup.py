"""The usual service with a look-up of its own: what it takes to be asked the question that we are.

The service of :mod:`benchmarks.serving_peers` gets features ready made, which nobody has when a
consignment arrives. This one gets the same consignments as ours: pydantic reads them, history lies
in SQLite in memory with an index for every key, and one query for each line and key counts earlier
lines and outcomes in all windows. That is a part of the features of the model, and the cheap
part; the others (prices among peers, distinct counts, similarities) it leaves missing, and it
never learns of an event.
"""

import os
import re
import sqlite3
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import bentoml

from benchmarks.serving_peers import OPTIONS, Usual

__all__ = ["LookingService"]

_COUNTED = re.compile(r"(?P<key>[a-z_.]+)__(?P<kind>count|known|hits)(?:__(?P<days>[0-9.]+)d)?")
_DAY = 86_400_000_000
_EVER = 200 * 365.0
_COLUMNS = (
    "importer_id", "exporter_id", "declarant_id", "container_no", "commodity_code", "office",
    "origin_country", "departure_country", "chapter", "heading",
)  # fmt: skip


class Looking(Usual):
    """Looks up features in SQL, then scores and explains them as the usual service does."""

    def __init__(self) -> None:
        super().__init__()
        import json

        features = json.loads((self.folder / "features.json").read_bytes())
        names = [each["name"] for each in features["feature_set"]["features"]]
        self._asked: dict[tuple[str, ...], list[tuple[int, str, float]]] = defaultdict(list)
        for place, name in enumerate(names):
            found = _COUNTED.fullmatch(name)
            if found is not None and set(found["key"].split(".")) <= set(_COLUMNS):
                asked = (place, found["kind"], float(found["days"] or _EVER))
                self._asked[tuple(found["key"].split("."))].append(asked)
        self._width = len(names)
        self._items = _models()
        self._history = _history(Path(os.environ["BENCHMARK_DATA"]), list(self._asked))
        self._queries = {key: _query(key, asked) for key, asked in self._asked.items()}

    @bentoml.api  # type: ignore[misc]
    def score(self, consignments: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answer each consignment with probability and contributions."""
        given = self._items.model_validate({"consignments": consignments})
        return self.answers([self._features(each) for each in given.consignments])

    def _features(self, consignment: Any) -> dict[str, float | None]:
        found: dict[int, float] = {}
        instant = _micros(consignment.decision_time)
        for line in consignment.declaration_lines:
            values = {**line.model_dump(), **_parts(line.commodity_code)}
            for key, asked in self._asked.items():
                own = [values.get(name) for name in key]
                if None in own:
                    continue
                times = [instant - int(days * _DAY) for _, _, days in asked]
                row = self._history.execute(self._queries[key], [*times, *own, instant]).fetchone()
                for (place, _, _), value in zip(asked, row, strict=True):
                    found[place] = max(found.get(place, 0.0), float(value or 0))
        return {f"f{place}": found.get(place) for place in range(self._width)}


def _query(key: tuple[str, ...], asked: list[tuple[int, str, float]]) -> str:
    """Return the query that counts, for one key, all that is asked of it."""
    sums = {"count": "outcome IS NULL", "known": "outcome IS NOT NULL", "hits": "outcome = 1"}
    parts = [f"SUM({sums[kind]} AND known_at >= ?)" for _, kind, _ in asked]
    own = " AND ".join(f"{name} = ?" for name in key)
    return f"SELECT {', '.join(parts)} FROM past WHERE {own} AND known_at < ?"


def _history(folder: Path, keys: list[tuple[str, ...]]) -> sqlite3.Connection:
    """Return lines and outcomes as one table, with an index for every key."""
    import pandas as pd

    lines = pd.read_parquet(folder / "declarations.parquet")
    codes = lines["commodity_code"].astype("str")
    lines = lines.assign(chapter=codes.str[:2], heading=codes.str[:4], outcome=None)
    seen = lines["lodged_at"].where(
        lines["recorded_at"].isna() | (lines["recorded_at"] < lines["lodged_at"]),
        lines["recorded_at"],
    )
    results = pd.read_parquet(folder / "inspections.parquet").dropna(subset=["closed_at"])
    results = results.drop_duplicates("bill_no", keep="last").set_index("bill_no")
    outcomes = lines[lines["bill_no"].isin(results.index)]
    own = results.loc[outcomes["bill_no"]]
    outcomes = outcomes.assign(outcome=(own["result"] == "violation").to_numpy(dtype=int))
    lines = lines.assign(known_at=seen.astype("int64"))
    outcomes = outcomes.assign(known_at=own["closed_at"].astype("int64").to_numpy())
    database = sqlite3.connect(":memory:", check_same_thread=False)
    past = pd.concat([lines, outcomes])[[*_COLUMNS, "known_at", "outcome"]]
    past.to_sql("past", database, index=False)
    for number, key in enumerate(keys):
        database.execute(f"CREATE INDEX past_{number} ON past ({', '.join(key)}, known_at)")
    return database


def _models() -> Any:
    """Return pydantic models of a request, made from the vocabulary."""
    import pydantic

    from riskml.schemas import TABLES

    def row(table: str) -> Any:
        fields: dict[str, Any] = {}
        for column in TABLES[table].columns:
            kind: Any = datetime if column.kind == "time" else float if column.is_number else str
            fields[column.name] = (kind | None, None)
        return pydantic.create_model(table, **fields)

    manifest, line = row("manifests"), row("declarations")
    item = pydantic.create_model(
        "Item",
        stage=(str, ...),
        decision_time=(datetime, ...),
        manifest=(manifest | None, None),
        declaration_lines=(list[line], ...),  # type: ignore[valid-type]
    )
    return pydantic.create_model("Items", consignments=(list[item], ...))  # type: ignore[valid-type]


def _parts(code: str | None) -> dict[str, str | None]:
    return {"chapter": code and code[:2], "heading": code and code[:4]}


def _micros(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000_000)


LookingService = bentoml.service(Looking, name="looking", **OPTIONS)
