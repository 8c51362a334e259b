"""Duplicates and revisions: which records repeat one another, and which supersede which."""

from typing import NamedTuple

import numpy as np

from riskml.history.arrays import FOREVER, I32, I64, Array, Int
from riskml.history.compiled import compiled, inlined
from riskml.history.views import Rows

__all__ = ["Chains", "find_duplicates", "link_revisions", "link_units", "own_rows", "repeated"]


class Chains(NamedTuple):
    """Rows that share an event or a unit, linked from the newest to the oldest.

    Attributes
    ----------
    head : int32 array
        For each code one more than its newest row; 0 if it has none.
    before : int32 array
        For each row one more than the next older row of its code; 0 ends the chain.
    """

    head: I32
    before: I32


def repeated(event: I32, chains: Chains) -> I64:
    """Return the rows of a batch whose event occurs twice in it or is already stored.

    They are sorted by event, for each event in the given order.
    """
    order = np.argsort(event, kind="stable")
    ordered = event[order]
    same = ordered[1:] == ordered[:-1]
    suspect = np.zeros(len(event), dtype=bool)
    suspect[1:] |= same
    suspect[:-1] |= same
    old = ordered < len(chains.head)
    suspect[old] |= chains.head[ordered[old]] > 0
    suspects: I64 = order[suspect]
    return suspects


@inlined
def _same(one: Rows, i: Int, other: Rows, j: Int) -> bool:
    """Tell whether two records of one event and revision have the same content."""
    if one.known[i] != other.known[j]:
        return False
    if len(one.unit) > 0 and one.unit[i] != other.unit[j]:
        return False
    if one.scope[i] != other.scope[j]:
        return False
    for column in range(one.texts.shape[1]):
        if one.texts[i, column] != other.texts[j, column]:
            return False
    for column in range(one.numbers.shape[1]):
        if one.numbers[i, column] != other.numbers[j, column]:
            return False
    return True


@compiled
def find_duplicates(
    order: I64, staged: Rows, stored: Rows, chains: Chains, keep: Array
) -> tuple[Int, Int]:
    """Unmark in ``keep`` each record that repeats an earlier one.

    Parameters
    ----------
    order : int64 array
        Rows of the batch to look at, sorted by event, then by revision.
    staged, stored : Rows
        The batch, and what is stored.
    chains : Chains
        Of the stored events.
    keep : bool array
        One entry for each row of the batch.

    Returns
    -------
    row, other : int
        The first row that contradicts an earlier record, -1 if none does; and the row of
        the batch it contradicts, -1 if that record is stored.
    """
    first = np.int64(-1)
    for row in order:
        event, revision = staged.event[row], staged.revision[row]
        if first >= 0 and staged.event[first] == event and staged.revision[first] == revision:
            if not _same(staged, row, staged, first):
                return row, first
            keep[row] = False
            continue
        first = row
        link = np.int64(chains.head[event]) if event < len(chains.head) else np.int64(0)
        while link > 0:
            if stored.revision[link - 1] == revision:
                if not _same(staged, row, stored, link - 1):
                    return row, np.int64(-1)
                keep[row] = False
            link = np.int64(chains.before[link - 1])
    return np.int64(-1), np.int64(-1)


@compiled
def link_revisions(
    rows: Rows, chains: Chains, begin: Int, end: Int, demoted: I64
) -> tuple[Int, bool]:
    """Chain new rows to their events and set until when each row counts.

    Returns
    -------
    count : int
        How many older rows counted for ever until now; they are written to ``demoted``.
        A new row demotes one at most: the highest revision so far.
    revised : bool
        Whether any of the events has another revision.
    """
    count, revised = 0, False
    for row in range(begin, end):
        rows.expires[row] = FOREVER
        link = np.int64(chains.head[rows.event[row]])
        chains.before[row] = link
        chains.head[rows.event[row]] = row + 1
        while link > 0:
            other, revised = link - 1, True
            if rows.revision[other] > rows.revision[row]:
                rows.expires[row] = min(rows.expires[row], rows.known[other])
            else:
                if rows.expires[other] == FOREVER and other < begin:
                    demoted[count] = other
                    count += 1
                rows.expires[other] = min(rows.expires[other], rows.known[row])
            link = np.int64(chains.before[other])
    return count, revised


@compiled
def link_units(rows: Rows, chains: Chains, begin: Int, end: Int) -> None:
    """Chain new rows to their consignments."""
    for row in range(begin, end):
        unit = rows.unit[row]
        if unit >= 0:
            chains.before[row] = chains.head[unit]
            chains.head[unit] = row + 1


@compiled
def own_rows(times: I64, units: I32, rows: Rows, chains: Chains, query: I64, found: I64) -> Int:
    """Find the settled rows that a query sees of its own consignment.

    Returns
    -------
    int
        How many there are; pairs of query and row are written as far as there is room.
    """
    count = 0
    for asked in range(len(times)):
        unit = units[asked]
        link = np.int64(chains.head[unit]) if 0 <= unit < len(chains.head) else np.int64(0)
        while link > 0:
            row = link - 1
            if rows.known[row] < times[asked] and rows.expires[row] == FOREVER:
                if count < len(query):
                    query[count] = asked
                    found[count] = row
                count += 1
            link = np.int64(chains.before[row])
    return count
