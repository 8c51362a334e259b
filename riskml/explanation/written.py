"""Reasons as JSON, put together from pieces that were escaped before.

A score's reasons go into the answer, and as a text inside other JSON into what the ledger hashes.
Most of their bytes are sentences and names that come again and again; writing them out as objects
and escaping them twice for each score costs more than all the rest of an answer. So every part of
a text is kept as it reads in both places, and a compiled kernel puts the parts together.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from riskml.explanation.catalogue import LANGUAGES
from riskml.explanation.pieces import Encode, Kept, Pieces, quoted
from riskml.explanation.reasons import MEMBERS, ReasonBook, choose_reasons
from riskml.explanation.sentences import Told, Value
from riskml.explanation.splicing import BETWEEN, arrange, cut, measure, splice

__all__ = ["ReasonWriter", "WrittenReasons"]

MOST_PIECES = 60_000
"""Pieces that are kept before they are all forgotten: some 20 MB."""
MOST_TOLD = 600
"""Wordings of the evidence of one feature that are remembered; of some 300 bytes each."""
FEW = 16
"""Up to so many rows are taken value by value; of more rows, feature by feature."""
_PER_REASON = 8 + len(LANGUAGES) * (2 + MEMBERS) + 6 * MEMBERS
"""More pieces than one reason has beside what is told of its features."""
_MISSING = float("inf")
"""Stands for values that are no number: unlike NaN it equals itself."""


class WrittenReasons(NamedTuple):
    """The reasons of one score.

    Attributes
    ----------
    content : bytes
        A JSON list, in UTF-8: what `Reason.to_dict` says of each.
    quoted : str
        The same as it reads in a string of ASCII JSON, without the quotation marks.
    """

    content: bytes
    quoted: str

    @classmethod
    def of(cls, content: bytes) -> "WrittenReasons":
        """Return reasons that somebody has written."""
        return cls(content, quoted(content))


class ReasonWriter:
    """Writes the reasons of one model; any number of threads may ask.

    Parameters
    ----------
    book : ReasonBook
        Grouping and wording of its feature set.
    encode : callable
        Writes a text, or a list of numbers, as JSON.
    """

    def __init__(self, book: ReasonBook, encode: Encode) -> None:
        self._book = book
        self._encode = encode
        self._readers = tuple(itemgetter(*told.places) for told in book.wording.evidence)
        self._is_word = np.array([feature.kind != "number" for feature in book.features])
        self._known = _Known(book, encode)

    def write(
        self, contributions: np.ndarray, values: Mapping[str, np.ndarray], matrix: np.ndarray
    ) -> list[WrittenReasons]:
        """Write the reasons of each row: what `reasons_of` says, as JSON.

        Parameters
        ----------
        contributions : ndarray of float64, shape (n, p)
            In feature-set order, log-odds.
        values : mapping of str to ndarray, shape (n,)
            Feature values as they were before encoding.
        matrix : ndarray of float64, shape (n, p)
            The same encoded, which changes no number but infinite ones.
        """
        known = self._known
        if len(known.pieces) > MOST_PIECES:
            known = self._known = _Known(self._book, self._encode)
        chosen = choose_reasons(self._book, contributions)
        named, evidence = chosen.groups >= 0, chosen.tops >= 0
        groups = chosen.groups[named]
        totals = chosen.sums[named.nonzero()[0], groups]
        rows, features = evidence.nonzero()[0], chosen.tops[evidence]
        table = _table(matrix)
        words = self._words(values, rows, features)
        heads = known.heads(groups.tolist(), totals.tolist())
        told = known.told(features.tolist(), self._keys(table, rows, features, words))
        places = -1 - len(totals) - len(rows) - np.arange(len(rows))
        for at, word in words.items():
            places[at] = known.value(word)
        kept = known.pieces.laid()
        sizes = kept.texts.ends[told + len(LANGUAGES)] - kept.texts.ends[told]
        most = 2 * len(named) + _PER_REASON * len(totals) + int(sizes.sum())
        stream = np.empty(most, np.int64)
        stops = np.empty(len(named), np.int64)
        arrange(
            chosen.groups, chosen.tops, told, kept.texts.content, kept.texts.ends,
            kept.plain.content, kept.plain.ends, heads, known.openings, known.names, places,
            (totals > 0).astype(np.int64), len(LANGUAGES), stream, stops,
        )  # fmt: skip
        numbers = np.concatenate([totals, contributions[rows, features], table[features, rows]])
        return _put_together(kept, stream, stops, self._encode(numbers.tolist()), len(numbers))

    def _words(
        self, values: Mapping[str, np.ndarray], rows: np.ndarray, features: np.ndarray
    ) -> dict[int, str | None]:
        """Return the value of each feature named that is no number, by its place."""
        return {
            at: values[self._book.features[features[at]].name][rows[at]]
            for at in np.flatnonzero(self._is_word[features]).tolist()
        }

    def _keys(
        self, table: np.ndarray, rows: np.ndarray, features: np.ndarray, words: Mapping[int, Any]
    ) -> list[Any]:
        """Return what the evidence of each feature named rests on."""
        if table.shape[1] <= FEW:
            lists = table.T.tolist()
            read = self._readers
            pairs = zip(features.tolist(), rows.tolist(), strict=True)
            keys = [read[feature](lists[row]) for feature, row in pairs]
        else:
            keys = self._keys_by_feature(table, rows, features)
        for at, word in words.items():
            keys[at] = word
        return keys

    def _keys_by_feature(
        self, table: np.ndarray, rows: np.ndarray, features: np.ndarray
    ) -> list[Any]:
        keys = np.empty(len(rows), dtype=object)
        order = np.argsort(features, kind="stable")
        starts = np.flatnonzero(np.diff(features[order], prepend=-1, append=-1))
        for start, stop in pairwise(starts):
            mine = order[start:stop]
            places = self._book.wording.evidence[features[mine[0]]].places
            columns = [table[place, rows[mine]].tolist() for place in places]
            if len(places) == 1:
                keys[mine] = columns[0]
            else:
                found = np.empty(len(mine), dtype=object)
                found[:] = list(zip(*columns, strict=True))
                keys[mine] = found
        return keys.tolist()


class _Known:
    """All that was written so far of one model's reasons; forgotten as a whole."""

    def __init__(self, book: ReasonBook, encode: Encode) -> None:
        self._wording = book.wording
        self._encode = encode
        self.pieces = Pieces(encode)
        self.pieces.add([text.encode() for text in BETWEEN])
        openings = [
            f'{{"code":"{code}","direction":"{direction}","contribution":'
            for code in book.codes
            for direction in ("lowers", "raises")
        ]
        names = [encode(feature.name).decode() for feature in book.features]
        self.openings = self._all(openings).reshape(-1, 2)
        self.names = self._all([f'{{"feature":{name},"value":' for name in names])
        self._heads: list[dict[str, int]] = [{} for _ in book.codes]
        self._told: list[dict[Any, int]] = [{} for _ in names]
        self._values: dict[Value, int] = {}

    def heads(self, groups: list[int], totals: list[float]) -> np.ndarray:
        """Return the piece that each reason begins with in the first language; others follow."""
        # One call writes all of them; a sign stands before zero, too.
        shown = ("%+.2f," * len(totals) % tuple(totals)).split(",")
        found = []
        for group, total, text in zip(groups, totals, shown, strict=False):
            piece = self._heads[group].get(text)
            if piece is None:
                heads = [self._encode(f"{h}. ")[1:-1] for h in self._wording.heads(group, total)]
                piece = self._heads[group][text] = self.pieces.add(heads)
            found.append(piece)
        return np.array(found, dtype=np.int64)

    def told(self, features: list[int], keys: list[Any]) -> np.ndarray:
        """Return the text of each evidence in the first language; others follow."""
        found, known = [], self._told
        for feature, key in zip(features, keys, strict=True):
            text = known[feature].get(key)
            if text is None:
                text = self._tell(feature, key)
            found.append(text)
        return np.array(found, dtype=np.int64)

    def _tell(self, feature: int, key: Any) -> int:
        told, known = self._wording.evidence[feature], self._told[feature]
        if len(known) >= MOST_TOLD:
            known.clear()
        text = self.pieces.add_texts(told.written(_looked_at(told, key)))
        known[key] = text
        return text

    def value(self, value: Value) -> int:
        """Keep a value that is no number."""
        piece = self._values.get(value)
        if piece is None:
            piece = self._values[value] = self.pieces.add([self._encode(value)])
        return piece

    def _all(self, texts: Sequence[str]) -> np.ndarray:
        return self.pieces.add([text.encode() for text in texts]) + np.arange(len(texts))


