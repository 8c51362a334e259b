"""How goods of a heading are described: n-gram counts, and what they say of a description.

A description speaks for a heading as far as its n-grams are commoner among goods of that heading
than among all goods: for each, the count observed is divided by the count expected, shrunk towards
1 as the mean of a gamma prior under a Poisson count (DuMouchel, *The American Statistician* 53,
1999). So an n-gram never seen tells nothing, however much is known of the heading. A heading never
seen is judged by its chapter. The mean of the logarithms stands for the description, since n-grams
are anything but independent. ``benchmarks/text.py`` sets it beside scikit-learn's models, which
would have to be fitted and carried for each month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from zlib import crc32

import numpy as np
import numpy.typing as npt

from riskml.features.plain import plain_text

__all__ = ["BINS", "NGrams", "Wordbook", "ngrams_of"]

BINS = 2**14
"""Bins into which n-grams are hashed."""
REMEMBERED = 1024
"""Texts whose n-grams are remembered, some 2 kB each."""
STRENGTH = 0.3
"""How many expected n-grams the prior is worth."""

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NGrams:
    """N-grams of texts, one text behind the other.

    Attributes
    ----------
    bins : ndarray of int64, shape (k,)
        Bin of each n-gram; each bin once in a text, ascending.
    starts : ndarray of int64, shape (n + 1,)
        Where those of each text begin; the last is ``k``.
    """

    bins: IntArray
    starts: IntArray

    def of(self, texts: IntArray) -> tuple[IntArray, IntArray]:
        """Return the bins of the texts with these numbers, and the place of each bin's text."""
        sizes = self.starts[texts + 1] - self.starts[texts]
        owner = np.repeat(np.arange(len(texts)), sizes)
        before = np.cumsum(sizes) - sizes
        place = np.arange(len(owner)) - before[owner] + self.starts[texts][owner]
        return self.bins[place], owner

    def and_of(self, more: "NGrams") -> "NGrams":
        """Return these texts and others behind them."""
        starts = np.concatenate([self.starts, self.starts[-1] + more.starts[1:]])
        return NGrams(np.concatenate([self.bins, more.bins]), starts)


def ngrams_of(texts: Sequence[str]) -> NGrams:
    """Return the hashed character trigrams of texts, taken inside words and over their edges.

    They are those of scikit-learn's ``char_wb`` analyser, whose vectoriser takes several times as
    long for one text.
    """
    each = [_bins_of(text) for text in texts]
    starts = np.zeros(len(each) + 1, dtype=np.int64)
    np.cumsum([len(bins) for bins in each], out=starts[1:])
    bins = np.fromiter(chain.from_iterable(each), dtype=np.int64, count=int(starts[-1]))
    return NGrams(bins, starts)


@lru_cache(maxsize=REMEMBERED)
def _bins_of(text: str) -> tuple[int, ...]:
    """Return the n-grams of a text, ascending; goods are described alike again and again."""
    found = set()
    for word in plain_text(text).split():
        edged = f" {word} "
        found.update([edged[place : place + 3] for place in range(len(edged) - 2)])
    return tuple(sorted({crc32(gram.encode()) % BINS for gram in found}))


class Wordbook:
    """Counts of n-grams in the descriptions of each heading and chapter.

    Parameters
    ----------
    bins, heading : ndarray of int64, shape (k,)
        Each n-gram of each description, and the number of the heading declared for it.
    weight : ndarray of int64, shape (k,)
        How many times it was written.
    chapter_of : ndarray of int64, shape (n_headings,)
        Number of the chapter of each heading; chapters are numbered from zero.
    """

    def __init__(
        self, bins: IntArray, heading: IntArray, weight: IntArray, chapter_of: IntArray
    ) -> None:
        self._all = np.bincount(bins, weights=weight, minlength=BINS)
        self._total = float(self._all.sum())
        self._heading = _Counts(heading, bins, weight, len(chapter_of))
        chapters = int(chapter_of.max(initial=-1)) + 1
        self._chapter = _Counts(chapter_of[heading], bins, weight, chapters)

    def likelihood(
        self, bins: IntArray, owner: IntArray, heading: IntArray, chapter: IntArray
    ) -> FloatArray:
        """Return the mean log-likelihood ratio of descriptions, heading against all goods.

        Parameters
        ----------
        bins, owner : ndarray of int64, shape (k,)
            N-grams and the description (0 to n - 1) that each belongs to, ascending.
        heading, chapter : ndarray of int64, shape (n,)
            Numbers of what was declared; -1 for one not seen by then.

        Returns
        -------
        ndarray of float64, shape (n,)
            Natural logarithm; missing for a chapter without any description and for a text
            without any n-gram. Each row has the same bits in any company.
        """
        share = self._all[bins] / self._total if self._total else np.zeros(len(bins))
        observed, expected = self._heading.of(heading[owner], bins, share)
        wider = self._chapter.of(chapter[owner], bins, share)
        unseen = self._heading.sizes(heading)[owner] == 0
        observed, expected = np.where(unseen, wider, (observed, expected))
        ratio = (observed + STRENGTH) / (expected + STRENGTH)
        # bincount adds one after the other, in the order of the n-grams.
        sums = np.bincount(owner, weights=np.log(ratio), minlength=len(heading))
        sizes = np.bincount(owner, minlength=len(heading))
        known = (sizes > 0) & (self._chapter.sizes(chapter) > 0)
        return np.where(known, sums / np.maximum(sizes, 1), np.nan)


class _Counts:
    """Counts of (group, bin), sorted for look-up, and of groups."""

    def __init__(self, group: IntArray, bins: IntArray, weight: IntArray, groups: int) -> None:
        self._keys, place = np.unique(group * BINS + bins, return_inverse=True)
        # Whole numbers below 2**53: exact in any order.
        self._counts = np.bincount(place, weights=weight, minlength=len(self._keys))
        # The last stands for groups that have no number, or one of later.
        self._sizes = np.append(np.bincount(group, weights=weight, minlength=groups), 0.0)

    def sizes(self, group: IntArray) -> FloatArray:
        """Return how many n-grams each group has; none if it is unknown."""
        # A group met since these counts were made has a number behind theirs.
        return self._sizes[np.minimum(group, len(self._sizes) - 1)]

    def of(
        self, group: IntArray, bins: IntArray, share: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return how often each bin was seen in its group, and how often it would be by share."""
        counts = np.zeros(len(bins))
        if len(self._keys):
            keys = np.where(group >= 0, group * BINS + bins, -1)
            at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
            counts = np.where(self._keys[at] == keys, self._counts[at], 0.0)
        return counts, self.sizes(group) * share
