"""Vocabularies that the tables of all weeks share, and the numbers of bills and declarations."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from riskml.datasets.simulation.addresses import ADDRESS_SPELLINGS, importer_addresses
from riskml.datasets.simulation.names import (
    NameBook,
    importer_names,
    shipper_names,
)
from riskml.datasets.simulation.papers import CONSIGNED
from riskml.datasets.simulation.randomness import hash_uniform
from riskml.datasets.simulation.text import (
    Words,
    choice,
    container_numbers,
    number_text,
    scrambled,
)
from riskml.datasets.simulation.week import Week
from riskml.datasets.simulation.world import World

__all__ = [
    "Vocabulary",
    "address_column",
    "bill_numbers",
    "build_vocabulary",
    "container_texts",
    "declaration_numbers",
]

_ROWS_A_WEEK = 1_000_000
_FORWARDERS = 40


@dataclass(frozen=True)
class Vocabulary:
    """Texts of a world within a span of days.

    Attributes
    ----------
    offices, carriers, vessels, voyages, discharges, prefixes : words by their numbers
    discharge : ndarray of int64, shape (n_offices,), number in ``discharges``, -1 where none
    importer_names, shipper_names : NameBook
    party_names : names of importers, then of forwarders
    spelling_salt : int, for the spelling each bill uses
    addresses : NameBook of importers, None where papers bear none
    """

    offices: Words
    carriers: Words
    vessels: Words
    voyages: Words
    discharges: Words
    prefixes: tuple[str, ...]
    discharge: np.ndarray
    importer_names: NameBook
    shipper_names: NameBook
    party_names: Words
    spelling_salt: int
    addresses: NameBook | None

    def spelling(self, world: World, week: Week) -> np.ndarray:
        """Return how each bill's manifest spells the importer: mostly in English, without marks."""
        uniform = hash_uniform(self.spelling_salt, week.number, np.arange(len(week.bills)))
        spelling: np.ndarray = np.searchsorted([0.05, 0.35, 0.97], uniform, side="right")
        return spelling


def build_vocabulary(world: World, first_day: int, last_day: int) -> Vocabulary:
    """Write down the words needed between two days, both included."""
    discharges = sorted({o.discharge for o in world.config.offices if o.discharge})
    discharge = [discharges.index(o.discharge) if o.discharge else -1 for o in world.config.offices]
    importers = importer_names(world, first_day, last_day)
    forwarders = [f"SAO VIET LOGISTICS {n + 1:02d} JSC" for n in range(_FORWARDERS)]
    return Vocabulary(
        offices=Words.of([office.name for office in world.config.offices]),
        carriers=Words.of(world.carriers.ids),
        vessels=Words.of(world.carriers.vessels),
        voyages=_voyages(),
        discharges=Words.of(discharges),
        prefixes=world.carriers.prefixes,
        discharge=np.array(discharge),
        importer_names=importers,
        shipper_names=shipper_names(world, first_day, last_day),
        party_names=importers.words.followed_by(forwarders),
        spelling_salt=world.streams.salt("spelling"),
        addresses=(
            importer_addresses(world, first_day, last_day)
            if world.config.records.addresses > 0.0
            else None
        ),
    )


def bill_numbers(words: Vocabulary, week: Week, bill: np.ndarray) -> pa.StringArray:
    """Return the number of each bill: unlike any other bill's of any week."""
    return number_text("BL", scrambled(week.number * _ROWS_A_WEEK + bill, 11), 11)


def declaration_numbers(
    week: Week, bill: np.ndarray, second: np.ndarray, valid: np.ndarray | None = None
) -> pa.StringArray:
    """Return the number of each bill's first or supplementary declaration."""
    serial = 2 * (week.number * _ROWS_A_WEEK + bill) + second
    return number_text("10", scrambled(serial, 11), 11, valid)


def container_texts(words: Vocabulary, week: Week, load: np.ndarray) -> pa.StringArray:
    """Return the number of each container."""
    return container_numbers(words.prefixes, week.loads.fleet[load], week.loads.serial[load])


def address_column(
    world: World, words: Vocabulary, week: Week, paper: str, bill: np.ndarray
) -> dict[str, pa.Array]:
    """Return column ``x_PARTY_address`` of a paper that names a party, or no column at all.

    Parameters
    ----------
    world, words, week
        The week, and the words it is written in.
    paper : str
        ``consignee`` (manifests, of bills not sent to a forwarder) or ``importer`` (declarations).
    bill : ndarray of int64, shape (n,)
        Bill of each row.
    """
    if words.addresses is None:
        return {}
    bills, size = week.bills, len(week.bills)
    rng = world.streams.of(f"{paper} addresses", week.number)
    given = rng.random(size) < world.config.records.addresses
    if paper == "consignee":
        given &= week.papers.consignee == CONSIGNED
    spelling = rng.integers(0, ADDRESS_SPELLINGS, size)
    place = words.addresses.find(bills.importer, bills.generation, spelling)
    return {f"x_{paper}_address": choice(place[bill], words.addresses.words, given[bill])}


def _voyages() -> Words:
    """Return voyage numbers of ships, then flight numbers."""
    ships = [f"{number:03d}{'NSEW'[number % 4]}" for number in range(1000)]
    return Words.of([*ships, *(f"{number:04d}" for number in range(1000))])
