"""Plausibility of a heading, slow and obvious: every earlier description is read again."""

import math
from collections import Counter
from zlib import crc32

import pandas as pd

from riskml.features.plain import plain_text

__all__ = ["plausibility"]

BINS, STRENGTH, WINDOW = 2**14, 0.3, pd.Timedelta(days=365)


def trigrams(text: str) -> set[int]:
    """Return the bins of a text's trigrams."""
    edged = [f" {word} " for word in plain_text(text).split()]
    return {crc32(word[i : i + 3].encode()) % BINS for word in edged for i in range(len(word) - 2)}


def plausibility(rows: list[dict], text: str, heading: str, decided: pd.Timestamp) -> float:
    """Return the plausibility by the definition; NaN where it is missing.

    ``rows`` have ``id, revision, known, text, heading``.
    """
    start = decided.normalize().replace(day=1)
    latest: dict[str, dict] = {}
    for row in rows:
        held = latest.get(row["id"])
        if row["known"] < start and (held is None or row["revision"] > held["revision"]):
            latest[row["id"]] = row
    counted = [r for r in latest.values() if r["known"] >= start - WINDOW and r["text"]]
    everywhere, own, wider = Counter(), Counter(), Counter()
    for row in counted:
        bins = trigrams(row["text"])
        everywhere.update(bins)
        if row["heading"] == heading:
            own.update(bins)
        if row["heading"][:2] == heading[:2]:
            wider.update(bins)
    if not wider or not trigrams(text):
        return math.nan
    ratios, judge = [], own if own else wider
    for gram in sorted(trigrams(text)):
        expected = judge.total() * everywhere[gram] / everywhere.total()
        ratios.append(math.log((judge[gram] + STRENGTH) / (expected + STRENGTH)))
    return 1.0 / (1.0 + math.exp(-sum(ratios) / len(ratios)))
