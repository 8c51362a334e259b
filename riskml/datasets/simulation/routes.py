"""Routes of a week's bills: declared origin, departure, ports, carrier, and the hours of it."""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.bills import AIR, LCL, SEA, Bills
from riskml.datasets.simulation.calendar import MICROSECONDS_PER_DAY
from riskml.datasets.simulation.world import World

__all__ = ["Routes", "draw_routes"]

_HOUR = MICROSECONDS_PER_DAY // 24
_LAUNDERING = 4


@dataclass(frozen=True)
class Routes:
    """Routes of the bills, arrays of int64 of shape (n_bills,); -1 stands for none.

    Attributes
    ----------
    origin : country of origin as declared
    departure : country of departure
    loading, hub : port of loading and of transshipment
    through_hub : whether the goods went through a hub (bool)
    carrier, vessel, voyage : the means of transport
    sharing : number of the bill whose container and voyage a groupage bill shares, else its own
    submitted_at, arrival_at, listed_at : manifest, arrival and daily list, microseconds of UTC
    """

    origin: np.ndarray
    departure: np.ndarray
    loading: np.ndarray
    hub: np.ndarray
    through_hub: np.ndarray
    carrier: np.ndarray
    vessel: np.ndarray
    voyage: np.ndarray
    sharing: np.ndarray
    submitted_at: np.ndarray
    arrival_at: np.ndarray
    listed_at: np.ndarray


def draw_routes(world: World, week: int, bills: Bills) -> Routes:
    """Draw the routes of a week's bills."""
    rng = world.streams.of("routes", week)
    origin, departure = _countries(world, rng, bills)
    loading = _loading(world, rng, bills, origin, departure)
    hub = _hubs(world, rng, bills, departure, loading)
    sharing = _sharing(world, bills)
    carrier = world.carriers.draw(bills.mode, rng.random(len(bills)))[sharing]
    vessel = _vessels(world, rng, carrier, bills.mode)[sharing]
    listed = world.calendar.list_time(bills.day)
    # A container that comes in the 24 hours before the list is drawn stands on it.
    arrival = listed - (MICROSECONDS_PER_DAY * rng.random(len(bills))[sharing]).astype(np.int64)
    arrival -= arrival % (60 * 1_000_000)
    lead = (_lead_hours(world, rng, bills, departure) * _HOUR).astype(np.int64)
    return Routes(
        origin=origin,
        departure=departure,
        loading=loading,
        hub=hub,
        through_hub=(hub >= 0) & np.isin(hub, world.places.hub_ports),
        carrier=carrier,
        vessel=vessel,
        voyage=rng.integers(0, 1000, len(bills))[sharing],
        sharing=sharing,
        submitted_at=_whole_seconds(arrival - lead),
        arrival_at=arrival,
        listed_at=listed,
    )


def _whole_seconds(time: np.ndarray) -> np.ndarray:
    whole: np.ndarray = time - time % 1_000_000
    return whole


def _countries(
    world: World, rng: np.random.Generator, bills: Bills
) -> tuple[np.ndarray, np.ndarray]:
    """Return the declared origin and the country of departure."""
    schemes, places, size = world.config.schemes, world.places, len(bills)
    laundered = bills.scheme == _LAUNDERING
    claimed = places.partners[rng.integers(0, len(places.partners), size)]
    origin = np.where(laundered, claimed, bills.origin)
    elsewhere = rng.random(size) < world.config.shipments.detour
    elsewhere &= bills.mode == SEA
    stop = places.hubs[rng.integers(0, len(places.hubs), size)]
    departure = np.where(elsewhere, stop, origin)
    tells = laundered & (rng.random(size) < schemes.telling_departure)
    return origin, np.where(tells, bills.origin, departure)


def _loading(
    world: World,
    rng: np.random.Generator,
    bills: Bills,
    origin: np.ndarray,
    departure: np.ndarray,
) -> np.ndarray:
    """Return the port of loading: seaport or airport, none by road and rail."""
    laundered = bills.scheme == _LAUNDERING
    tells = laundered & (rng.random(len(bills)) < world.config.schemes.telling_loading)
    country = np.where(tells, bills.origin, np.where(laundered, origin, departure))
    port = world.places.seaport(country, rng.random(len(bills)))
    by_sea = np.where(bills.mode == SEA, port, -1)
    return np.where(bills.mode == AIR, world.places.airport[country], by_sea)


def _hubs(
    world: World,
    rng: np.random.Generator,
    bills: Bills,
    departure: np.ndarray,
    loading: np.ndarray,
) -> np.ndarray:
    """Return the port of transshipment, mostly a hub, sometimes an ordinary port on the way."""
    places, size = world.places, len(bills)
    hides = (bills.scheme == 3) | (bills.scheme == 5)
    share = np.where(hides, world.config.schemes.hub_use, 0.0)
    chance = np.maximum(places.relay[departure], share)
    relayed = (rng.random(size) < chance) & (bills.mode == SEA)
    hub = places.hub_ports[rng.integers(0, len(places.hub_ports), size)]
    ordinary = places.seaport(rng.integers(0, 3, size), rng.random(size))
    port = np.where(hides | (rng.random(size) < 0.7), hub, ordinary)
    return np.where(relayed & (port != loading), port, -1)


def _sharing(world: World, bills: Bills) -> np.ndarray:
    """Gather groupage bills of a day and office into shared containers."""
    sharing = np.arange(len(bills))
    groupage = np.flatnonzero(bills.cargo == LCL)
    key = bills.day[groupage] * len(world.config.offices) + bills.office[groupage]
    order = groupage[np.argsort(key, kind="stable")]
    key = np.sort(key, kind="stable")
    first = np.searchsorted(key, key, side="left")
    rank = np.arange(len(order)) - first
    leader = np.arange(len(order)) - rank % world.config.shipments.groupage_size
    sharing[order] = order[leader]
    return sharing


def _vessels(
    world: World, rng: np.random.Generator, carrier: np.ndarray, mode: np.ndarray
) -> np.ndarray:
    count = world.carriers.vessel_count[carrier]
    chosen = (rng.random(len(carrier)) * count).astype(np.int64)
    return np.where(mode == SEA, world.carriers.vessel_start[carrier] + chosen, -1)


def _lead_hours(
    world: World, rng: np.random.Generator, bills: Bills, departure: np.ndarray
) -> np.ndarray:
    """Return the hours from the submission of the manifest to arrival, half an hour at least."""
    shipments = world.config.shipments
    sea = 24.0 * world.places.sea_days[departure] * shipments.sea_lead_share
    median = np.where(bills.mode == SEA, sea, shipments.land_lead_hours)
    median = np.where(bills.mode == AIR, shipments.air_lead_hours, median)
    hours = median * np.exp(0.35 * rng.standard_normal(len(bills)))
    # Whoever hides something tends to hand in papers late.
    late = np.where(bills.scheme > 0, 0.85, 1.0)
    result: np.ndarray = np.maximum(0.5, hours * late)
    return result
