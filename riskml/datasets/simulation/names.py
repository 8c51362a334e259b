"""Names and codes of parties: every identity has one code and several spellings."""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.goods import read_words, without_marks
from riskml.datasets.simulation.parties import BAD, GENERATIONS, Identities
from riskml.datasets.simulation.randomness import mix
from riskml.datasets.simulation.text import Words, scrambled
from riskml.datasets.simulation.world import World

__all__ = [
    "IMPORTER_SPELLINGS",
    "SHIPPER_SPELLINGS",
    "NameBook",
    "identities_between",
    "importer_names",
    "party_codes",
    "shipper_names",
]

IMPORTER_SPELLINGS = 4
"""Vietnamese, without marks, English, and English with a letter lost."""
SHIPPER_SPELLINGS = 2
_WIDTH = 10


@dataclass(frozen=True)
class NameBook:
    """Spellings of the names or addresses of all identities in use within a span of days.

    Attributes
    ----------
    words : Words
    spellings : int
        Spellings of each identity, next to each other in ``words``.
    first : ndarray of int64, shape (n_actors,)
        Earliest generation of each actor in the book.
    offset : ndarray of int64, shape (n_actors,)
        Where that generation stands.
    """

    words: Words
    spellings: int
    first: np.ndarray
    offset: np.ndarray

    def find(self, actor: np.ndarray, generation: np.ndarray, spelling: np.ndarray) -> np.ndarray:
        """Return the number of each name in ``words``."""
        place = self.offset[actor] + generation - self.first[actor]
        found: np.ndarray = place * self.spellings + spelling
        return found


def party_codes(actor: np.ndarray, generation: np.ndarray) -> np.ndarray:
    """Return the ten-digit number of each identity; no two share one."""
    return scrambled(actor * GENERATIONS + generation % GENERATIONS, _WIDTH)


def importer_names(world: World, first_day: int, last_day: int) -> NameBook:
    """Write the names of all importers' identities between two days."""
    words, salt = read_words(), world.streams.salt("names")
    actor, generation, first, offset = identities_between(
        world.importers.identities, first_day, last_day
    )
    # Who hops keeps most of the old name: word and business stay, the second word changes.
    keeps = world.importers.character[actor] == BAD
    anchor = np.where(keeps, -1, generation)
    parts = [
        _pick(salt, len(words["first"]), actor, anchor),
        _pick(salt + 1, len(words["second"]), actor, generation),
        _pick(salt + 2, len(words["third"]), actor, anchor),
        _pick(salt + 3, len(words["business_vi"]), actor, anchor),
        _pick(salt + 4, 97, actor, generation),
    ]
    texts: list[str] = []
    for a, b, c, d, e in zip(*(part.tolist() for part in parts), strict=True):
        texts += _spellings(words, a, b, c, d, e)
    return NameBook(Words.of(texts), IMPORTER_SPELLINGS, first, offset)


def shipper_names(world: World, first_day: int, last_day: int) -> NameBook:
    """Write the names of all shippers' identities between two days."""
    words, salt = read_words(), world.streams.salt("shipper names")
    shippers, towns = world.shippers, world.places.towns
    actor, generation, first, offset = identities_between(shippers.identities, first_day, last_day)
    country = shippers.country[actor].tolist()
    town = _pick(salt, 60, actor, generation).tolist()
    name = _pick(salt + 1, len(words["shipper_words"]), actor, generation).tolist()
    kind = _pick(salt + 2, len(words["shipper_business"]), actor, generation).tolist()
    suffix = _pick(salt + 3, len(words["shipper_suffix"]), actor, generation).tolist()
    texts: list[str] = []
    for c, t, n, k, s in zip(country, town, name, kind, suffix, strict=True):
        place = towns[c][t % len(towns[c])]
        head = f"{place} {words['shipper_words'][n]} {words['shipper_business'][k]}"
        texts += [f"{head} {words['shipper_suffix'][s]}", head.title()]
    return NameBook(Words.of(texts), SHIPPER_SPELLINGS, first, offset)


def identities_between(
    identities: Identities, first_day: int, last_day: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return actor and generation of each identity in use between two days, and where they begin.

    Returns
    -------
    actor, generation : ndarray of int64, shape (n_identities,)
    first, offset : ndarray of int64, shape (n_actors,)
        Each actor's earliest generation, and its place among the identities.
    """
    actor = np.arange(len(identities.life))
    first = identities.generation(actor, np.full(len(actor), first_day))
    last = identities.generation(actor, np.full(len(actor), last_day))
    count = last - first + 1
    offset = np.cumsum(count) - count
    actors = np.repeat(actor, count)
    generation = np.arange(len(actors)) - offset[actors] + first[actors]
    return actors, generation, first, offset


def _pick(salt: int, size: int, actor: np.ndarray, generation: np.ndarray) -> np.ndarray:
    return (mix(salt, actor, generation) % np.uint64(size)).astype(np.int64)


def _spellings(
    words: dict[str, list[str]], first: int, second: int, third: int, business: int, cut: int
) -> list[str]:
    name = f"{words['first'][first]} {words['second'][second]} {words['third'][third]}".strip()
    vietnamese = f"Công ty TNHH {words['business_vi'][business]} {name}"
    plain = without_marks(vietnamese).upper()
    bare = plain[-len(name) :]
    english = f"{bare} {words['business_en'][business]}"
    # The letter lost is never the first: it is what people look names up by.
    place = 1 + cut % max(len(english) - 2, 1)
    misspelt = english[:place] + english[place + 1 :]
    return [vietnamese, plain, f"{english} CO., LTD", f"{misspelt} CO LTD"]
