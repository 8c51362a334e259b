import numpy as np

from riskml.datasets.simulation.names import importer_names, party_codes
from riskml.datasets.simulation.parties import BAD, HONEST
from riskml.datasets.simulation.text import choice
from riskml.datasets.simulation.world import World

FIRST, LAST = 18_000, 18_730  # two years from 2019-04-14


def test_volume_is_concentrated(world: World) -> None:
    importers = world.importers
    share = np.diff(np.concatenate([[0.0], importers.cumulative]))
    mine = importers.home == 0
    share = np.sort(share[mine])[::-1]
    assert share[: len(share) // 10].sum() > 0.2
    assert share[len(share) // 2 :].sum() < 0.35


def test_fraudsters_hold_about_their_share_of_each_large_office(world: World) -> None:
    importers = world.importers
    start = importers.start
    inner = importers.cumulative - importers.home
    share = np.diff(inner, prepend=0.0)
    share[start[:-1]] = inner[start[:-1]]
    for office in (0, 1):
        mine = importers.home == office
        held = share[mine & (importers.character == BAD)].sum()
        assert 0.01 < held < 0.04


def test_fraudsters_hop_oftener_than_honest_firms_close(world: World) -> None:
    importers = world.importers
    actor = np.arange(len(importers))
    changes = importers.identities.generation(actor, np.full(len(actor), LAST))
    changes -= importers.identities.generation(actor, np.full(len(actor), FIRST))
    assert (
        changes[importers.character == BAD].mean()
        > 3 * changes[importers.character == HONEST].mean()
    )
    assert changes[importers.character == HONEST].mean() > 0.1


def test_an_identity_is_young_when_it_begins(world: World) -> None:
    importers = world.importers
    actor = np.zeros(2000, dtype=np.int64)
    days = FIRST + np.arange(2000)
    generation = importers.identities.generation(actor, days)
    age = importers.identities.age(actor, days)
    begins = np.flatnonzero(np.diff(generation)) + 1
    assert (age >= 0).all()
    assert (age[begins] < 1.001).all()


def test_a_hopped_identity_has_a_new_code_and_a_similar_name(world: World) -> None:
    importers = world.importers
    book = importer_names(world, FIRST, LAST)
    texts = choice(np.arange(len(book.words)), book.words).to_pylist()
    bad = np.flatnonzero(importers.character == BAD)
    before = importers.identities.generation(bad, np.full(len(bad), FIRST))
    after = importers.identities.generation(bad, np.full(len(bad), LAST))
    hopped = np.flatnonzero(after > before)
    assert len(hopped)
    english = np.full(len(bad), 2)
    for place in hopped:
        one = texts[book.find(bad, before, english)[place]]
        other = texts[book.find(bad, after, english)[place]]
        # The first word and the business stay.
        assert one.split()[0] == other.split()[0]
        assert one.split()[-3:] == other.split()[-3:]
    assert not (party_codes(bad, before) == party_codes(bad, after))[hopped].any()


def test_spellings_of_a_name(world: World) -> None:
    book = importer_names(world, FIRST, FIRST)
    vietnamese, plain, english, misspelt = choice(
        np.arange(len(book.words)), book.words
    ).to_pylist()[:4]
    assert vietnamese.startswith("Công ty TNHH ")
    assert plain.isascii()
    assert plain.startswith("CONG TY TNHH ")
    assert english.endswith(" CO., LTD")
    assert len(misspelt) < len(english)
    assert english.split()[0] in plain


def test_codes_of_identities_are_all_different() -> None:
    actor = np.repeat(np.arange(5000), 20)
    generation = np.tile(np.arange(20), 5000)
    assert len(np.unique(party_codes(actor, generation))) == len(actor)
