"""Names and codes of parties: every identity has one code and several spellings."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute

from riskml.datasets.simulation.goods import read_words, without_marks
from riskml.datasets.simulation.parties import BAD, GENERATIONS, Identities
from riskml.datasets.simulation.randomness import mix
from riskml.datasets.simulation.text import Words, joined, scrambled, taken
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
    choices = (
        _pick(salt, len(words["first"]), actor, anchor),
        _pick(salt + 1, len(words["second"]), actor, generation),
        _pick(salt + 2, len(words["third"]), actor, anchor),
    )
    business = _pick(salt + 3, len(words["business_vi"]), actor, anchor)
    lost = _pick(salt + 4, 97, actor, generation)
    spellings = _spellings(words, choices, business, lost)
    return NameBook(Words.side_by_side(spellings), IMPORTER_SPELLINGS, first, offset)


def shipper_names(world: World, first_day: int, last_day: int) -> NameBook:
    """Write the names of all shippers' identities between two days."""
    words, salt = read_words(), world.streams.salt("shipper names")
    shippers, towns = world.shippers, world.places.towns
    actor, generation, first, offset = identities_between(shippers.identities, first_day, last_day)
    counts = np.array([len(group) for group in towns])
    starts = np.cumsum(counts) - counts
    country = shippers.country[actor]
    town = starts[country] + _pick(salt, 60, actor, generation) % counts[country]

    def word(place: int, kind: str) -> pa.StringArray:
        return taken(words[kind], _pick(salt + place, len(words[kind]), actor, generation))

    names = [name for group in towns for name in group]
    head = joined(
        taken(names, town), " ", word(1, "shipper_words"), " ", word(2, "shipper_business")
    )
    spellings = [joined(head, " ", word(3, "shipper_suffix")), pa.compute.utf8_title(head)]
    return NameBook(Words.side_by_side(spellings), SHIPPER_SPELLINGS, first, offset)


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
    words: dict[str, list[str]],
    choices: tuple[np.ndarray, ...],
    business: np.ndarray,
    lost: np.ndarray,
) -> list[pa.StringArray]:
    """Return the four spellings of names.

    Parameters
    ----------
    words : dict of list of str
    choices : tuple of ndarray of int64, shape (n,)
        First, second and third word of each name; the third may be empty.
    business : ndarray of int64, shape (n,)
    lost : ndarray of int64, shape (n,)
        Which letter the misspelt name loses.
    """
    first, second, third = (words[kind] for kind in ("first", "second", "third"))
    lists = [first, [f" {word}" for word in second], [f" {word}" if word else "" for word in third]]
    plain_lists = [[without_marks(word).upper() for word in texts] for texts in lists]
    name, bare = (
        joined(*(taken(texts, number) for texts, number in zip(some, choices, strict=True)))
        for some in (lists, plain_lists)
    )
    trades = words["business_vi"]
    plain_trades = [without_marks(word).upper() for word in trades]
    english = joined(bare, " ", taken(words["business_en"], business))
    return [
        joined("Công ty TNHH ", taken(trades, business), " ", name),
        joined("CONG TY TNHH ", taken(plain_trades, business), " ", bare),
        joined(english, " CO., LTD"),
        joined(_without_letter(english, lost), " CO LTD"),
    ]


def _without_letter(texts: pa.StringArray, lost: np.ndarray) -> pa.StringArray:
    """Leave one letter out of each ASCII text; never the first, by which one looks names up."""
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)[: len(texts) + 1]
    letters = np.frombuffer(texts.buffers()[2], dtype=np.uint8)[: offsets[-1]]
    place = 1 + lost % np.maximum(np.diff(offsets) - 2, 1)
    kept = np.delete(letters, offsets[:-1] + place)
    shorter = (offsets - np.arange(len(offsets))).astype(np.int32)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(shorter), pa.py_buffer(kept))
