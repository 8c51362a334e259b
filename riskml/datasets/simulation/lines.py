"""Declarations and their lines: what is declared, at which price, for which containers."""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.bills import Bills
from riskml.datasets.simulation.calendar import MICROSECONDS_PER_DAY
from riskml.datasets.simulation.loads import Loads
from riskml.datasets.simulation.papers import Papers
from riskml.datasets.simulation.routes import Routes
from riskml.datasets.simulation.ways import Ways
from riskml.datasets.simulation.world import World

__all__ = ["Lines", "draw_lines"]

_NET_SHARE = 0.93
_UNDERVALUATION = 1
_MOST_LINES = 30


@dataclass(frozen=True)
class Lines:
    """Declaration lines, arrays of shape (n_lines,), grouped by declaration.

    Attributes
    ----------
    bill : int64, number of the bill
    second : bool, whether the line belongs to the supplementary declaration
    number : int64, line number from 1
    load : int64, number of the container the line names, -1 where none
    lodged_at : int64, microseconds of UTC
    commodity, origin : int64, as declared
    preference : int64, number of the preference claimed, -1 where none
    value, net_mass, gross_mass, packages, duty_rate : float64
    discount : float64, share of the true value that was left out
    price_ratio : float64, log of the declared unit price over the official list's
    """

    bill: np.ndarray
    second: np.ndarray
    number: np.ndarray
    load: np.ndarray
    lodged_at: np.ndarray
    commodity: np.ndarray
    origin: np.ndarray
    preference: np.ndarray
    value: np.ndarray
    net_mass: np.ndarray
    gross_mass: np.ndarray
    packages: np.ndarray
    duty_rate: np.ndarray
    discount: np.ndarray
    price_ratio: np.ndarray

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.bill)


def draw_lines(
    world: World,
    week: int,
    ways: Ways,
    bills: Bills,
    routes: Routes,
    papers: Papers,
    loads: Loads,
) -> Lines:
    """Draw the declaration lines of a week's bills."""
    rng = world.streams.of("lines", week)
    bill, second, number, load = _layout(world, rng, bills, papers, loads)
    main = (number == 1) & ~second
    commodity, true_commodity = _goods(world, rng, ways, bills, papers, bill, main)
    preference = np.where(
        world.goods.preference[commodity] < world.goods.duty[commodity],
        papers.preference[bill],
        -1,
    )
    gross, packages = _amounts(rng, loads, bill, load, second)
    net = np.maximum(np.round(gross * _NET_SHARE, 2), 0.1)
    price, discount, ratio = _prices(world, rng, bills, routes, bill, commodity, true_commodity)
    lodged = papers.lodged_at[bill]
    wait = (MICROSECONDS_PER_DAY * (1.0 + 9.0 * rng.random(len(bill)))).astype(np.int64)
    return Lines(
        bill=bill,
        second=second,
        number=number,
        load=load,
        lodged_at=np.where(second, lodged + wait - wait % 1_000_000, lodged),
        commodity=commodity,
        origin=routes.origin[bill],
        preference=preference,
        value=_rounded(rng, bills, bill, price * net),
        net_mass=net,
        gross_mass=gross,
        packages=packages,
        duty_rate=np.where(
            preference >= 0, world.goods.preference[commodity], world.goods.duty[commodity]
        ),
        discount=discount,
        price_ratio=ratio,
    )


def _layout(
    world: World, rng: np.random.Generator, bills: Bills, papers: Papers, loads: Loads
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Lay out the lines: bill, whether supplementary, line number, container named."""
    records, size = world.config.records, len(bills)
    further = rng.geometric(1.0 / (1.0 + records.extra_lines), size) - 1
    itemised = (bills.containers > 1) & (rng.random(size) < records.itemised)
    count = np.where(itemised, bills.containers, np.minimum(1 + further, _MOST_LINES))
    count = np.where(papers.declared, count, 0)
    named = (bills.containers == 1) & (rng.random(size) < records.container_named)
    extra = papers.declared & (rng.random(size) < records.second_declaration)
    total = count + extra
    bill = np.repeat(np.arange(size), total)
    within = np.arange(len(bill)) - np.repeat(np.cumsum(total) - total, total)
    second = within == count[bill]
    first = loads.start[bill]
    load = np.where(itemised[bill] & ~second, first + np.minimum(within, count[bill] - 1), -1)
    load = np.where(named[bill], first, load)
    return bill, second, np.where(second, 1, within + 1), load


def _goods(
    world: World,
    rng: np.random.Generator,
    ways: Ways,
    bills: Bills,
    papers: Papers,
    bill: np.ndarray,
    main: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the code of each line as declared and in truth; only the first line is disguised."""
    trades = world.config.parties.trades
    other = ways.commodity[bills.importer[bill], (rng.random(len(bill)) * trades).astype(np.int64)]
    same = main | (rng.random(len(bill)) < 0.5)
    rest = np.where(same, bills.commodity[bill], other)
    first = papers.commodity[bill]
    disguised = same & (bills.scheme[bill] == 2)
    return np.where(main | disguised, first, rest), rest


def _amounts(
    rng: np.random.Generator, loads: Loads, bill: np.ndarray, load: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return gross mass and packages of each line; a bill's lines add up to its containers."""
    part = rng.gamma(2.0, size=len(bill)) + 0.05
    part = np.where(second, 0.0, part)
    whole = np.bincount(bill, weights=part, minlength=len(loads.start) - 1)
    share = np.where(second, 0.03, part / np.maximum(whole[bill], 1e-9))
    itemised = (load >= 0) & (np.diff(loads.start)[bill] > 1)
    where = np.maximum(load, 0)
    bill_mass = loads.per_bill(loads.declared_mass)[bill]
    bill_packages = loads.per_bill(loads.declared_packages)[bill]
    mass = np.where(itemised, loads.declared_mass[where], share * bill_mass)
    packages = np.where(itemised, loads.declared_packages[where], share * bill_packages)
    return np.maximum(np.round(mass, 1), 0.2), np.maximum(np.round(packages), 1.0)


def _prices(
    world: World,
    rng: np.random.Generator,
    bills: Bills,
    routes: Routes,
    bill: np.ndarray,
    commodity: np.ndarray,
    true_commodity: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return declared unit price, share left out, and the log ratio to the official list."""
    goods, places, schemes = world.goods, world.places, world.config.schemes
    level = goods.log_price[true_commodity, bills.origin[bill]]
    noise = rng.standard_normal(len(bill)) * goods.dispersion[true_commodity]
    reach = schemes.discount_low + (schemes.discount_high - schemes.discount_low) * bills.strength
    left_out = np.where(bills.scheme == _UNDERVALUATION, reach, 0.0)
    price = level + noise + np.log1p(-np.minimum(left_out, 0.99))[bill]
    discount = left_out[bill]
    listed = np.log(goods.price)[commodity] + places.price[routes.origin[bill]]
    return np.exp(price), discount, price - listed


def _rounded(
    rng: np.random.Generator, bills: Bills, bill: np.ndarray, value: np.ndarray
) -> np.ndarray:
    """Round some values to two digits; made-up ones are round oftener."""
    share = np.where(bills.scheme[bill] == _UNDERVALUATION, 0.3, 0.08)
    digits = 10.0 ** (np.floor(np.log10(np.maximum(value, 10.0))) - 1.0)
    coarse = np.round(value / digits) * digits
    result: np.ndarray = np.where(
        rng.random(len(bill)) < share, coarse, np.round(np.maximum(value, 1.0), 2)
    )
    return result
