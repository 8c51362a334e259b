"""Fraudsters who move away from what gets caught.

A catch is learned of once it is closed, as the legacy policy found it. The party that was caught
then gives up, by the shares of ``[adaptation]``, the goods, the source, the shipper or the scheme
that it was caught with; and a scheme that is caught oftener than others, for how much it is
practised, loses its appeal to everybody. The party's character stays: history keeps its use.
"""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.calendar import MICROSECONDS_PER_DAY
from riskml.datasets.simulation.catches import Catches
from riskml.datasets.simulation.parameters_risk import SCHEMES
from riskml.datasets.simulation.parties import HONEST, by_land
from riskml.datasets.simulation.randomness import hash_normal, hash_uniform, pick
from riskml.datasets.simulation.ways import Ways
from riskml.datasets.simulation.world import World

__all__ = ["Learning"]

_REACH = 0.02  # as far as an importer's usual trades lie apart
_LOOKS = 2


@dataclass
class Learning:
    """What fraudsters have learned; it changes as weeks pass.

    Attributes
    ----------
    ways : Ways
        How everybody goes about it at present.
    caught, practised : ndarray of float64, shape (5,)
        Catches of each scheme and bills that followed it, older ones counting less.
    """

    ways: Ways
    caught: np.ndarray
    practised: np.ndarray

    @classmethod
    def blank(cls, world: World) -> "Learning":
        """Return the state in which nobody has learned anything."""
        return cls(Ways.usual(world).copy(), np.zeros(len(SCHEMES)), np.zeros(len(SCHEMES)))

    def observe(self, scheme: np.ndarray) -> None:
        """Note the schemes of a week's bills, 0 to 5."""
        self.practised += np.bincount(scheme, minlength=len(SCHEMES) + 1)[1:]

    def learn(self, world: World, known: Catches) -> None:
        """Draw the consequences of a week's newly known catches.

        Parameters
        ----------
        world : World
        known : Catches
            In the order of their closing.
        """
        fading = 0.5 ** (7.0 / world.config.adaptation.memory_days)
        self.caught *= fading
        self.practised *= fading
        self.caught += np.bincount(known.kind, minlength=len(SCHEMES) + 1)[1:]
        self.ways.appeal[:] = self._appeal(world)
        cheats = world.importers.character[known.importer] != HONEST
        self._move(world, known.where(cheats))

    def _appeal(self, world: World) -> np.ndarray:
        """Return the factor on the weight of each scheme: its catches over its share, to a power.

        As long as few are caught it stays near 1: ``doubt`` catches, spread as the schemes are
        practised, are taken to have been seen before.
        """
        adaptation, total = world.config.adaptation, self.practised.sum()
        if total == 0.0:
            return np.ones(len(SCHEMES))
        share = (self.practised + 1.0) / (total + len(SCHEMES))
        doubt = adaptation.doubt * world.scale
        risk = (self.caught + doubt * share) / ((self.caught.sum() + doubt) * share)
        appeal: np.ndarray = risk**-adaptation.pressure
        return appeal

    def _move(self, world: World, caught: Catches) -> None:
        adaptation, ways, actor = world.config.adaptation, self.ways, caught.importer
        salt = world.streams.salt("adaptation")

        def decides(place: int, share: float) -> np.ndarray:
            return hash_uniform(salt + place, actor, caught.closed_at) < share

        scheme = decides(0, adaptation.scheme)
        ways.scheme[actor[scheme]] = _other_scheme(world, salt + 4, ways.appeal, caught)[scheme]
        # The trades that the goods belonged to; none, where they were bought on the spot.
        hit = (ways.commodity[actor] == caught.commodity[:, None]) & (
            ways.origin[actor] == caught.origin[:, None]
        )
        goods = _best_goods(world, salt + 5, caught)
        _replace(ways.commodity, actor, decides(1, adaptation.goods)[:, None] & hit, goods)
        source = _best_source(world, salt + 6, caught)
        moves = decides(2, adaptation.source)
        _replace(ways.origin, actor, moves[:, None] & hit, source)
        # The new shipper is one of those that few others use.
        few = 0.6 + 0.4 * hash_uniform(salt + 8, actor, caught.closed_at)
        shipper = world.shippers.draw(np.where(moves, source, caught.origin), few)
        changes = moves | decides(3, adaptation.shipper)
        _replace(ways.shipper, actor, changes[:, None] & hit, shipper)


def _best_goods(world: World, salt: int, caught: Catches) -> np.ndarray:
    """Return goods near those caught: whoever looks about for new ones takes what pays best."""
    look = np.arange(_LOOKS)
    step = _REACH * hash_normal(salt, caught.importer[:, None], caught.closed_at[:, None], look)
    found = world.goods.near(caught.commodity[:, None], step)
    return _best(found, world.effects.code.at(found, _days(caught)))


def _best_source(world: World, salt: int, caught: Catches) -> np.ndarray:
    """Return another source, over land where the trade is of that kind, likewise."""
    actor, look = caught.importer[:, None], np.arange(_LOOKS)
    overland = by_land(world.config)[world.importers.home[actor]]
    land = hash_uniform(salt, actor) < overland
    found = world.places.draw(hash_uniform(salt + 1, actor, caught.closed_at[:, None], look), land)
    return _best(found, world.effects.origin.at(found, _days(caught)))


def _days(caught: Catches) -> np.ndarray:
    return caught.closed_at[:, None] // MICROSECONDS_PER_DAY


def _best(found: np.ndarray, value: np.ndarray) -> np.ndarray:
    best: np.ndarray = found[np.arange(len(found)), np.argmax(value, axis=1)]
    return best


def _replace(table: np.ndarray, actor: np.ndarray, where: np.ndarray, new: np.ndarray) -> None:
    """Put each row's new value into its actor's trades where a mask of shape (n, k) is true."""
    row, trade = np.nonzero(where)
    table[actor[row], trade] = new[row]


def _other_scheme(world: World, salt: int, appeal: np.ndarray, caught: Catches) -> np.ndarray:
    """Draw for each catch a scheme other than the one that was caught."""
    common = np.array([kind.weight for kind in world.config.schemes.kinds]) * appeal
    weight = np.tile(common, (len(caught), 1))
    weight[np.arange(len(caught)), caught.kind - 1] = 0.0
    other: np.ndarray = 1 + pick(weight, hash_uniform(salt, caught.importer, caught.closed_at))
    return other
