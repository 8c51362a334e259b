"""A world before anything happens in it: parameters, vocabularies, parties, effects."""

from dataclasses import dataclass

from riskml.datasets.simulation.calendar import Calendar, build_calendar
from riskml.datasets.simulation.effects import Effects, build_effects
from riskml.datasets.simulation.goods import Goods, build_goods
from riskml.datasets.simulation.parameters import WorldConfig
from riskml.datasets.simulation.parties import (
    Importers,
    Shippers,
    build_importers,
    build_shippers,
)
from riskml.datasets.simulation.places import Carriers, Places, build_carriers, build_places
from riskml.datasets.simulation.randomness import Streams

__all__ = ["World", "build_world"]


@dataclass(frozen=True)
class World:
    """Everything that is fixed for a seed and a scale, whatever span is simulated.

    Attributes
    ----------
    config : WorldConfig
    scale : float
        Factor on volumes, scans and the number of parties.
    streams : Streams
    calendar : Calendar
    goods : Goods
    places : Places
    carriers : Carriers
    shippers : Shippers
    importers : Importers
    effects : Effects
    """

    config: WorldConfig
    scale: float
    streams: Streams
    calendar: Calendar
    goods: Goods
    places: Places
    carriers: Carriers
    shippers: Shippers
    importers: Importers
    effects: Effects


def build_world(config: WorldConfig, scale: float, seed: int) -> World:
    """Make a world from its parameters."""
    streams = Streams(seed)
    places = build_places()
    goods = build_goods(config, streams, places.price)
    shippers = build_shippers(config, streams, places, scale)
    return World(
        config=config,
        scale=scale,
        streams=streams,
        calendar=build_calendar(config, scale),
        goods=goods,
        places=places,
        carriers=build_carriers(),
        shippers=shippers,
        importers=build_importers(config, streams, goods, places, shippers, scale),
        effects=build_effects(config, streams, goods, places),
    )
