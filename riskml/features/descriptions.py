"""Goods descriptions as they were known: what speaks for a heading, month by month.

At the beginning of each month (UTC) the descriptions of the year before are counted anew, of each
row the latest revision known strictly before that instant; the counts hold for every decision of
the month. So a description is judged by others that were known before, never by itself, and the
same rows give the same bits in training, in batch and online: nothing is fitted that would have to
be carried in a bundle.
"""

import threading
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.features.events import EVENT_TIMES, IDENTITY
from riskml.features.said import Rows, column_of, known_times
from riskml.features.wordbook import Wordbook, ngrams_of

__all__ = ["Descriptions", "Told", "headings_of"]

WINDOW_DAYS = 365
FEW = 64
"""Up to so many texts are taken as they are."""
MOST = 20_000
"""Descriptions counted in a month: of more, those whose identity has the lowest hash."""
KEPT = 2
"""Months counted anew beside the look-ups when a row comes late; others when they are asked for."""

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]

_DAY = 86_400_000_000


class _Rows(NamedTuple):
    """Rows of the table: when they were known, what they are a revision of, what they say.

    Texts and headings are given by number, -1 where missing.
    """

    known: IntArray
    identity: npt.NDArray[np.uint64]
    revision: IntArray
    text: IntArray
    heading: IntArray

    def take(self, keep: npt.NDArray[np.bool_] | IntArray) -> "_Rows":
        known, identity, revision, text, heading = self
        return _Rows(known[keep], identity[keep], revision[keep], text[keep], heading[keep])


class Told(NamedTuple):
    """Further rows, and the counts of months that they change."""

    rows: _Rows
    books: dict[int, Wordbook]


