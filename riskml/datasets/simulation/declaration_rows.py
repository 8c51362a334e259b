"""The declarations table of a week."""

import numpy as np
import pyarrow as pa

from riskml.datasets.simulation.calendar import MICROSECONDS_PER_DAY
from riskml.datasets.simulation.names import IMPORTER_SPELLINGS, party_codes
from riskml.datasets.simulation.places import MODES
from riskml.datasets.simulation.policy import points
from riskml.datasets.simulation.randomness import mix
from riskml.datasets.simulation.rendering import (
    Vocabulary,
    address_column,
    bill_numbers,
    container_texts,
    declaration_numbers,
)
from riskml.datasets.simulation.text import choice, number_text, reals, times
from riskml.datasets.simulation.week import Week
from riskml.datasets.simulation.world import World

__all__ = ["declaration_rows"]

_HOUR = MICROSECONDS_PER_DAY // 24
_LANES = ("green", "yellow", "red")
_PROCEDURES = ("A11", "A12", "E21", "E31", "G11", "A41")
_PAYMENTS = ("TTR", "LC", "DP", "DA", "CASH")
_UNITS = ("KGM", "PCE")
_BY_PIECE = 61


def declaration_rows(world: World, words: Vocabulary, week: Week, keep: np.ndarray) -> pa.Table:
    """Return the declaration lines of the bills ``keep``, revised ones repeated at the end."""
    rng = world.streams.of("declaration rows", week.number)
    lines, records = week.lines, world.config.records
    kept = keep[lines.bill]
    revised = kept & (rng.random(len(lines)) < records.declaration_revisions)
    row = np.concatenate([np.flatnonzero(kept), np.flatnonzero(revised)])
    revision = np.repeat([0, 1], [int(kept.sum()), int(revised.sum())])
    columns = {
        **_head(world, words, rng, week, row),
        **_parties(world, words, rng, week, row),
        **_goods(world, rng, week, row),
        **_amounts(world, rng, week, row, revision),
        **_recording(world, rng, week, row, revision),
        **address_column(world, words, week, "importer", lines.bill[row]),
    }
    return pa.table(columns)


def _head(
    world: World, words: Vocabulary, rng: np.random.Generator, week: Week, row: np.ndarray
) -> dict[str, pa.Array]:
    lines, bill = week.lines, week.lines.bill[row]
    load = lines.load[row]
    container = container_texts(words, week, np.maximum(load, 0))
    none = pa.scalar(None, pa.string())
    procedure = (rng.random(len(week.bills)) ** 2.5 * len(_PROCEDURES)).astype(np.int64)
    trusted = world.importers.trusted[week.bills.importer]
    return {
        "declaration_id": declaration_numbers(week, bill, lines.second[row]),
        "line_no": pa.array(lines.number[row], pa.int64()),
        "bill_no": bill_numbers(words, week, bill),
        "container_no": pa.compute.if_else(pa.array(load >= 0), container, none),
        "lodged_at": times(lines.lodged_at[row]),
        "office": choice(week.bills.office[bill], words.offices),
        "mode": choice(week.bills.mode[bill], MODES),
        "procedure": choice(procedure[bill], _PROCEDURES),
        "lane": choice(_lanes(world, rng, week)[bill], _LANES),
        "trusted_trader": choice(trusted[bill].astype(np.int64), ("no", "yes")),
    }


def _lanes(world: World, rng: np.random.Generator, week: Week) -> np.ndarray:
    """Return the lane that the declaration system gives, by the same points and some chance."""
    score = points(world, week) + rng.standard_normal(len(week.bills))
    lane: np.ndarray = np.searchsorted([1.2, 2.6], score)
    return lane


