"""The legacy policy: what officers made of the columns they saw.

Rules and hunches give points; an inclusion probability follows from them. Points depend only on
observable columns known when the list is drawn (manifest, declaration if lodged by then, known
offences of the consignee) and on the office: given those, selection tells nothing about the coin.
Were it otherwise, unobserved confounding would make estimates from selected rows wrong whatever
weights one used.
"""

import numpy as np

from riskml.datasets.simulation.bills import EMPTY, LCL
from riskml.datasets.simulation.papers import CONSIGNED
from riskml.datasets.simulation.week import Week
from riskml.datasets.simulation.world import World

__all__ = ["mandatory", "points", "sees_party"]

_STEEP_DUTY = 20.0
_EXCESS = 0.08


def points(world: World, week: Week) -> np.ndarray:
    """Return the points of each bill apart from known offences; log scale, float64."""
    policy, effects = world.config.policy, world.effects
    bills, routes, papers = week.bills, week.routes, week.papers
    seen = papers.known_lodged
    code = np.where(seen, papers.commodity, papers.manifest_code)
    named = code >= 0
    safe = np.maximum(code, 0)
    chapter = world.goods.chapter[safe]
    country = np.where(seen, routes.origin, routes.departure)
    total = policy.duty * (named & (world.goods.duty[safe] >= _STEEP_DUTY))
    total = total + np.where(named, effects.believed_chapter[bills.office, chapter], 0.0)
    total += effects.believed_origin[bills.office, country]
    total += policy.hub * routes.through_hub
    total += policy.indirect * (seen & (routes.departure != routes.origin))
    total += policy.vague * papers.vague
    total += policy.groupage * (bills.cargo == LCL) + policy.empty * (bills.cargo == EMPTY)
    newcomer = bills.age < world.config.risk.newcomer_days
    total += policy.newcomer * (sees_party(week) & newcomer)
    total += policy.trusted * (seen & world.importers.trusted[bills.importer])
    total += policy.low_price * (seen & _low_price(world, week))
    total += policy.code_mismatch * (seen & _differs(world, week))
    total += policy.excess_mass * (seen & _heavier(week))
    result: np.ndarray = policy.sharpness * total
    return result


def sees_party(week: Week) -> np.ndarray:
    """Return whether the list names the importer: as consignee, or on a declaration."""
    sees: np.ndarray = week.papers.known_lodged | (week.papers.consignee == CONSIGNED)
    return sees


def mandatory(world: World, week: Week) -> np.ndarray:
    """Return the bills that a rule puts on the list: groupage from some countries via a hub."""
    countries = [
        world.places.countries.index(country)
        for country in world.config.policy.mandatory_countries
        if country in world.places.countries
    ]
    listed: np.ndarray = np.isin(week.routes.departure, countries) & week.routes.through_hub
    result: np.ndarray = listed & (week.bills.cargo == LCL)
    return result


def _low_price(world: World, week: Week) -> np.ndarray:
    lowest = np.full(len(week.bills), np.inf)
    first = ~week.lines.second
    np.minimum.at(lowest, week.lines.bill[first], week.lines.price_ratio[first])
    low: np.ndarray = lowest < world.config.policy.low_price_below
    return low


def _differs(world: World, week: Week) -> np.ndarray:
    """Return whether manifest and declaration name different chapters."""
    manifest = week.papers.manifest_code
    chapter = world.goods.chapter
    differs: np.ndarray = chapter[np.maximum(manifest, 0)] != chapter[week.papers.commodity]
    return differs & (manifest >= 0)


def _heavier(week: Week) -> np.ndarray:
    manifest = week.loads.per_bill(week.loads.manifest_mass)
    declared = week.loads.per_bill(week.loads.declared_mass)
    heavier: np.ndarray = manifest > declared * np.exp(_EXCESS)
    return heavier
