"""Containers of a week: their numbers, masses and packages, as manifested and as declared."""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.bills import AIR, EMPTY, LCL, Bills
from riskml.datasets.simulation.randomness import mix
from riskml.datasets.simulation.routes import Routes
from riskml.datasets.simulation.world import World

__all__ = ["Loads", "draw_loads"]

_HEAVIEST = 34_000.0  # kg; what a container and its lorry bear
_SMALLEST_FLEET, _LARGEST_FLEET = 5_000, 900_000


@dataclass(frozen=True)
class Loads:
    """Containers, arrays of shape (n_containers,), grouped by bill.

    Attributes
    ----------
    bill : int64, number of the bill
    start : int64, shape (n_bills + 1,), first container of each bill
    fleet : int64, number of the owner prefix
    serial : int64, six-digit serial number
    declared_mass, manifest_mass : float64, gross mass in kg according to the declarant and to
        the carrier
    declared_packages, manifest_packages : float64
    """

    bill: np.ndarray
    start: np.ndarray
    fleet: np.ndarray
    serial: np.ndarray
    declared_mass: np.ndarray
    manifest_mass: np.ndarray
    declared_packages: np.ndarray
    manifest_packages: np.ndarray

    def __len__(self) -> int:
        """Return the number of containers."""
        return len(self.bill)

    def per_bill(self, values: np.ndarray) -> np.ndarray:
        """Return the sum of container values over each bill."""
        return np.bincount(self.bill, weights=values, minlength=len(self.start) - 1)


def draw_loads(world: World, week: int, bills: Bills, routes: Routes) -> Loads:
    """Draw the containers of a week's bills."""
    rng = world.streams.of("loads", week)
    bill = np.repeat(np.arange(len(bills)), bills.containers)
    start = np.concatenate([[0], np.cumsum(bills.containers)])
    fleet, serial = _numbers(world, week, bill, start, routes)
    mass = _masses(world, rng, bills, bill)
    packages = _packages(world, rng, bills, bill, mass)
    manifest_mass, manifest_packages = _manifested(world, rng, bills, bill, mass, packages)
    return Loads(
        bill=bill,
        start=start,
        fleet=fleet,
        serial=serial,
        declared_mass=mass,
        manifest_mass=manifest_mass,
        declared_packages=packages,
        manifest_packages=manifest_packages,
    )


def _numbers(
    world: World, week: int, bill: np.ndarray, start: np.ndarray, routes: Routes
) -> tuple[np.ndarray, np.ndarray]:
    """Return containers out of their carrier's fleet: each comes back now and then."""
    leader = routes.sharing[bill]
    within = np.arange(len(bill)) - start[bill]
    size = int(np.clip(30_000 * world.scale, _SMALLEST_FLEET, _LARGEST_FLEET))
    first = mix(world.streams.salt("containers"), leader, week) % np.uint64(size)
    # Steps of 7 inside a fleet that 7 does not divide never meet twice on a bill.
    size += size % 7 == 0
    serial = 100_000 + (first.astype(np.int64) + 7 * within) % size
    return routes.carrier[leader], serial % 1_000_000


def _masses(world: World, rng: np.random.Generator, bills: Bills, bill: np.ndarray) -> np.ndarray:
    shipments = world.config.shipments
    level = np.log(1000.0 * shipments.container_tonnes)
    level = np.where(bills.cargo == LCL, level - 1.8, level)
    level = np.where(bills.mode == AIR, level - 3.2, level)
    level = level + shipments.container_spread * rng.standard_normal(len(bills))
    mass = np.exp(level[bill] + 0.15 * rng.standard_normal(len(bill)))
    tare = 2200.0 + 1600.0 * rng.random(len(bill))
    mass = np.where(bills.cargo[bill] == EMPTY, tare, np.minimum(mass, _HEAVIEST))
    return np.round(np.maximum(mass, 5.0), 1)


def _packages(
    world: World, rng: np.random.Generator, bills: Bills, bill: np.ndarray, mass: np.ndarray
) -> np.ndarray:
    """Return packages by the true goods' usual mass; whoever hides something packs oddly."""
    spread = world.config.shipments.packages_spread
    shift = spread * rng.standard_normal(len(bills))
    hides = (bills.scheme == 3) | (bills.scheme == 5)
    odd = world.config.schemes.odd_packing * np.where(rng.random(len(bills)) < 0.5, -1.0, 1.0)
    shift += np.where(hides, odd * bills.strength * 1.5, 0.0)
    usual = world.goods.package_mass[bills.commodity] * np.exp(shift)
    packages = np.maximum(1.0, np.round(mass / usual[bill]))
    return np.where(bills.cargo[bill] == EMPTY, 0.0, packages)


def _manifested(
    world: World,
    rng: np.random.Generator,
    bills: Bills,
    bill: np.ndarray,
    mass: np.ndarray,
    packages: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the carrier's figures: noise, a few gross errors, and what concealment weighs."""
    records, size = world.config.records, len(bills)
    wrong = rng.random(size) < records.mass_errors
    shift = np.where(wrong, 0.25, records.mass_noise) * rng.standard_normal(size)
    excess = world.config.schemes.excess_mass * bills.strength * np.where(bills.scheme == 3, 1, 0)
    heavier = np.minimum(mass * np.exp(shift + excess)[bill], _HEAVIEST)
    manifest_mass = np.round(heavier, 1)
    miscounted = (rng.random(size) < records.mass_errors) | (
        (bills.scheme == 3) & (rng.random(size) < 0.5)
    )
    factor = np.where(miscounted, np.exp(0.2 * np.abs(rng.standard_normal(size))), 1.0)
    return manifest_mass, np.round(packages * factor[bill])
