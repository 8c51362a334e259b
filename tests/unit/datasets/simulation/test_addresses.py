"""Who is really behind an identity, and the addresses that may give it away."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from riskml.datasets.simulation import SimulatedWorld, build_config, simulate
from riskml.datasets.simulation.addresses import ADDRESS_SPELLINGS, importer_addresses
from riskml.datasets.simulation.parties import BAD
from riskml.datasets.simulation.text import choice
from riskml.datasets.simulation.world import build_world

FIRST, LAST = 18_000, 18_730


@pytest.fixture(scope="module")
def addressed() -> SimulatedWorld:
    config = build_config({"records": {"addresses": 0.9}, "parties": {"hopping_days": 60.0}})
    return simulate(config, start=date(2020, 3, 1), days=60, scale=0.05, seed=3)


def test_the_truth_knows_the_party_behind_each_tax_code(addressed: SimulatedWorld) -> None:
    party = addressed.truth[["bill_no", "importer_party"]].drop_duplicates()
    lines = addressed.declarations.merge(party, on="bill_no")
    assert len(lines) == len(addressed.declarations)
    pairs = lines[["importer_id", "importer_party"]].drop_duplicates()
    assert not pairs["importer_id"].duplicated().any()
    codes = pairs["importer_party"].value_counts()
    assert (codes > 1).sum() >= 3
    assert codes.max() < 8


def test_only_fraudsters_stay_the_same_party(addressed: SimulatedWorld) -> None:
    importers = build_world(build_config({}), 0.05, 3).importers
    actor = np.arange(len(importers))
    now, later = importers.party(actor, actor * 0), importers.party(actor, actor * 0 + 1)
    np.testing.assert_array_equal(now == later, importers.character == BAD)
    assert len(np.unique(np.concatenate([now, later]))) > len(actor)


def test_papers_bear_addresses_only_where_asked_for(
    addressed: SimulatedWorld, small: SimulatedWorld
) -> None:
    assert not [c for table in (small.manifests, small.declarations) for c in table if "x_" in c]
    given = addressed.declarations["x_importer_address"]
    assert given.notna().mean() == pytest.approx(0.9, abs=0.05)
    consignee = addressed.manifests["x_consignee_address"]
    assert 0.75 < consignee.notna().mean() < 0.9
    assert given.dropna().str.isascii().mean() == pytest.approx(2 / 3, abs=0.1)


def test_a_fraudster_mostly_keeps_its_address_a_successor_never() -> None:
    config = build_config({"parties": {"kept_address": 0.6}})
    world = build_world(config, 1.0, 3)
    importers, book = world.importers, importer_addresses(world, FIRST, LAST)
    texts = pd.Series(choice(np.arange(len(book.words)), book.words).to_pylist())
    actor = np.arange(len(importers))
    last = importers.identities.generation(actor, np.full(len(actor), LAST))
    several = last > book.first
    spelling = np.full(several.sum(), ADDRESS_SPELLINGS - 1)
    now = texts[book.find(actor[several], last[several], spelling)].to_numpy()
    before = texts[book.find(actor[several], last[several] - 1, spelling)].to_numpy()
    bad = importers.character[several] == BAD
    assert (now == before)[bad].mean() == pytest.approx(0.6, abs=0.12)
    assert (now == before)[~bad].mean() < 0.01
