"""Bills of lading of a week: who ships what, where, how, and under which scheme."""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.calendar import week_start
from riskml.datasets.simulation.parties import BAD
from riskml.datasets.simulation.randomness import pick
from riskml.datasets.simulation.ways import Ways
from riskml.datasets.simulation.world import World

__all__ = ["AIR", "CARGO_TYPES", "EMPTY", "FCL", "LCL", "SEA", "TRANSIT", "Bills", "draw_bills"]

CARGO_TYPES = ("FCL", "LCL", "empty", "transit")
FCL, LCL, EMPTY, TRANSIT = range(4)
SEA, ROAD, AIR, RAIL = range(4)


@dataclass(frozen=True)
class Bills:
    """Bills of one week as arrays of shape (n_bills,), all int64 unless said otherwise.

    Attributes
    ----------
    day : day number of the daily list on which the goods stand
    office, mode, cargo : numbers of the office, mode of transport and cargo type
    importer, generation : actor and the identity it uses
    age : days since that identity came into use (float64)
    broker, shipper, shipper_generation : the other parties
    commodity, origin : what the goods truly are, and where they truly come from
    containers : number of containers
    scheme : 0, or the scheme that is followed
    strength : how boldly, 0 to 1 (float64)
    """

    day: np.ndarray
    office: np.ndarray
    mode: np.ndarray
    cargo: np.ndarray
    importer: np.ndarray
    generation: np.ndarray
    age: np.ndarray
    broker: np.ndarray
    shipper: np.ndarray
    shipper_generation: np.ndarray
    commodity: np.ndarray
    origin: np.ndarray
    containers: np.ndarray
    scheme: np.ndarray
    strength: np.ndarray

    def __len__(self) -> int:
        """Return the number of bills."""
        return len(self.day)


def draw_bills(world: World, week: int, ways: Ways) -> Bills:
    """Draw the bills on the daily lists of a week, as importers go about it by then."""
    rng = world.streams.of("bills", week)
    day = _draw_days(world, week)
    office = _draw_offices(world, rng, len(day))
    importer = _draw_importers(world, rng, office)
    mode = _draw_modes(world, rng, office)
    cargo = _draw_cargo(world, rng, mode)
    trade, spot = _draw_trades(world, rng, importer)
    commodity, origin, shipper = _draw_goods(world, rng, ways, importer, trade, spot, mode)
    scheme, strength = _draw_schemes(world, week, ways, importer, commodity, origin, cargo)
    shipper = _odd_shippers(world, week, scheme, origin, shipper)
    importers = world.importers
    broker = np.where(
        rng.random(len(day)) < 0.85,
        importers.broker[importer],
        (rng.random(len(day)) ** 1.5 * world.config.parties.brokers).astype(np.int64),
    )
    return Bills(
        day=day,
        office=office,
        mode=mode,
        cargo=cargo,
        importer=importer,
        generation=importers.identities.generation(importer, day),
        age=importers.identities.age(importer, day),
        broker=broker,
        shipper=shipper,
        shipper_generation=world.shippers.identities.generation(shipper, day),
        commodity=commodity,
        origin=origin,
        containers=_draw_containers(world, rng, mode, cargo),
        scheme=scheme,
        strength=strength,
    )


def containers_per_bill(world: World) -> float:
    """Return the mean number of containers on a bill (bills by air and groupage have one)."""
    config = world.config
    shipments = config.shipments
    total = sum(office.arrivals for office in config.offices)
    by_air = sum(o.arrivals * o.modes.air for o in config.offices) / total
    by_sea = sum(o.arrivals * o.modes.sea for o in config.offices) / total
    many = (1.0 - by_air - by_sea * shipments.groupage) * (1.0 - shipments.containers_single)
    tail, most = shipments.containers_tail, shipments.containers_most
    # Further containers are 1 + geometric, cut off at the most.
    further = (1.0 - tail ** (most - 1)) / (1.0 - tail)
    return float(1.0 + many * further)


def _draw_days(world: World, week: int) -> np.ndarray:
    rng = world.streams.of("volume", week)
    days = week_start(week) + np.arange(7)
    expected = world.calendar.expected(days) * world.scale / containers_per_bill(world)
    return np.repeat(days, rng.poisson(expected))


def _draw_offices(world: World, rng: np.random.Generator, size: int) -> np.ndarray:
    share = np.cumsum([office.arrivals for office in world.config.offices])
    found = np.searchsorted(share / share[-1], rng.random(size), side="right")
    return np.minimum(found, len(share) - 1)


def _draw_importers(world: World, rng: np.random.Generator, office: np.ndarray) -> np.ndarray:
    """Draw importers of the office, and now and then one whose home is elsewhere."""
    size = len(office)
    away = rng.random(size) < world.config.shipments.away
    home = np.where(away, _draw_offices(world, rng, size), office)
    return world.importers.draw(home, rng.random(size))


def _draw_modes(world: World, rng: np.random.Generator, office: np.ndarray) -> np.ndarray:
    shares = np.array(
        [[o.modes.sea, o.modes.road, o.modes.air, o.modes.rail] for o in world.config.offices]
    )
    edges = np.cumsum(shares, axis=1)[:, :3]
    mode: np.ndarray = (rng.random(len(office))[:, None] >= edges[office]).sum(axis=1)
    return mode


