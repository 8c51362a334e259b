"""From a list of statistics to the work to be done: what to keep, and which steps to take."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from riskml.history.arrays import I64
from riskml.history.fixed import Number
from riskml.history.formulas import OPERATIONS
from riskml.history.moving import MOVING_OPERATIONS
from riskml.history.statistics import KINDS, LINES, Statistic, microseconds
from riskml.history.store import Layout
from riskml.history.sums import FLAG_WORDS, SQUARE_WORDS, SUM_WORDS
from riskml.history.views import Program

__all__ = ["LODGED", "Content", "Place", "Plan", "Step", "Work", "make_plan", "place_of", "rounds"]

Place = tuple[str, tuple[str, ...]]
"""A stream and a key: where a table stands."""


Content = str | Number | None
"""What a pass counts value by value: a text column, a price column, or nothing."""

LODGED = Number("lodged_at", "time")
"""What a pass over windows of lodging looks at: when the consignment of each row was lodged."""

_Family = tuple[Place, Content]


@dataclass(frozen=True)
class Step:
    """Statistics that one pass over one table answers.

    Attributes
    ----------
    place : Place
        The table.
    content : str, Number or None
        None for sums; else the text or price column whose values the pass counts, or
        :data:`LODGED` for sums over windows of lodging.
    program : Program
        What the kernel computes.
    """

    place: Place
    content: Content
    program: Program


@dataclass(frozen=True)
class Plan:
    """All that follows from a list of statistics.

    Attributes
    ----------
    statistics : tuple of Statistic
        Those asked for, then hidden ones that others need: rates of parents, denominators.
    layouts : dict of str to Layout
        What each stream keeps.
    groups : dict of Place to (g, 3) int64 array
        Number columns that each table sums.
    steps : tuple of Step
        In an order in which every prior is computed before it is needed.
    """

    statistics: tuple[Statistic, ...]
    layouts: dict[str, Layout]
    groups: dict[Place, I64]
    steps: tuple[Step, ...]

    @property
    def asked(self) -> set[str]:
        """Names of the text columns that queries must have."""
        return {name for place in self.groups for name in place[1]}

    @property
    def texts(self) -> list[str]:
        """Names of all text columns, sorted."""
        return sorted({name for layout in self.layouts.values() for name in layout.texts})


def make_plan(statistics: Sequence[Statistic]) -> Plan:
    """Return the plan for ``statistics``."""
    everything = _with_hidden(statistics)
    layouts = {stream: _layout(stream, everything) for stream in _sources(everything)}
    groups = {place: _groups(place, everything, layouts[place[0]]) for place in _places(everything)}
    steps = [
        _step(family, items, everything, layouts, groups) for family, items in _schedule(everything)
    ]
    return Plan(everything, layouts, groups, tuple(steps))


def place_of(statistic: Statistic) -> Place:
    """Return the table that answers a statistic; a share counts under its key and column."""
    key = statistic.key
    if statistic.kind == "share" and statistic.column not in key:
        key = (*key, str(statistic.column))
    return statistic.source, key


Work = tuple[Place, list[Step]]
"""Steps over one table."""


def rounds(steps: Sequence[Step]) -> list[list[Work]]:
    """Return steps in rounds: those of one round need only what earlier rounds have computed."""
    round_of: dict[int, int] = {}
    found: list[dict[Place, list[Step]]] = []
    for step in steps:
        needed = {*step.program.prior.tolist(), *step.program.fallback.tolist()} - {-1}
        number = max((round_of[target] + 1 for target in needed), default=0)
        round_of.update(dict.fromkeys(step.program.target.tolist(), number))
        if number == len(found):
            found.append({})
        found[number].setdefault(step.place, []).append(step)
    return [list(work.items()) for work in found]


def _needs(statistic: Statistic) -> list[Statistic]:
    """Return what must be computed before: prior and fallback, or the denominator."""
    if statistic.kind == "share":
        return [Statistic(statistic.key, "count", days=statistic.days, stream=statistic.stream)]
    if not KINDS[statistic.kind].rate or statistic.key == ():
        return []
    everything = replace(statistic, key=(), parent=())
    if not statistic.parent:
        return [everything]
    return [replace(statistic, key=statistic.parent, parent=()), everything]


def _with_hidden(statistics: Sequence[Statistic]) -> tuple[Statistic, ...]:
    found = list(statistics)
    present = set(found)
    for statistic in found:  # grows while it is walked through
        for needed in _needs(statistic):
            if needed not in present:
                present.add(needed)
                found.append(needed)
    return tuple(found)


def _number_of(statistic: Statistic) -> Number | None:
    """Return the value column that a statistic reads."""
    kind = KINDS[statistic.kind]
    if kind.reads in ("hit", "suspicious"):
        return Number(kind.reads, "flag")
    if kind.reads:
        return Number(kind.reads, "fixed", statistic.decimals)
    if kind.column != "number":
        return None
    if statistic.kind in MOVING_OPERATIONS:
        return Number(str(statistic.column), "price")
    return Number(str(statistic.column), "fixed", statistic.decimals)


def _words_of(statistic: Statistic) -> int:
    """Return how many words of running sums a statistic needs."""
    number = _number_of(statistic)
    if number is None or number.form == "price":
        return 0
    if number.form == "flag":
        return FLAG_WORDS
    return SQUARE_WORDS if statistic.kind == "std" else SUM_WORDS


def _sources(statistics: Iterable[Statistic]) -> list[str]:
    return sorted({statistic.source for statistic in statistics})


def _places(statistics: Iterable[Statistic]) -> list[Place]:
    return sorted({place_of(statistic) for statistic in statistics})


def _layout(stream: str, statistics: Sequence[Statistic]) -> Layout:
    texts: set[str] = set()
    numbers: set[Number] = set()
    for statistic in statistics:
        if statistic.source == stream:
            texts.update(place_of(statistic)[1])
            if statistic.kind == "distinct":
                texts.add(str(statistic.column))
            number = _number_of(statistic)
            numbers.update([number] if number else [])
            numbers.update([LODGED] if statistic.lodged else [])
    ordered = sorted(numbers, key=lambda number: (number.column, number.form, number.decimals))
    return Layout(tuple(sorted(texts)), tuple(ordered), own=stream != LINES)


def _groups(place: Place, statistics: Sequence[Statistic], layout: Layout) -> I64:
    """Return the number columns that the table at ``place`` sums, and their words."""
    words = [0] * len(layout.numbers)
    for statistic in statistics:
        number = _number_of(statistic)
        if place_of(statistic) == place and number is not None:
            column = layout.numbers.index(number)
            words[column] = max(words[column], _words_of(statistic))
    groups, first = [], 0
    for column, width in enumerate(words):
        if width:
            groups.append((column, width, first))
            first += width
    return np.array(groups, dtype=np.int64).reshape(-1, 3)


def _schedule(statistics: Sequence[Statistic]) -> list[tuple[_Family, list[int]]]:
    """Group statistics into passes, each after those it depends on.

    A pass takes all statistics of a family; only where two tables need one another is a
    family split.
    """
    number = {statistic: place for place, statistic in reversed(list(enumerate(statistics)))}
    needs = [{number[other] for other in _needs(statistic)} for statistic in statistics]
    waiting: dict[_Family, list[int]] = {}
    for place, statistic in enumerate(statistics):
        waiting.setdefault(_family(statistic), []).append(place)
    done: set[int] = set()
    passes = []
    while waiting:
        ready = {
            family: [place for place in places if needs[place] <= done]
            for family, places in waiting.items()
        }
        family = max(ready, key=lambda family: len(ready[family]) / len(waiting[family]))
        passes.append((family, ready[family]))
        done.update(ready[family])
        left = [place for place in waiting.pop(family) if place not in done]
        if left:
            waiting[family] = left
    return passes


def _family(statistic: Statistic) -> _Family:
    """Return what a pass has in common: the table, and the values it counts, if any."""
    if statistic.kind == "distinct":
        return place_of(statistic), statistic.column
    if statistic.lodged:
        return place_of(statistic), LODGED
    return place_of(statistic), _number_of(statistic) if _is_price(statistic) else None


def _is_price(statistic: Statistic) -> bool:
    return statistic.kind in MOVING_OPERATIONS and statistic.kind != "distinct"


def _step(
    family: _Family,
    items: Sequence[int],
    statistics: Sequence[Statistic],
    layouts: dict[str, Layout],
    groups: dict[Place, I64],
) -> Step:
    place, content = family
    layout = layouts[place[0]]
    number = {statistic: place for place, statistic in reversed(list(enumerate(statistics)))}
    spans = sorted({span for item in items for span in _spans(statistics[item])})
    lines = []
    for item in items:
        statistic = statistics[item]
        own = [spans.index(span) for span in _spans(statistic)] or [0]
        column, word = _column_and_word(statistic, layout, groups[place])
        other = column if statistic.kind == "days_since_last_hit" else own[-1]
        priors = [number[needed] for needed in _needs(statistic)]
        operation = {**OPERATIONS, **MOVING_OPERATIONS}[statistic.kind]
        prior, fallback, *_ = *priors, -1, -1
        lines.append((operation, own[0], other, word, item, prior, fallback))
    lines.sort(key=lambda line: line[0])  # like by like: the processor foresees what comes next
    columns = np.ascontiguousarray(np.array(lines, dtype=np.int64).T)
    factor = np.array([_factor(statistics[line[4]]) for line in lines])
    windows = np.array(spans, dtype=np.int64)
    return Step(place, content, Program._make([windows, groups[place], *columns, factor]))


def _spans(statistic: Statistic) -> list[int]:
    """Return the windows a statistic looks at; none for the time since the last event."""
    if statistic.kind == "trend":
        return [statistic.window, microseconds(statistic.long_days)]
    if statistic.kind.startswith("days_since_last"):
        return []
    return [statistic.window]


def _column_and_word(statistic: Statistic, layout: Layout, groups: I64) -> tuple[int, int]:
    """Return where a statistic's number column and the words of its sums are."""
    number = _number_of(statistic)
    if number is None or number.form == "price":
        return 0, 0
    column = layout.numbers.index(number)
    return column, int(groups[groups[:, 0] == column, 2][0])


def _factor(statistic: Statistic) -> float:
    """Return the prior strength of a rate; else the units per one of its number."""
    if KINDS[statistic.kind].rate:
        return statistic.strength
    number = _number_of(statistic)
    return number.units if number else 1.0
