"""The true probability of a violation, its type and what it is worth.

The probability of a bill is ``1 - exp(-level * exp(risk))`` where ``risk`` adds up interpretable
causes and the level belongs to the office. Everything the columns betray (prices, masses, routes,
words) was drawn from the same causes *before* the coin is tossed, and the coin depends on nothing
else: given the causes, no column says more about the outcome. So nothing can rank better than the
true probability.
"""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.bills import EMPTY, LCL, TRANSIT, Bills, scheme_weights
from riskml.datasets.simulation.lines import Lines
from riskml.datasets.simulation.loads import Loads
from riskml.datasets.simulation.randomness import pick
from riskml.datasets.simulation.routes import Routes
from riskml.datasets.simulation.world import World

__all__ = ["Outcomes", "bill_risk", "detection", "probability", "toss", "type_shares"]


@dataclass(frozen=True)
class Outcomes:
    """What is true of each container; arrays of shape (n_containers,).

    Attributes
    ----------
    probability : float64, before the coin
    violation : bool
    kind : int64, 0 or the type of the violation, 1 to 5
    revenue : float64, at stake in a violation, 0 where there is none
    """

    probability: np.ndarray
    violation: np.ndarray
    kind: np.ndarray
    revenue: np.ndarray


def bill_risk(world: World, week: int, bills: Bills, routes: Routes) -> np.ndarray:
    """Return the logarithm of each bill's risk, up to the level of its office."""
    risk, effects, goods = world.config.risk, world.effects, world.goods
    chapter = goods.chapter[bills.commodity]
    total = world.importers.propensity[bills.importer]
    total = total + world.shippers.propensity[bills.shipper] + effects.broker[bills.broker]
    total += effects.code.at(bills.commodity, bills.day) + effects.chapter_swing.at(
        chapter, bills.day
    )
    total += effects.origin.at(bills.origin, bills.day) + effects.origin_swing.at(
        bills.origin, bills.day
    )
    total += risk.tariff * (goods.duty[bills.commodity] - 10.0) / 10.0
    total += risk.newcomer * (bills.age < risk.newcomer_days)
    total += risk.hub * routes.through_hub + risk.indirect * (routes.departure != routes.origin)
    total += risk.groupage * (bills.cargo == LCL) + risk.empty * (bills.cargo == EMPTY)
    total += risk.transit * (bills.cargo == TRANSIT)
    total += risk.trusted * world.importers.trusted[bills.importer]
    follows = bills.scheme > 0
    total += np.where(follows, risk.conduct + risk.conduct_strength * (bills.strength - 0.5), 0.0)
    hidden = world.streams.of("hidden", week).standard_normal(len(bills))
    result: np.ndarray = total + risk.hidden_spread * hidden
    return result


def probability(world: World, level: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Return the probability of a violation at a level (a logarithm)."""
    chance = -np.expm1(-np.exp(np.minimum(level + risk, 5.0)))
    result: np.ndarray = np.minimum(chance, world.config.risk.ceiling)
    return result


def type_shares(world: World, bills: Bills, which: np.ndarray) -> np.ndarray:
    """Return the shares of the five types among violations of bills.

    Parameters
    ----------
    world, bills
    which : ndarray of int64, shape (n,)
        Bills to answer for.

    Returns
    -------
    ndarray of float64, shape (n, 5)
    """
    weights = scheme_weights(world, bills.commodity[which], bills.origin[which])
    cargo, scheme = bills.cargo[which], bills.scheme[which]
    weights[np.ix_((cargo == EMPTY) | (cargo == TRANSIT), [0, 1, 3])] = 0.0
    shares: np.ndarray = weights / weights.sum(axis=1, keepdims=True)
    follows = np.flatnonzero(scheme > 0)
    loyal = world.config.risk.true_to_type
    shares[follows] *= 1.0 - loyal
    shares[follows, scheme[follows] - 1] += loyal
    return shares


def detection(world: World, bills: Bills) -> np.ndarray:
    """Return the chance that a violation of each bill is found once it is selected and scanned."""
    sensitivity = np.array([kind.sensitivity for kind in world.config.schemes.kinds])
    seen = type_shares(world, bills, np.arange(len(bills))) @ sensitivity
    inspection = world.config.inspection
    found: np.ndarray = seen * inspection.opened_suspicious * inspection.examination
    return found


def toss(
    world: World, week: int, bills: Bills, loads: Loads, lines: Lines, chance: np.ndarray
) -> Outcomes:
    """Toss the coin of each container, and draw the type and revenue of the violations."""
    rng = world.streams.of("coins", week)
    p = chance[loads.bill]
    violation = rng.random(len(loads)) < p
    kind, revenue = np.zeros(len(loads), dtype=np.int64), np.zeros(len(loads))
    guilty = np.flatnonzero(violation)
    shares = type_shares(world, bills, loads.bill[guilty])
    kind[guilty] = 1 + pick(shares, rng.random(len(loads))[guilty])
    revenue[guilty] = _revenue(world, rng, bills, loads, lines, guilty, kind[guilty])
    return Outcomes(p, violation, kind, revenue)


def _revenue(
    world: World,
    rng: np.random.Generator,
    bills: Bills,
    loads: Loads,
    lines: Lines,
    which: np.ndarray,
    kind: np.ndarray,
) -> np.ndarray:
    """Return duty evaded and fine of violations, by their type; never less than 100.

    Parameters
    ----------
    world, rng, bills, loads, lines
    which, kind : ndarray of int64, shape (n,)
        Containers in violation, and the type of each violation.
    """
    goods, bill = world.goods, loads.bill[which]
    code, mass = bills.commodity[bill], loads.per_bill(loads.declared_mass)[bill]
    share = loads.declared_mass[which] / np.maximum(mass, 1.0)
    declared = np.bincount(lines.bill, weights=lines.value, minlength=len(bills))[bill]
    value = np.where(declared > 0, declared, mass * goods.price[code]) * share
    duty = goods.duty[code] / 100.0 + 0.10  # and value added tax
    left_out = np.bincount(lines.bill, weights=lines.discount, minlength=len(bills))[bill]
    lines_of_bill = np.bincount(lines.bill, minlength=len(bills))[bill]
    left_out = np.maximum(left_out / np.maximum(lines_of_bill, 1), 0.15)
    evaded = np.select(
        [kind == 1, kind == 2, kind == 3, kind == 4],
        [left_out / (1.0 - np.minimum(left_out, 0.9)) * duty, 0.8 * duty, 0.5 * duty, duty + 0.1],
        default=0.05,
    )
    noise = np.exp(0.4 * rng.standard_normal(len(which)))
    result: np.ndarray = np.round(np.maximum(value * evaded * 1.2 * noise, 100.0), 2)
    return result
