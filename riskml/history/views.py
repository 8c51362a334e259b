"""What the compiled kernels see: arrays, bundled under names."""

from typing import NamedTuple

from riskml.history.arrays import F64, I32, I64, U32, U64

__all__ = [
    "Answer",
    "Asked",
    "Bag",
    "Block",
    "Exceptions",
    "Frames",
    "Own",
    "Pending",
    "Price",
    "Program",
    "Rows",
    "Settled",
    "Sorted",
]


class Rows(NamedTuple):
    """The records of a stream: columns of equal length, one entry for each row.

    Attributes
    ----------
    known, expires : int64 arrays
        A row counts at ``T`` when ``known < T <= expires``.
    revision : int64 array
    event, unit : int32 arrays
        Codes of the event's identity and of its consignment.
    scope : int32 array
        Number of the one key under which the row counts, negative for every key.
    texts : (n, texts) int32 array
        Codes of the text columns.
    numbers : (n, numbers) int64 array
        Numbers in stored form.
    """

    known: I64
    expires: I64
    revision: I64
    event: I32
    unit: I32
    scope: I32
    texts: I32
    numbers: I64


class Settled(NamedTuple):
    """The rows of a live table that count for ever, one segment for each entity, by known time.

    Attributes
    ----------
    start, length, capacity : int32 arrays
        Of each entity's segment in the flat arrays.
    stamp : uint32 array
        A rough known time of each place.
    rows : int32 array
        The row of the stream in each place.
    marks : (blocks, words) uint64 array
        Running sums of the segment at every 32nd place.
    """

    start: I32
    length: I32
    capacity: I32
    stamp: U32
    rows: I32
    marks: U64


class Sorted(NamedTuple):
    """Rows that count for ever, one group for each entity, by known time; nothing grows.

    Attributes
    ----------
    start, length : int64 arrays
        Of each entity's group.
    known : int64 array
    rows : int32 array
        The row of the stream in each place.
    values : (places, g) int64 array
        The numbers wanted, in stored form.
    """

    start: I64
    length: I64
    known: I64
    rows: I32
    values: I64


class Pending(NamedTuple):
    """The rows of a table that count for a limited time, sorted by entity and known time.

    Attributes
    ----------
    entity, rows : int32 arrays
    known : int64 array
    latest : int64 array
        The latest expiry among this and the earlier rows of the entity: it tells a scan
        back in time when to stop.
    """

    entity: I32
    rows: I32
    known: I64
    latest: I64


class Asked(NamedTuple):
    """Queries of one key, in the order to answer them in: by entity, then by time.

    Attributes
    ----------
    order : int64 array
        Which query stands in each place.
    codes : int32 array
        The entity of each place, or ``MISSING`` or ``UNSEEN``.
    times : int64 array
        The decision time of each place.
    units : int32 array
        For each *query* the code of the consignment whose events must not be counted,
        negative for none.
    """

    order: I64
    codes: I32
    times: I64
    units: I32


class Own(NamedTuple):
    """Settled rows that belong to the query's own consignment, by query; nearly always none."""

    query: I64
    row: I64


class Exceptions(NamedTuple):
    """Rows looked at one by one: superseded ones that may still count, and the query's own."""

    pending: Pending
    own: Own


class Program(NamedTuple):
    """The statistics to write for a table, one entry for each.

    Attributes
    ----------
    windows : int64 array
        Lengths of the different windows, ``WHOLE`` for the whole past.
    groups : (g, 3) int64 array
        Number column, how many words its sums take, and the first of these words.
    operation, window, other, word, target, prior, fallback : int64 arrays
        What to compute, from which windows and word, into which column, and the columns
        that hold the prior rate or the denominator.
    factor : float64 array
        Prior strength, or units per one.
    """

    windows: I64
    groups: I64
    operation: I64
    window: I64
    other: I64
    word: I64
    target: I64
    prior: I64
    fallback: I64
    factor: F64


class Answer(NamedTuple):
    """Where results go: the statistics asked for, then those that only others need."""

    asked: F64
    hidden: F64


class Frames(NamedTuple):
    """The windows of the query at hand.

    Attributes
    ----------
    counts : (w,) int64 array
        Events in each window.
    words : (w, words) uint64 array
        Their sums.
    reals : (w, words) float64 array
        Sums as numbers, at the first word of each.
    lows : (w,) int64 array
        Where each window begins in the segment.
    """

    counts: I64
    words: U64
    reals: F64
    lows: I64


class Block(NamedTuple):
    """Queries answered together, ``b`` of them: one formula at a time over all of them.

    Attributes
    ----------
    query, code, time, start, base, top : (b,) int64 arrays
        Each query, its entity and time, where the entity's events begin, and the rows of
        running sums before the first of these and after the last one known.
    bottom : (w, b) int64 array
        The row of running sums before each window.
    counts : (w, b) float64 array
        Events in each window.
    present, totals, spreads : (w, g, b) float64 arrays
        Of each group of sums: numbers present, their sum, and ``present * squares - sum**2``.
    results : (items, b) float64 array
        What will be written, a line for each statistic.
    items : (items,) int64 array
        The statistic of each line of results, in the order of the columns they go to.
    """

    query: I64
    code: I64
    time: I64
    start: I64
    base: I64
    top: I64
    bottom: I64
    counts: F64
    present: F64
    totals: F64
    spreads: F64
    results: F64
    items: I64


class Bag(NamedTuple):
    """The content of one window, as a count for each value.

    Attributes
    ----------
    counts : int64 array
        How often the window holds each value.
    octaves : int64 array
        The same for 64 neighbouring values together.
    totals : (2,) int64 array
        How many values it holds, and how many different ones.
    """

    counts: I64
    octaves: I64
    totals: I64


class Price(NamedTuple):
    """The own prices of the queries, and the grid; all empty where no price is asked for.

    Attributes
    ----------
    bits : int64 array
        Own prices in stored form.
    value : float64 array
        The same as numbers.
    centres : float64 array
        The price in the middle of each step of the grid.
    """

    bits: I64
    value: F64
    centres: F64
