"""Importers, shippers and brokers: lasting actors behind identities that come and go.

An actor is a place in the market with a size and a character. Its identities (tax code, name)
follow each other: for honest actors one firm closes and another opens, a fraudster hops to a new
code under a similar name and keeps the shippers and the broker.
"""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.goods import Goods
from riskml.datasets.simulation.parameters import WorldConfig
from riskml.datasets.simulation.places import Places
from riskml.datasets.simulation.randomness import Streams, hash_normal, hash_uniform, mix, pick

__all__ = [
    "BAD",
    "GENERATIONS",
    "HONEST",
    "OPPORTUNIST",
    "Identities",
    "Importers",
    "Shippers",
    "build_importers",
    "build_shippers",
    "by_land",
]

HONEST, OPPORTUNIST, BAD = 0, 1, 2
GENERATIONS = 4096
"""Identities of one actor that are told apart; after so many its numbers begin anew."""
_ORIGIN_OF_TIME = 14_610  # 2010-01-01, long before any simulated day


@dataclass(frozen=True)
class Identities:
    """The succession of identities of actors.

    Attributes
    ----------
    life : ndarray of float64, shape (n_actors,)
        Days each identity of the actor lasts.
    phase : ndarray of float64, shape (n_actors,)
        Share of the first life already over at the origin of time.
    """

    life: np.ndarray
    phase: np.ndarray

    def generation(self, actor: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the number of the identity that an actor uses on a day."""
        result: np.ndarray = np.floor(self._lives(actor, day)).astype(np.int64)
        return result

    def age(self, actor: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the days since that identity came into use."""
        lives = self._lives(actor, day)
        age: np.ndarray = (lives - np.floor(lives)) * self.life[actor]
        return age

    def _lives(self, actor: np.ndarray, day: np.ndarray) -> np.ndarray:
        lives: np.ndarray = (day - _ORIGIN_OF_TIME) / self.life[actor] + self.phase[actor]
        return lives


@dataclass(frozen=True)
class Importers:
    """Importers, sorted by home office and size.

    Attributes
    ----------
    home : ndarray of int64, shape (n,)
        Usual office.
    start : ndarray of int64, shape (n_offices + 1,)
        First importer of each office.
    cumulative : ndarray of float64, shape (n,)
        ``office + share`` of the office's volume up to and including the importer.
    character : ndarray of int64, shape (n,)
        ``HONEST``, ``OPPORTUNIST`` or ``BAD``.
    propensity : ndarray of float64, shape (n,)
        Effect on the logarithm of the risk.
    scheme : ndarray of int64, shape (n,)
        Usual scheme, 1 to 5.
    trusted : ndarray of bool, shape (n,)
    broker : ndarray of int64, shape (n,)
    commodity, origin, shipper : ndarray of int64, shape (n, n_trades)
        Usual trades, the first the most usual.
    identities : Identities
    """

    home: np.ndarray
    start: np.ndarray
    cumulative: np.ndarray
    character: np.ndarray
    propensity: np.ndarray
    scheme: np.ndarray
    trusted: np.ndarray
    broker: np.ndarray
    commodity: np.ndarray
    origin: np.ndarray
    shipper: np.ndarray
    identities: Identities

    def __len__(self) -> int:
        """Return the number of importers."""
        return len(self.home)

    def party(self, actor: np.ndarray, generation: np.ndarray) -> np.ndarray:
        """Return a number of the real party behind an identity.

        A fraudster stays the same through all its identities; an honest place in the market passes
        from a firm that closes to another one.
        """
        own = np.where(self.character[actor] == BAD, 0, generation % GENERATIONS)
        party: np.ndarray = actor * GENERATIONS + own
        return party

    def draw(self, office: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Return an importer of each office, by volume."""
        found = np.searchsorted(self.cumulative, office + uniform, side="right")
        result: np.ndarray = np.minimum(found, self.start[office + 1] - 1)
        return result


@dataclass(frozen=True)
class Shippers:
    """Shippers, sorted by country.

    Attributes
    ----------
    country : ndarray of int64, shape (n,)
    start : ndarray of int64, shape (n_countries + 1,)
        First shipper of each country.
    propensity : ndarray of float64, shape (n,)
        Effect on the logarithm of the risk.
    identities : Identities
    """

    country: np.ndarray
    start: np.ndarray
    propensity: np.ndarray
    identities: Identities

    def draw(self, country: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Return a shipper of each country, the first ones oftener."""
        count = self.start[country + 1] - self.start[country]
        result: np.ndarray = self.start[country] + np.minimum(
            (uniform**2 * count).astype(np.int64), count - 1
        )
        return result


def build_shippers(config: WorldConfig, streams: Streams, places: Places, scale: float) -> Shippers:
    """Make the shippers of a world; their number grows with the scale."""
    share = np.diff(places.cumulative, prepend=0.0)
    total = config.parties.shippers * scale
    sizes = np.maximum(3, np.round(share * total)).astype(int)
    country = np.repeat(np.arange(len(sizes)), sizes)
    number, salt = np.arange(len(country)), streams.salt("shippers")
    return Shippers(
        country=country,
        start=np.concatenate([[0], np.cumsum(sizes)]),
        propensity=config.risk.shipper_spread * hash_normal(salt, number),
        identities=_identities(salt, np.full(len(country), config.parties.lifetime_days)),
    )


def build_importers(
    config: WorldConfig,
    streams: Streams,
    goods: Goods,
    places: Places,
    shippers: Shippers,
    scale: float,
) -> Importers:
    """Make the importers of a world; their number grows with the scale."""
    salt = streams.salt("importers")
    arrivals = np.array([office.arrivals for office in config.offices])
    arrivals = arrivals / arrivals.sum()
    sizes = np.maximum(20, np.round(arrivals * config.parties.importers * scale)).astype(int)
    home = np.repeat(np.arange(len(sizes)), sizes)
    start = np.concatenate([[0], np.cumsum(sizes)])
    share = _zipf(config, home, start)
    bills = share * arrivals[home] * _bills_per_year(config) * scale
    character = _characters(config, salt, home, bills)
    commodity, origin, shipper = _trades(config, salt, goods, places, shippers, home, character)
    number = np.arange(len(home))
    large = number - start[home] < 0.15 * sizes[home]
    lucky = hash_uniform(salt + 1, number) < config.parties.trusted / 0.15
    life = np.where(character == BAD, config.parties.hopping_days, config.parties.lifetime_days)
    return Importers(
        home=home,
        start=start,
        cumulative=home + _cumulative_within(share, start),
        character=character,
        propensity=_propensity(config, salt + 2, character),
        scheme=_usual_schemes(config, salt + 3, goods.duty[commodity[:, 0]]),
        trusted=large & lucky & (character == HONEST),
        broker=_brokers(config, salt + 4, character),
        commodity=commodity,
        origin=origin,
        shipper=shipper,
        identities=_identities(salt + 5, life),
    )


def by_land(config: WorldConfig) -> np.ndarray:
    """Return the share of each office's arrivals that come by road or rail."""
    return np.array([office.modes.road + office.modes.rail for office in config.offices])


def _bills_per_year(config: WorldConfig) -> float:
    """Return the bills a year in the country at scale 1, about."""
    shipments = config.shipments
    further = min(1.0 / (1.0 - shipments.containers_tail), shipments.containers_most)
    containers = 1.0 + (1.0 - shipments.containers_single) * further
    days = (config.reference.last - config.reference.first).days + 1
    return config.reference.arrivals / containers * 365.25 / days


def _identities(salt: int, mean_life: np.ndarray) -> Identities:
    number = np.arange(len(mean_life))
    # Lives differ between actors, from 0.4 to 1.6 of the mean.
    return Identities(
        life=mean_life * (0.4 + 1.2 * hash_uniform(salt ^ 0xA5, number)),
        phase=hash_uniform(salt ^ 0x5A, number),
    )


def _zipf(config: WorldConfig, home: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return each importer's share of its office's volume."""
    rank = np.arange(len(home)) - start[home]
    # The head is flattened by as many ranks as it would be in the whole country.
    shift = config.parties.zipf_shift * np.diff(start)[home] / np.diff(start).max()
    weight = (rank + 1.0 + shift) ** -config.parties.zipf_exponent
    share: np.ndarray = weight / np.bincount(home, weights=weight)[home]
    return share


def _cumulative_within(share: np.ndarray, start: np.ndarray) -> np.ndarray:
    total = np.concatenate([[0.0], np.cumsum(share)])
    sizes = np.diff(start)
    base = np.repeat(total[start[:-1]], sizes)
    within: np.ndarray = (total[1:] - base) / np.repeat(np.diff(total[start]), sizes)
    result: np.ndarray = np.minimum(within, 1.0 - 1e-12)
    return result


def _characters(config: WorldConfig, salt: int, home: np.ndarray, bills: np.ndarray) -> np.ndarray:
    """Choose fraudsters of middling size until they hold their share of each office's volume."""
    parties = config.parties
    number = np.arange(len(home))
    character = np.where(
        hash_uniform(salt + 10, number) < parties.opportunists, OPPORTUNIST, HONEST
    )
    fits = (bills >= parties.bad_smallest) & (bills <= parties.bad_largest)
    order = np.argsort(hash_uniform(salt + 11, number), kind="stable")
    for office in range(int(home.max()) + 1):
        mine = home == office
        target = parties.bad_volume * bills[mine].sum()
        pool = order[mine[order] & fits[order]]
        if not len(pool):
            pool = order[mine[order]]
        held = np.cumsum(bills[pool])
        # The last one is taken if that comes nearer to the target than leaving it out.
        character[pool[held - bills[pool] / 2.0 <= target]] = BAD
    return character


def _propensity(config: WorldConfig, salt: int, character: np.ndarray) -> np.ndarray:
    risk = config.risk
    mean = np.array([0.0, risk.opportunist, risk.bad])[character]
    spread = np.array([risk.honest_spread, risk.honest_spread, risk.bad_spread])[character]
    propensity: np.ndarray = mean + spread * hash_normal(salt, np.arange(len(character)))
    return propensity


def _usual_schemes(config: WorldConfig, salt: int, duty: np.ndarray) -> np.ndarray:
    """Draw the scheme of each importer, by how common it is and what it would pay."""
    kinds = config.schemes.kinds
    pull = np.array([kind.duty_pull for kind in kinds])
    weight = np.array([kind.weight for kind in kinds]) * np.exp(pull * duty[:, None] / 10.0)
    usual: np.ndarray = 1 + pick(weight, hash_uniform(salt, np.arange(len(duty))))
    return usual


def _brokers(config: WorldConfig, salt: int, character: np.ndarray) -> np.ndarray:
    parties = config.parties
    number = np.arange(len(character))
    usual = (hash_uniform(salt, number) ** 1.5 * parties.brokers).astype(np.int64)
    n_dubious = max(1, round(parties.dubious_brokers * parties.brokers))
    dubious = parties.brokers - 1 - (mix(salt + 1, number) % np.uint64(n_dubious)).astype(np.int64)
    uses = (character == BAD) & (hash_uniform(salt + 2, number) < parties.dubious_use)
    return np.where(uses, dubious, usual)


def _trades(
    config: WorldConfig,
    salt: int,
    goods: Goods,
    places: Places,
    shippers: Shippers,
    home: np.ndarray,
    character: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    actor = np.arange(len(home))[:, None]
    trade = np.arange(config.parties.trades)[None, :]
    # A trader stays near its first chapter: later trades are drawn close to the first one.
    first = hash_uniform(salt + 20, actor)
    near = first + 0.02 * hash_normal(salt + 21, actor, trade) * (trade > 0)
    commodity = goods.draw(near % 1.0)
    land = hash_uniform(salt + 22, actor) < by_land(config)[home][:, None]
    uniform = hash_uniform(salt + 23, actor, trade)
    # Half of an importer's trades come from the country of the first.
    same = hash_uniform(salt + 24, actor, trade) < 0.5
    uniform = np.where(same, uniform[:, :1], uniform)
    origin = places.draw(uniform, land)
    uniform = hash_uniform(salt + 25, actor, trade)
    # Fraudsters deal with shippers few others use.
    uniform = np.where((character == BAD)[:, None], 0.6 + 0.4 * uniform, uniform)
    shipper = shippers.draw(origin, uniform)
    return commodity, origin, shipper
