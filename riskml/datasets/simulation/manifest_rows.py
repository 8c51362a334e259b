"""The manifests table of a week."""

import numpy as np
import pyarrow as pa

from riskml.datasets.simulation.bills import AIR, CARGO_TYPES, EMPTY, SEA
from riskml.datasets.simulation.calendar import MICROSECONDS_PER_DAY
from riskml.datasets.simulation.names import party_codes
from riskml.datasets.simulation.papers import CONSIGNED, FORWARDED
from riskml.datasets.simulation.places import MODES
from riskml.datasets.simulation.rendering import (
    Vocabulary,
    address_column,
    bill_numbers,
    container_texts,
)
from riskml.datasets.simulation.text import choice, number_text, reals, times
from riskml.datasets.simulation.week import Week
from riskml.datasets.simulation.world import World

__all__ = ["manifest_rows"]

_HOUR = MICROSECONDS_PER_DAY // 24
_TYPES = ("22G1", "42G1", "45G1", "45R1")
_CHILLED = ("03", "04", "08")


def manifest_rows(world: World, words: Vocabulary, week: Week, keep: np.ndarray) -> pa.Table:
    """Return the manifest rows of the containers ``keep``, revised ones repeated at the end."""
    rng = world.streams.of("manifest rows", week.number)
    size, records = len(week.loads), world.config.records
    revised = keep & (rng.random(size) < records.revisions)
    late = rng.random(size) < records.late_recording
    hours = records.late_recording_hours * rng.standard_exponential(size)
    again = 2.0 + 46.0 * rng.random(size)
    row = np.concatenate([np.flatnonzero(keep), np.flatnonzero(revised)])
    revision = np.repeat([0, 1], [int(keep.sum()), int(revised.sum())])
    submitted = week.routes.submitted_at[week.loads.bill]
    recorded = submitted + (np.where(late, hours, 0.0) * _HOUR).astype(np.int64)
    corrected = submitted + (again * _HOUR).astype(np.int64)
    recorded = np.where(revision == 1, np.maximum(corrected, recorded + _HOUR)[row], recorded[row])
    columns = {
        **_what_and_when(words, week, row),
        **_parties(world, words, rng, week, row),
        **_route_and_goods(world, words, rng, week, row),
        **_amounts(week, row, revision),
        "container_type": _container_types(world, rng, week, row),
        "recorded_at": times(recorded - recorded % 1_000_000, (revision == 1) | late[row]),
        "revision": pa.array(revision, pa.int64()),
        **address_column(world, words, week, "consignee", week.loads.bill[row]),
    }
    return pa.table(columns)


def _what_and_when(words: Vocabulary, week: Week, row: np.ndarray) -> dict[str, pa.Array]:
    bill = week.loads.bill[row]
    return {
        "bill_no": bill_numbers(words, week, bill),
        "container_no": container_texts(words, week, row),
        "submitted_at": times(week.routes.submitted_at[bill]),
        "arrival_at": times(week.routes.arrival_at[bill]),
        "office": choice(week.bills.office[bill], words.offices),
        "mode": choice(week.bills.mode[bill], MODES),
        "carrier_id": choice(week.routes.carrier[bill], words.carriers),
        "vessel": choice(week.routes.vessel[bill], words.vessels),
        "voyage": choice(
            np.where(week.bills.mode == AIR, week.routes.voyage + 1000, week.routes.voyage)[bill],
            words.voyages,
            ((week.bills.mode == SEA) | (week.bills.mode == AIR))[bill],
        ),
        "cargo_type": choice(week.bills.cargo[bill], CARGO_TYPES),
    }


def _parties(
    world: World, words: Vocabulary, rng: np.random.Generator, week: Week, row: np.ndarray
) -> dict[str, pa.Array]:
    bills, papers, bill = week.bills, week.papers, week.loads.bill[row]
    shipper = words.shipper_names.find(
        bills.shipper, bills.shipper_generation, (rng.random(len(bills)) < 0.15).astype(np.int64)
    )
    forwarded = papers.consignee == FORWARDED
    importer = party_codes(bills.importer, bills.generation)
    # Forwarders have codes of their own that begin with eight nines.
    forwarder = 9_999_999_900 + bills.broker % 40
    name = words.importer_names.find(bills.importer, bills.generation, words.spelling(world, week))
    name = np.where(forwarded, len(words.importer_names.words) + bills.broker % 40, name)
    shown = papers.consignee >= 0
    notified = forwarded | ((papers.consignee == CONSIGNED) & (rng.random(len(bills)) < 0.5))
    shipper_code = party_codes(bills.shipper, bills.shipper_generation)
    return {
        "shipper_id": number_text("S", shipper_code[bill], 10, papers.shipper_named[bill]),
        "shipper_name": choice(
            shipper[bill], words.shipper_names.words, papers.shipper_named[bill]
        ),
        "consignee_id": number_text(
            "", np.where(forwarded, forwarder, importer)[bill], 10, shown[bill]
        ),
        "consignee_name": choice(name[bill], words.party_names, shown[bill]),
        "notify_id": number_text("", importer[bill], 10, notified[bill]),
    }


def _route_and_goods(
    world: World, words: Vocabulary, rng: np.random.Generator, week: Week, row: np.ndarray
) -> dict[str, pa.Array]:
    bill, routes, papers = week.loads.bill[row], week.routes, week.papers
    told = rng.random(len(week.bills)) >= world.config.records.missing_other
    return {
        "port_of_loading": choice(routes.loading[bill], world.places.ports, told[bill]),
        "transshipment_port": choice(routes.hub[bill], world.places.ports),
        "port_of_discharge": choice(words.discharge[week.bills.office[bill]], words.discharges),
        "goods_description": choice(papers.manifest_words[bill], world.goods.words),
        "commodity_code": choice(papers.manifest_code[bill], world.goods.codes),
    }


def _amounts(week: Week, row: np.ndarray, revision: np.ndarray) -> dict[str, pa.Array]:
    """Return mass and packages; a revision brings the declarant's figures."""
    loads = week.loads
    mass = np.where(revision == 1, loads.declared_mass[row], loads.manifest_mass[row])
    packages = np.where(revision == 1, loads.declared_packages[row], loads.manifest_packages[row])
    full = week.bills.cargo[loads.bill[row]] != EMPTY
    return {"gross_mass_kg": reals(mass), "packages": reals(packages, full)}


def _container_types(
    world: World, rng: np.random.Generator, week: Week, row: np.ndarray
) -> pa.DictionaryArray:
    size = len(week.loads)
    kind = np.minimum((rng.random(size) * 3).astype(np.int64), 2)
    chapters = np.array([chapter in _CHILLED for chapter in world.goods.chapters])
    chilled = chapters[world.goods.chapter[week.bills.commodity]][week.loads.bill]
    kind = np.where(chilled, 3, kind)
    told = rng.random(size) >= world.config.records.missing_other
    return choice(kind[row], _TYPES, told[row])