def _parties(
    world: World, words: Vocabulary, rng: np.random.Generator, week: Week, row: np.ndarray
) -> dict[str, pa.Array]:
    bills, bill, size = week.bills, week.lines.bill[row], len(week.bills)
    same = rng.random(size) < world.config.parties.same_spelling
    other = rng.integers(0, IMPORTER_SPELLINGS - 1, size)
    spelling = np.where(same, words.spelling(world, week), other)
    name = words.importer_names.find(bills.importer, bills.generation, spelling)
    shipper = words.shipper_names.find(
        bills.shipper, bills.shipper_generation, np.zeros(size, dtype=np.int64)
    )
    told = rng.random(size) >= world.config.records.missing_other
    exporter = party_codes(bills.shipper, bills.shipper_generation)
    importer = party_codes(bills.importer, bills.generation)
    return {
        "declarant_id": number_text("B", bills.broker[bill], 6),
        "importer_id": number_text("", importer[bill], 10),
        "importer_name": choice(name[bill], words.importer_names.words),
        "exporter_id": number_text("S", exporter[bill], 10, told[bill]),
        "exporter_name": choice(shipper[bill], words.shipper_names.words, told[bill]),
    }


def _goods(
    world: World, rng: np.random.Generator, week: Week, row: np.ndarray
) -> dict[str, pa.Array]:
    lines, places, bill = week.lines, world.places, week.lines.bill
    first = (lines.number == 1) & ~lines.second
    wording = 4 * lines.commodity + rng.integers(0, 4, len(lines))
    wording = np.where(first, week.papers.declared_words[bill], wording)
    payment = mix(world.streams.salt("payment"), week.bills.importer) % np.uint64(len(_PAYMENTS))
    return {
        "commodity_code": choice(lines.commodity[row], world.goods.codes),
        "goods_description": choice(wording[row], world.goods.words),
        "origin_country": choice(lines.origin[row], places.countries),
        "departure_country": choice(week.routes.departure[bill[row]], places.countries),
        "preference_code": choice(lines.preference[row], places.preferences),
        "payment_type": choice(payment.astype(np.int64)[bill[row]], _PAYMENTS),
    }


def _amounts(
    world: World, rng: np.random.Generator, week: Week, row: np.ndarray, revision: np.ndarray
) -> dict[str, pa.Array]:
    """Return values and masses; a revision corrects the value a little."""
    lines = week.lines
    correction = np.exp(0.05 * rng.standard_normal(len(lines)))
    value = np.round(lines.value[row] * np.where(revision == 1, correction[row], 1.0), 2)
    chapter = np.array([int(c) for c in world.goods.chapters])[world.goods.chapter]
    by_piece = chapter[lines.commodity] >= _BY_PIECE
    pieces = lines.packages * rng.integers(1, 60, len(lines))
    told = (rng.random(len(lines)) >= world.config.records.missing_other)[row]
    quantity = np.where(by_piece, pieces, lines.net_mass)
    return {
        "customs_value": reals(value),
        "net_mass_kg": reals(lines.net_mass[row], told),
        "gross_mass_kg": reals(lines.gross_mass[row]),
        "packages": reals(lines.packages[row]),
        "quantity": reals(quantity[row]),
        "quantity_unit": choice(by_piece[row].astype(np.int64), _UNITS),
        "duty_rate": reals(lines.duty_rate[row]),
        "duty_amount": reals(np.round(value * lines.duty_rate[row] / 100.0, 2)),
    }


def _recording(
    world: World, rng: np.random.Generator, week: Week, row: np.ndarray, revision: np.ndarray
) -> dict[str, pa.Array]:
    lines, records = week.lines, world.config.records
    size = len(week.bills)
    late = (rng.random(size) < records.late_recording)[lines.bill]
    hours = (records.late_recording_hours * rng.standard_exponential(size))[lines.bill]
    again = 24.0 + 96.0 * rng.random(len(lines))
    delay = np.where(revision == 1, (np.where(late, hours, 0.0) + again)[row], hours[row])
    recorded = lines.lodged_at[row] + (delay * _HOUR).astype(np.int64)
    return {
        "recorded_at": times(recorded - recorded % 1_000_000, (revision == 1) | late[row]),
        "revision": pa.array(revision, pa.int64()),
    }