def _table(matrix: np.ndarray) -> np.ndarray:
    """Return the numbers of all features, shape (p + 1, n), and a missing one behind them."""
    table = np.full((matrix.shape[1] + 1, len(matrix)), _MISSING)
    # Zero has no sign: a text must not depend on which of the two came first.
    np.add(matrix.T, 0.0, out=table[:-1])
    table[np.isnan(table)] = _MISSING
    return table


def _looked_at(told: Told, key: Any) -> dict[int, Value]:
    """Return the values that a sentence looks at, by their places."""
    found: dict[int, Value] = {-1: None}
    given = (key,) if len(told.places) == 1 else key
    for place, value in zip(told.places, given, strict=True):
        found[place] = None if value == _MISSING else value
    return found


def _put_together(
    kept: Kept, stream: np.ndarray, stops: np.ndarray, numbers: bytes, count: int
) -> list[WrittenReasons]:
    """Return what the pieces of each row make, plain and quoted."""
    given, cuts = np.frombuffer(numbers, np.uint8), np.zeros(count + 2, np.int64)
    cut(given, cuts)
    texts = []
    for form in (kept.plain, kept.quoted):
        ends = np.empty(len(stops), np.int64)
        measure(stream, stops, form.ends, cuts, ends)
        out = np.empty(ends[-1], np.uint8)
        splice(stream, stops[-1], form.content, form.ends, given, cuts, out)
        bounds, joined = [0, *ends.tolist()], out.tobytes()
        texts.append([joined[a:b] for a, b in pairwise(bounds)])
    return [WrittenReasons(one, two.decode()) for one, two in zip(*texts, strict=True)]