def _draw_cargo(world: World, rng: np.random.Generator, mode: np.ndarray) -> np.ndarray:
    shipments = world.config.shipments
    kind, transit = rng.random(len(mode)), rng.random(len(mode)) < shipments.transit
    sea = mode == SEA
    cargo = np.where(transit, TRANSIT, FCL)
    cargo = np.where(sea & (kind < shipments.groupage + shipments.empty), EMPTY, cargo)
    return np.where(sea & (kind < shipments.groupage), LCL, cargo)


def _draw_trades(
    world: World, rng: np.random.Generator, importer: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    size, trades = len(importer), world.config.parties.trades
    trade = np.minimum((rng.random(size) ** 1.8 * trades).astype(np.int64), trades - 1)
    return trade, rng.random(size) < world.config.shipments.spot


def _draw_goods(
    world: World,
    rng: np.random.Generator,
    ways: Ways,
    importer: np.ndarray,
    trade: np.ndarray,
    spot: np.ndarray,
    mode: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size, places = len(importer), world.places
    commodity = ways.commodity[importer, trade]
    commodity[spot] = world.goods.draw(rng.random(size)[spot])
    origin = ways.origin[importer, trade]
    elsewhere = spot | ((mode == SEA) & (places.port_count[origin] == 0))
    anywhere = rng.random(size)[elsewhere]
    origin[elsewhere] = np.searchsorted(places.cumulative, anywhere, side="right")
    # What comes by sea comes from a country with a seaport.
    origin = np.where((mode == SEA) & (places.port_count[origin] == 0), 0, origin)
    shipper = ways.shipper[importer, trade]
    strange = world.shippers.country[shipper] != origin
    shipper[strange] = world.shippers.draw(origin[strange], rng.random(size)[strange])
    return commodity, origin, shipper


def _draw_containers(
    world: World, rng: np.random.Generator, mode: np.ndarray, cargo: np.ndarray
) -> np.ndarray:
    shipments, size = world.config.shipments, len(mode)
    single = (rng.random(size) < shipments.containers_single) | (mode == AIR) | (cargo == LCL)
    further = rng.geometric(1.0 - shipments.containers_tail, size)
    return np.where(single, 1, np.minimum(1 + further, shipments.containers_most))


def _draw_schemes(
    world: World,
    week: int,
    ways: Ways,
    importer: np.ndarray,
    commodity: np.ndarray,
    origin: np.ndarray,
    cargo: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Decide which bills follow a scheme, by the importer's character and what it would pay."""
    rng, schemes = world.streams.of("schemes", week), world.config.schemes
    size, character = len(importer), world.importers.character[importer]
    use = np.array([schemes.honest_use, schemes.opportunist_use, schemes.bad_use])[character]
    which = np.flatnonzero(rng.random(size) < use)
    weight = scheme_weights(world, commodity[which], origin[which])
    drawn = 1 + pick(weight * ways.appeal, rng.random(size)[which])
    usual = ways.scheme[importer[which]]
    loyal = (character[which] == BAD) & (rng.random(size)[which] < schemes.loyalty)
    # Laundering an origin takes goods and a source for which there is a point in it.
    loyal &= (usual != 4) | (weight[:, 3] > 0.0)
    scheme, strength = np.zeros(size, dtype=np.int64), np.zeros(size)
    # An empty container can only hide something; goods in transit pay no duty.
    undeclared = (cargo[which] == EMPTY) | (cargo[which] == TRANSIT)
    hides = np.where(drawn == 5, 5, 3)
    scheme[which] = np.where(undeclared, hides, np.where(loyal, usual, drawn))
    strength[which] = rng.beta(2.0, 2.0, len(which))
    return scheme, strength


def scheme_weights(world: World, commodity: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Return how attractive each scheme is for goods from an origin, shape (n, 5)."""
    goods, places = world.goods, world.places
    kinds = world.config.schemes.kinds
    pull = np.array([kind.duty_pull for kind in kinds])
    weight = np.array([kind.weight for kind in kinds])
    weights: np.ndarray = weight * np.exp(pull * goods.duty[commodity][:, None] / 10.0)
    source = np.isin(origin, places.sources)
    dutiable = goods.duty[commodity] > goods.preference[commodity]
    weights[:, 3] *= np.where(source & dutiable, np.where(goods.diverted[commodity], 4.0, 1.0), 0.0)
    weights[:, 4] *= np.where(goods.cover[commodity], 2.0, 0.7)
    return weights


def _odd_shippers(
    world: World, week: int, scheme: np.ndarray, origin: np.ndarray, shipper: np.ndarray
) -> np.ndarray:
    rng = world.streams.of("odd shippers", week)
    odd = (scheme == 5) & (rng.random(len(scheme)) < world.config.schemes.new_shipper)
    rare = world.shippers.draw(origin, 0.8 + 0.2 * rng.random(len(scheme)))
    return np.where(odd, rare, shipper)
