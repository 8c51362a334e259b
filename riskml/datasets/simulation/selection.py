"""From points to the daily lists of a week, and what officers know of earlier offences."""

from dataclasses import dataclass, field

import numpy as np

from riskml.datasets.simulation.calendar import MICROSECONDS_PER_DAY, week_start
from riskml.datasets.simulation.catches import Catches
from riskml.datasets.simulation.policy import mandatory, points, sees_party
from riskml.datasets.simulation.sampling import Draw, Plan, draw_lists, inclusion
from riskml.datasets.simulation.week import Week
from riskml.datasets.simulation.world import World

__all__ = ["Memory", "plan_week", "select", "week_begins", "weights"]

_YEAR = 365 * MICROSECONDS_PER_DAY
_NEVER = np.iinfo(np.int64).min


@dataclass
class Memory:
    """What the officers carry from week to week; it changes as weeks pass.

    Attributes
    ----------
    spent : ndarray of float64, shape (n_offices,)
        Capacity spent since the reference period began.
    offence_at : ndarray of int64, shape (n_importers,)
        When the last known offence of an importer was closed, microseconds of UTC.
    offender : ndarray of int64, shape (n_importers,)
        Identity that it was committed under.
    pending : list of Catches
        Offences not closed yet.
    """

    spent: np.ndarray
    offence_at: np.ndarray
    offender: np.ndarray
    pending: list[Catches] = field(default_factory=list)

    @classmethod
    def blank(cls, world: World, first_day: int) -> "Memory":
        """Return the memory of officers who start on a day and know of no offence."""
        size = len(world.importers)
        return cls(
            spent=world.calendar.capacity_before(first_day).copy(),
            offence_at=np.full(size, _NEVER, dtype=np.int64),
            offender=np.full(size, -1, dtype=np.int64),
        )

    def learn(self, catches: Catches) -> None:
        """Note offences that will be known once they are closed."""
        self.pending.append(catches)

    def recall(self, now: int) -> Catches:
        """Take in the offences closed before an instant, and return those that are new."""
        known = Catches.together([part.where(part.closed_at < now) for part in self.pending])
        waiting = [part.where(part.closed_at >= now) for part in self.pending]
        self.pending = [part for part in waiting if len(part)]
        self.offence_at[known.importer] = known.closed_at
        self.offender[known.importer] = known.generation
        return known

    def offenders(self, week: Week, now: int) -> np.ndarray:
        """Return the bills whose importer, under its present identity, offended within a year."""
        importer = week.bills.importer
        same = self.offender[importer] == week.bills.generation
        recent = self.offence_at[importer] >= now - _YEAR
        known: np.ndarray = same & recent & sees_party(week)
        return known


def weights(world: World, week: Week, known: np.ndarray) -> np.ndarray:
    """Return the policy's weight of each bill, given how sure an earlier offence is (0 to 1)."""
    gain = np.exp(world.config.policy.sharpness * world.config.policy.known_offender)
    total = points(world, week)
    weight: np.ndarray = np.exp(np.clip(total, -4.0, 4.0)) * (1.0 + (gain - 1.0) * known)
    return weight


def plan_week(
    world: World, week: Week, spent: np.ndarray, first_day: int, last_day: int
) -> tuple[Plan, np.ndarray]:
    """Plan the capacity of a week's days between two days, both included.

    Capacity that a day without enough arrivals cannot use stays for the office's next day.

    Returns
    -------
    plan : Plan
        Over containers; groups are numbered ``office * 7 + day of the week``.
    spent : ndarray of float64, shape (n_offices,)
        Capacity spent once the week is over.
    """
    monday, offices = week_start(week.number), len(world.config.offices)
    bill = week.loads.bill
    day, office = week.bills.day[bill] - monday, week.bills.office[bill]
    inside = (day >= first_day - monday) & (day <= last_day - monday)
    group = np.where(inside, office * 7 + day, -1)
    count = np.bincount(group[inside], minlength=7 * offices).reshape(offices, 7)
    before, capacity = np.zeros((offices, 7)), np.zeros((offices, 7))
    for column in range(7):
        before[:, column] = spent
        if first_day <= monday + column <= last_day:
            target = world.calendar.capacity_before(monday + column + 1)
            unused = target - spent - count[:, column] > 0
            spent = np.where(unused, spent + count[:, column], target)
        capacity[:, column] = spent - before[:, column]
    return Plan(group, before.ravel(), np.maximum(capacity.ravel(), 0.0)), spent


def week_begins(world: World, week: int) -> int:
    """Return when the first list of a week is drawn, in microseconds of UTC."""
    return int(world.calendar.list_time(np.array(week_start(week))))


def select(
    world: World, week: Week, memory: Memory, first_day: int, last_day: int
) -> tuple[Draw, np.ndarray]:
    """Draw a week's lists; changes the capacity that ``memory`` counts.

    Returns
    -------
    draw : Draw
        Over containers.
    must : ndarray of bool
        The mandatory ones.
    """
    now = week_begins(world, week.number)
    plan, memory.spent = plan_week(world, week, memory.spent, first_day, last_day)
    bill, policy = week.loads.bill, world.config.policy
    weight = weights(world, week, memory.offenders(week, now).astype(float))[bill]
    must = mandatory(world, week)[bill]
    probability, explored = inclusion(plan, weight, must, policy.exploration, policy.mandatory_most)
    start = np.repeat(world.streams.of("starts").random(len(world.config.offices)), 7)
    order = world.streams.of("lists", week.number).random(len(bill))
    return Draw(probability, explored, draw_lists(plan, probability, start, order)), must
