"""The rows of one table of a live history: segments that stay as they are, and a small tail.

A segment is an Arrow table with, for each column that rows are found by, the hashes of its texts
in order; it can be mapped from a file. What arrives row by row goes to the tail and becomes a
segment once it is long enough. Two segments become one when neither is much longer than the
other, so that there are few of them and each row is moved a few times only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from riskml.datasets.plain import PlainRow, frame_of, times_of_table
from riskml.history.identities import text_hashes

__all__ = ["RowTable", "Wanted"]

Wanted = Mapping[str, set[str]]
"""Values by column: a row is wanted in which any of the columns has one of its values."""

FINDABLE = ("bill_no", "container_no", "declaration_id", "inspection_id")
_LONGEST_TAIL = 2_000


class _Finder(NamedTuple):
    """The hashes of the texts of a column in order, and the row of each."""

    hashes: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "_Finder":
        texts = _texts(column)
        known = np.flatnonzero(texts.is_valid().to_numpy(zero_copy_only=False))
        hashes = text_hashes(texts)[known]
        order = np.argsort(hashes, kind="stable")
        return cls(hashes[order], known[order].astype(np.int32))

    def find(self, hashes: np.ndarray) -> np.ndarray:
        """Return the rows that may have a text of one of some hashes."""
        starts = np.searchsorted(self.hashes, hashes)
        ends = np.searchsorted(self.hashes, hashes, side="right")
        found = [self.rows[a:b] for a, b in zip(starts, ends, strict=True) if a < b]
        return np.concatenate(found) if found else np.empty(0, np.int32)


@dataclass(frozen=True)
class _Segment:
    """Rows that stay as they are."""

    rows: pa.Table
    finders: Mapping[str, _Finder]

    @classmethod
    def of(cls, rows: pa.Table) -> "_Segment":
        rows = rows.combine_chunks()
        names = (name for name in FINDABLE if name in rows.column_names)
        return cls(rows, {name: _Finder.of(rows[name]) for name in names})

    def where(self, wanted: Wanted, hashes: Mapping[str, np.ndarray]) -> pa.Table:
        """Return the rows that are wanted."""
        found = [self.finders[n].find(h) for n, h in hashes.items() if n in self.finders]
        places = np.unique(np.concatenate([np.empty(0, np.int32), *found]))
        names = [name for name in hashes if name in self.finders]
        if not len(places):
            return self.rows.slice(0, 0)
        # A hash is no proof: what was found is compared.
        texts = [self.rows[name].take(places).to_pylist() for name in names]
        rows = zip(*texts, strict=True)
        same = [any(v in wanted[n] for n, v in zip(names, row, strict=True)) for row in rows]
        return self.rows.take(places[np.array(same, dtype=bool)])

    def state(self) -> dict[str, Any]:
        return {"rows": self.rows, "finders": {n: f._asdict() for n, f in self.finders.items()}}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> "_Segment":
        finders = {name: _Finder(**finder) for name, finder in state["finders"].items()}
        return cls(state["rows"], finders)


class _Tail:
    """The latest rows, as they came."""

    def __init__(self) -> None:
        self.rows: list[PlainRow] = []
        self._places: dict[tuple[str, Any], list[int]] = {}

    def append(self, rows: Iterable[PlainRow]) -> None:
        for row in rows:
            for name in FINDABLE:
                if name in row:
                    self._places.setdefault((name, row[name]), []).append(len(self.rows))
            self.rows.append(row)

    def where(self, wanted: Wanted) -> list[PlainRow]:
        """Return the rows that are wanted, in the order in which they came."""
        known = self._places
        places = {
            place
            for name, values in wanted.items()
            for value in values
            for place in known.get((name, value), ())
        }
        return [self.rows[place] for place in sorted(places)]


class _Parts(NamedTuple):
    segments: tuple[_Segment, ...]
    tail: _Tail


class RowTable:
    """The rows of one table.

    One thread at a time appends; any number may read meanwhile.

    Parameters
    ----------
    name : str
        Of the table.
    rows : DataFrame, optional
        Those known at the start, in normal form.
    """

    def __init__(self, name: str, rows: pd.DataFrame | None) -> None:
        self.name = name
        self._held = _Parts(() if rows is None else (_segment(rows),), _Tail())
        self.known = rows is not None

    def __len__(self) -> int:
        """Return the number of rows."""
        segments, tail = self._held
        settled: int = sum(segment.rows.num_rows for segment in segments)
        return settled + len(tail.rows)

    def append_frame(self, rows: pd.DataFrame) -> None:
        """Add rows in normal form."""
        self.known = True
        self._held = _Parts((*self._held.segments, _segment(rows)), self._held.tail)

    def append(self, rows: Sequence[PlainRow]) -> None:
        """Add plain rows."""
        self.known = True
        self._held.tail.append(rows)

    def tidy(self) -> None:
        """Turn a long tail into a segment, and two like segments into one."""
        self._tidied(_LONGEST_TAIL)

    def all_rows(self) -> pd.DataFrame | None:
        """Return all rows, None if there never were any."""
        segments, tail = self._held
        return self._joined([segment.rows for segment in segments], tail.rows)

    def where(self, wanted: Wanted) -> pd.DataFrame | None:
        """Return the rows that are wanted, as a frame; None if there never were any rows."""
        found = [part for part in self._found(wanted) if part.num_rows]
        held = self._held
        found = found or [part.rows.slice(0, 0) for part in held.segments[:1]]
        return self._joined(found, held.tail.where(wanted))

    def plain(self, wanted: Wanted, columns: Sequence[str]) -> list[dict[str, Any]]:
        """Return some columns of the rows that are wanted, missing values as None."""
        times = times_of_table(self.name)
        rows: list[dict[str, Any]] = []
        for found in self._found(wanted):
            names = [name for name in columns if name in found.column_names]
            columns_of = {
                name: (found[name].cast(pa.int64()) if name in times else found[name]).to_pylist()
                for name in names
            }
            blank = dict.fromkeys(columns)
            rows += (
                blank | dict(zip(names, values, strict=True))
                for values in zip(*columns_of.values(), strict=True)
            )
        tail = self._held.tail.where(wanted)
        return rows + [{name: row.get(name) for name in columns} for row in tail]

    def state(self) -> dict[str, Any]:
        """Return all rows, for a snapshot; the tail becomes a segment first."""
        self._tidied(0)
        return {
            "known": self.known,
            "segments": {str(n): each.state() for n, each in enumerate(self._held.segments)},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.known = state["known"]
        segments = state["segments"]
        held = tuple(_Segment.restored(segments[str(n)]) for n in range(len(segments)))
        self._held = _Parts(held, _Tail())

    def _found(self, wanted: Wanted) -> list[pa.Table]:
        asked = {name: values for name, values in wanted.items() if values}
        if not asked or not self._held.segments:
            return []
        hashes = {
            name: text_hashes(pa.array(sorted(values), pa.large_string()))
            for name, values in asked.items()
        }
        return [segment.where(asked, hashes) for segment in self._held.segments]

    def _joined(self, found: Sequence[pa.Table], tail: Sequence[PlainRow]) -> pd.DataFrame | None:
        if not self.known:
            return None
        frames: list[pd.DataFrame] = [part.to_pandas() for part in found]
        if tail or not frames:
            frames.append(frame_of(self.name, tail))
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)

    def _tidied(self, longest_tail: int) -> None:
        segments, tail = list(self._held.segments), self._held.tail
        if len(tail.rows) > longest_tail:
            segments.append(_segment(frame_of(self.name, tail.rows)))
            tail = _Tail()
        while len(segments) > 1 and segments[-2].rows.num_rows < 2 * segments[-1].rows.num_rows:
            merged = _merged(segments[-2], segments[-1])
            if merged is None:
                break
            segments[-2:] = [merged]
        self._held = _Parts(tuple(segments), tail)


def _segment(rows: pd.DataFrame) -> _Segment:
    # Beside rows that have a revision, those without would miss theirs.
    rows = rows if "revision" in rows else rows.assign(revision=0)
    return _Segment.of(pa.Table.from_pandas(rows, preserve_index=False))


def _merged(one: _Segment, other: _Segment) -> _Segment | None:
    """Return both as one; None where an extra column is text in one and a number in the other."""
    try:
        joined = pa.concat_tables([one.rows, other.rows], promote_options="default")
    except pa.ArrowTypeError:
        return None
    return _Segment.of(joined)


def _texts(column: pa.ChunkedArray) -> pa.LargeStringArray:
    whole = column.cast(pa.large_string()).combine_chunks()
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