class _Numbers:
    """Numbers of texts, given as they appear."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._number: dict[str, int] = {}

    def add(self, codes: npt.NDArray[np.intp], distinct: Iterable[str | None]) -> IntArray:
        """Return the number of each text, given by code; a missing one has code or number -1."""
        numbers = [-1 if text is None else self.one(text) for text in distinct]
        return np.array([*numbers, -1], dtype=np.int64)[codes]

    def one(self, text: str) -> int:
        """Return the number of a text, a new one if it is new."""
        found = self._number.setdefault(text, len(self.texts))
        if found == len(self.texts):
            self.texts.append(text)
        return found

    def find(self, texts: Iterable[str]) -> IntArray:
        """Return the number of each text; -1 for an unknown one."""
        return np.array([self._number.get(text, -1) for text in texts], dtype=np.int64)


class Descriptions:
    """Every row of a stage's own table, and the counts of a month once they are asked for.

    Parameters
    ----------
    table : {"manifests", "declarations"}
        Where rows come from.

    Notes
    -----
    One thread may prepare rows and count months while others ask; :meth:`apply` excludes both.
    """

    def __init__(self, table: str) -> None:
        self._table = table
        self._counting = threading.Lock()
        self._parts: list[_Rows] = []
        self._texts, self._headings, self._chapters = _Numbers(), _Numbers(), _Numbers()
        self._grams = ngrams_of([])
        self._place: dict[int, int] = {}
        self._books: dict[int, Wordbook] = {}

    def append(self, rows: Rows) -> None:
        """Add rows in normal form or plain, none of them twice; their order does not matter."""
        self.apply(self.prepare(rows))

    def prepare(self, rows: Rows) -> Told | None:
        """Work out what further rows change, for :meth:`apply`; nothing is seen of them before."""
        if not len(rows):
            return None
        known = known_times(rows, EVENT_TIMES[self._table])
        codes, distinct = pd.factorize(column_of(rows, "commodity_code"))
        headings = headings_of(distinct)
        for heading in headings:
            if heading is not None:
                self._chapters.one(heading[:2])
        new = _Rows(
            known,
            _identities(rows, IDENTITY[self._table]),
            _revisions(rows),
            self._texts.add(*pd.factorize(column_of(rows, "goods_description"))),
            self._headings.add(codes, headings),
        )
        changed = sorted(start for start in list(self._books) if start > int(known.min()))
        return Told(new, {start: self._counted(start, new) for start in changed[-KEPT:]})

    def apply(self, told: Told | None) -> None:
        """Take in what was prepared; months whose counts it changes are known anew or forgotten."""
        if told is None:
            return
        self._parts.append(told.rows)
        first = int(told.rows.known.min())
        held = {start: book for start, book in self._books.items() if start <= first}
        self._books = held | told.books

    def count(self, time: int) -> None:
        """Count the month of a time (microseconds since 1970 UTC), before anybody asks."""
        self._book(int(_month_starts(np.array([time]))[0]))

    def plausibility(self, texts: Objects, headings: Objects, times: IntArray) -> FloatArray:
        """Return how well descriptions go with headings, by what was known before their month.

        Parameters
        ----------
        texts, headings : ndarray of object, shape (n,)
            Descriptions, and headings of four digits; None is missing.
        times : ndarray of int64, shape (n,)
            Decision times, microseconds since 1970 UTC.

        Returns
        -------
        ndarray of float64, shape (n,)
            Between 0 and 1; one half where the words tell nothing; missing where the text or the
            heading is, or where no goods of its chapter were known.
        """
        found = np.full(len(texts), np.nan)
        pairs = zip(texts.tolist(), headings.tolist(), strict=True)
        told = [text is not None and heading is not None for text, heading in pairs]
        asked = np.flatnonzero(told)
        starts = _month_starts(times[asked])
        for start in np.unique(starts).tolist():
            rows = asked[starts == start]
            found[rows] = self._judged(start, texts[rows], headings[rows])
        return found

    def _judged(self, start: int, texts: Objects, headings: Objects) -> FloatArray:
        book, place = self._book(start), None
        if len(texts) > FEW:
            # Goods of one heading are described alike; a pair has the same bits in any company.
            both, place = _distinct_pairs(texts, headings)
            texts, headings = both
        grams = ngrams_of(texts.tolist())
        owner = np.repeat(np.arange(len(texts)), grams.starts[1:] - grams.starts[:-1])
        wanted = headings.tolist()
        chapters = self._chapters.find(heading[:2] for heading in wanted)
        ratio = book.likelihood(grams.bins, owner, self._headings.find(wanted), chapters)
        judged = 1.0 / (1.0 + np.exp(-ratio))
        return judged if place is None else judged[place]

    def _book(self, start: int) -> Wordbook:
        """Return the counts at the beginning of a month, made when first asked for."""
        if start not in self._books:
            self._books[start] = self._counted(start)
        return self._books[start]

    def _counted(self, start: int, more: _Rows | None = None) -> Wordbook:
        with self._counting:
            rows = self._settled()
            return self._count(_sample(rows if more is None else _joined([rows, more]), start))

    def _count(self, rows: _Rows) -> Wordbook:
        size = max(len(self._headings.texts), 1)
        pairs, times = np.unique(rows.text * size + rows.heading, return_counts=True)
        bins, owner = self._grams_of(pairs // size)
        chapters = self._chapters.find(heading[:2] for heading in self._headings.texts)
        return Wordbook(bins, (pairs % size)[owner], times[owner], chapters)

    def _settled(self) -> _Rows:
        """Return all rows in one piece."""
        if len(self._parts) != 1:
            none = np.empty(0, dtype=np.int64)
            self._parts = [
                _joined([_Rows(none, none.astype(np.uint64), none, none, none), *self._parts])
            ]
        return self._parts[0]

    def _grams_of(self, texts: IntArray) -> tuple[IntArray, IntArray]:
        """Return the n-grams of texts by number; each text is taken apart once."""
        new = [number for number in np.unique(texts).tolist() if number not in self._place]
        self._place |= {number: len(self._place) + i for i, number in enumerate(new)}
        self._grams = self._grams.and_of(ngrams_of([self._texts.texts[n] for n in new]))
        return self._grams.of(np.array([self._place[n] for n in texts.tolist()], dtype=np.int64))


def headings_of(codes: Iterable[str | None]) -> list[str | None]:
    """Return the HS heading, four digits, of each code; None for a code of another system."""
    return [
        code[:4] if isinstance(code, str) and len(code) >= 4 and code[:4].isdigit() else None
        for code in codes
    ]


def _joined(parts: Iterable[_Rows]) -> _Rows:
    return _Rows(*map(np.concatenate, zip(*parts, strict=True)))


def _distinct_pairs(texts: Objects, headings: Objects) -> tuple[list[Objects], IntArray]:
    text, texts = pd.factorize(texts)
    heading, headings = pd.factorize(headings)
    pairs, place = np.unique(text * len(headings) + heading, return_inverse=True)
    return [texts[pairs // len(headings)], headings[pairs % len(headings)]], place


def _sample(rows: _Rows, start: int) -> _Rows:
    """Return the rows counted at an instant: known before, not superseded, not too many."""
    rows = rows.take(rows.known < start)
    if rows.revision.any():
        order = np.lexsort((rows.revision, rows.identity))
        last = np.append(rows.identity[order][1:] != rows.identity[order][:-1], True)
        rows = rows.take(order[last])
    said = (rows.text >= 0) & (rows.heading >= 0) & (rows.known >= start - WINDOW_DAYS * _DAY)
    rows = rows.take(said)
    if len(rows.known) > MOST:
        rows = rows.take(np.argpartition(rows.identity, MOST)[:MOST])
    return rows


def _identities(rows: Rows, names: tuple[str, str]) -> npt.NDArray[np.uint64]:
    """Return a hash of what identifies each row, the same for its revisions."""
    first, second = (pd.util.hash_array(_plain(column_of(rows, name))) for name in names)
    return np.asarray(first * np.uint64(0x9E3779B97F4A7C15) ^ second, dtype=np.uint64)


def _plain(column: Any) -> npt.NDArray[Any]:
    values = np.asarray(column, dtype=object)
    whole = len(values) > 0 and isinstance(values[0], int | float)
    return values.astype(np.int64) if whole else values


def _revisions(rows: Rows) -> IntArray:
    if isinstance(rows, pd.DataFrame):
        given = rows["revision"] if "revision" in rows else np.zeros(len(rows))
        return np.asarray(given, dtype=np.int64)
    return np.array([row.get("revision") or 0 for row in rows], dtype=np.int64)


def _month_starts(times: IntArray) -> IntArray:
    months = times.astype("datetime64[us]").astype("datetime64[M]")
    return np.asarray(months.astype("datetime64[us]").astype(np.int64))
