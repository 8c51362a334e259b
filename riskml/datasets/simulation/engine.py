"""Running a world: week after week, each one drawn, selected, inspected and remembered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from riskml.datasets.simulation.adaptation import Learning
from riskml.datasets.simulation.calendar import day_number, week_of, week_start
from riskml.datasets.simulation.calibration import Levels, fit_levels
from riskml.datasets.simulation.catches import catches_of
from riskml.datasets.simulation.declaration_rows import declaration_rows
from riskml.datasets.simulation.inspection import Inspections, inspect
from riskml.datasets.simulation.manifest_rows import manifest_rows
from riskml.datasets.simulation.outcome_rows import inspection_rows, truth_rows
from riskml.datasets.simulation.parameters import WorldConfig
from riskml.datasets.simulation.rendering import Vocabulary, build_vocabulary
from riskml.datasets.simulation.risk import Outcomes, probability, toss
from riskml.datasets.simulation.sampling import Draw
from riskml.datasets.simulation.selection import Memory, select, week_begins
from riskml.datasets.simulation.week import Week, draw_week
from riskml.datasets.simulation.world import World, build_world
from riskml.errors import UsageError

__all__ = ["TABLE_NAMES", "Lived", "Span", "check_span", "live", "render", "run_weeks"]

TABLE_NAMES = ("manifests", "declarations", "inspections", "truth")
_LARGEST_SCALE = 50.0


@dataclass(frozen=True)
class Span:
    """Which world, how much of it: the first business day, the number of days, the scale."""

    start: date
    days: int
    scale: float
    seed: int

    @property
    def first_day(self) -> int:
        """Day number of the first daily list."""
        return day_number(self.start)

    @property
    def last_day(self) -> int:
        """Day number of the last daily list."""
        return self.first_day + self.days - 1

    @property
    def weeks(self) -> range:
        """Weeks that hold a day of the span."""
        return range(week_of(self.first_day), week_of(self.last_day) + 1)


@dataclass(frozen=True)
class Lived:
    """A week that has been lived through; ``keep`` marks its containers inside the span."""

    week: Week
    draw: Draw
    outcomes: Outcomes
    inspections: Inspections
    keep: np.ndarray


def check_span(start: date, days: int, scale: float, seed: int) -> Span:
    """Return a span that can be simulated.

    Raises
    ------
    UsageError
        If there is no day, the scale is not positive or too large, the seed is negative, or the
        span leaves the years for which there is a calendar.
    """
    if days < 1:
        raise UsageError(f"--days {days} leaves nothing to simulate", "give 1 or more")
    if not 0.0 < scale <= _LARGEST_SCALE:
        remedy = f"give a number above 0 and up to {_LARGEST_SCALE:g}"
        raise UsageError(f"--scale {scale:g} is impossible", remedy)
    if seed < 0:
        raise UsageError(f"--seed {seed} is negative", "give 0 or more")
    first, last = date(2012, 1, 1), date(2034, 12, 31)
    if start < first or start.toordinal() + days - 1 > last.toordinal():
        remedy = f"stay between {first} and {last}, the years whose Tet is known"
        raise UsageError(f"--start {start} with --days {days} leaves the calendar", remedy)
    return Span(start, days, scale, seed)


def live(world: World, levels: Levels, span: Span) -> Iterator[Lived]:
    """Yield the weeks of a span, officers and fraudsters learning from week to week."""
    memory, learning = Memory.blank(world, span.first_day), Learning.blank(world)
    for number in span.weeks:
        learning.learn(world, memory.recall(week_begins(world, number)))
        week = draw_week(world, number, learning.ways)
        learning.observe(week.bills.scheme)
        draw, must = select(world, week, memory, span.first_day, span.last_day)
        chance = probability(world, levels.office[week.bills.office], week.risk)
        outcomes = toss(world, number, week.bills, week.loads, week.lines, chance)
        done = inspect(world, week, draw, must, outcomes, levels.alarm_rate)
        memory.learn(catches_of(week, outcomes, done))
        yield Lived(week, draw, outcomes, done, _inside(week, span)[week.loads.bill])


def render(world: World, words: Vocabulary, lived: Lived, span: Span) -> dict[str, pa.Table]:
    """Return the rows that a week adds to each table."""
    week = lived.week
    return {
        "manifests": manifest_rows(world, words, week, lived.keep),
        "declarations": declaration_rows(world, words, week, _inside(week, span)),
        "inspections": inspection_rows(world, words, week, lived.outcomes, lived.inspections),
        "truth": truth_rows(world, words, week, lived.outcomes, lived.keep),
    }


def run_weeks(config: WorldConfig, span: Span) -> Iterator[dict[str, pa.Table]]:
    """Yield the rows of a world week by week; memory holds one week at a time."""
    world = build_world(config, span.scale, span.seed)
    levels = fit_levels(world)
    first, last = week_start(span.weeks[0]), week_start(span.weeks[-1]) + 6
    words = build_vocabulary(world, first, last)
    for lived in live(world, levels, span):
        yield render(world, words, lived, span)


def _inside(week: Week, span: Span) -> np.ndarray:
    """Return the bills whose daily list lies inside the span."""
    day = week.bills.day
    inside: np.ndarray = (day >= span.first_day) & (day <= span.last_day)
    return inside
