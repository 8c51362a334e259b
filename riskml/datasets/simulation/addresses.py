"""Addresses of importers' identities: who hops often keeps the door, honest successors do not."""

import numpy as np

from riskml.datasets.simulation.goods import read_words, without_marks
from riskml.datasets.simulation.names import NameBook, identities_between
from riskml.datasets.simulation.parties import BAD
from riskml.datasets.simulation.randomness import hash_uniform, mix
from riskml.datasets.simulation.text import Words
from riskml.datasets.simulation.world import World

__all__ = ["ADDRESS_SPELLINGS", "importer_addresses"]

ADDRESS_SPELLINGS = 3
"""Vietnamese, without marks, and shortened."""
_MOST_KEPT = 16
_IN_PARKS = 0.25


def importer_addresses(world: World, first_day: int, last_day: int) -> NameBook:
    """Write the addresses of all importers' identities between two days."""
    words, salt = read_words(), world.streams.salt("addresses")
    actor, generation, first, offset = identities_between(
        world.importers.identities, first_day, last_day
    )
    moved_in = _moved_in(world, salt, actor, generation)
    homes = [world.config.offices[home].name for home in world.importers.home[actor].tolist()]
    in_park = hash_uniform(salt + 1, actor, moved_in) < _IN_PARKS
    numbers = (mix(salt + 2, actor, moved_in) % np.uint64(2**31)).tolist()
    texts: list[str] = []
    for home, park, number in zip(homes, in_park.tolist(), numbers, strict=True):
        texts += _spellings(words, home, park, number)
    return NameBook(Words.of(texts), ADDRESS_SPELLINGS, first, offset)


def _moved_in(world: World, salt: int, actor: np.ndarray, generation: np.ndarray) -> np.ndarray:
    """Return the generation at which each identity's address was moved into."""
    hops = world.importers.character[actor] == BAD
    found = generation.copy()
    for _ in range(_MOST_KEPT):
        kept = hops & (hash_uniform(salt, actor, found) < world.config.parties.kept_address)
        # Whoever moved stays where it is: its hash is the same in every further round.
        found = np.where(kept, found - 1, found)
    return found


def _spellings(words: dict[str, list[str]], home: str, park: bool, number: int) -> list[str]:
    door, rest = 1 + number % 280, number // 280
    if park:
        place = words["parks"][rest % len(words["parks"])]
        lot = f"{'ABCDEFGH'[door % 8]}{1 + door // 8}"
        vietnamese = f"Lô {lot}, Khu công nghiệp {place}, {home}"
        short = f"{lot} KCN {place}, {home}"
    else:
        street = words["streets"][rest % len(words["streets"])]
        ward = 1 + rest // len(words["streets"]) % 16
        vietnamese = f"Số {door} đường {street}, phường {ward}, {home}"
        short = f"{door} {street}, P.{ward}, {home}"
    return [vietnamese, without_marks(vietnamese).upper(), without_marks(short).upper()]
