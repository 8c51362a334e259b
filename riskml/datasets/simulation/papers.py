"""What the papers of a week's bills say of the goods, truly, wrongly or not at all."""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.bills import EMPTY, FCL, LCL, TRANSIT, Bills
from riskml.datasets.simulation.calendar import MICROSECONDS_PER_DAY
from riskml.datasets.simulation.goods import WORDINGS
from riskml.datasets.simulation.routes import Routes
from riskml.datasets.simulation.world import World

__all__ = ["CONSIGNED", "FORWARDED", "Papers", "draw_papers"]

CONSIGNED, FORWARDED = 0, 1
_HOUR = MICROSECONDS_PER_DAY // 24
_MISDESCRIPTION = 2


@dataclass(frozen=True)
class Papers:
    """What manifests and declarations of the bills say; arrays of shape (n_bills,).

    Attributes
    ----------
    commodity : int64, code declared on the first line
    manifest_code : int64, code on the manifest, -1 where missing
    manifest_words, declared_words : int64, numbers in ``Goods.words``, -1 where missing
    vague : bool, whether the manifest's words are vague or missing
    preference : int64, number of the preference claimed, -1 where none
    consignee : int64, ``CONSIGNED``, ``FORWARDED`` (importer notified) or -1 where missing
    shipper_named : bool
    declared : bool, whether there is a declaration
    lodged_at : int64, when it was first lodged, microseconds of UTC
    known_lodged : bool, whether that was before the daily list was drawn
    """

    commodity: np.ndarray
    manifest_code: np.ndarray
    manifest_words: np.ndarray
    declared_words: np.ndarray
    vague: np.ndarray
    preference: np.ndarray
    consignee: np.ndarray
    shipper_named: np.ndarray
    declared: np.ndarray
    lodged_at: np.ndarray
    known_lodged: np.ndarray


def draw_papers(world: World, week: int, bills: Bills, routes: Routes) -> Papers:
    """Draw the papers of a week's bills."""
    rng = world.streams.of("papers", week)
    records, size = world.config.records, len(bills)
    misdescribed = bills.scheme == _MISDESCRIPTION
    commodity = np.where(misdescribed, world.goods.disguise[bills.commodity], bills.commodity)
    words, vague = _manifest_words(world, rng, bills)
    shown = rng.random(size)
    consignee = np.where(shown < world.config.parties.forwarders, FORWARDED, CONSIGNED)
    consignee = np.where(shown > 1.0 - records.missing_consignee, -1, consignee)
    declared = (bills.cargo == FCL) | (bills.cargo == LCL)
    lodged = _lodged(world, rng, routes)
    return Papers(
        commodity=commodity,
        manifest_code=_manifest_code(world, rng, bills, commodity),
        manifest_words=words,
        declared_words=_declared_words(world, rng, bills, commodity),
        vague=vague,
        preference=_preferences(world, rng, bills, routes, commodity),
        consignee=consignee,
        shipper_named=rng.random(size) >= records.missing_shipper,
        declared=declared,
        lodged_at=lodged,
        known_lodged=declared & (lodged < routes.listed_at),
    )


def _wording(world: World, rng: np.random.Generator, code: np.ndarray) -> np.ndarray:
    """Return one of a code's wordings: the first two are English, the others Vietnamese."""
    vietnamese = rng.random(len(code)) < world.config.goods.vietnamese
    variant = 2 * vietnamese + rng.integers(0, 2, len(code))
    wording: np.ndarray = WORDINGS * code + variant
    return wording


def _manifest_words(
    world: World, rng: np.random.Generator, bills: Bills
) -> tuple[np.ndarray, np.ndarray]:
    size, goods = len(bills), world.goods
    hides = (bills.scheme == 3) | (bills.scheme == 5)
    share = np.where(hides, world.config.schemes.vague_words, world.config.goods.vague)
    vague = rng.random(size) < share
    words = _wording(world, rng, bills.commodity)
    empty_words = WORDINGS * len(goods) + rng.integers(0, goods.n_vague, size)
    words = np.where(vague, empty_words, words)
    missing = rng.random(size) < world.config.records.missing_description
    missing |= bills.cargo == EMPTY
    return np.where(missing, -1, words), (vague | missing) & (bills.cargo != EMPTY)


def _manifest_code(
    world: World, rng: np.random.Generator, bills: Bills, commodity: np.ndarray
) -> np.ndarray:
    """Return the manifest's code: the declared one, or the true one, or another, or none."""
    size, records = len(bills), world.config.records
    tells = rng.random(size) < world.config.schemes.telling_code
    code = np.where(tells, bills.commodity, commodity)
    wrong = rng.random(size) < records.code_errors
    code = np.where(wrong, world.goods.draw(rng.random(size)), code)
    missing = (rng.random(size) < records.missing_code) | (bills.cargo == EMPTY)
    return np.where(missing, -1, code)


def _declared_words(
    world: World, rng: np.random.Generator, bills: Bills, commodity: np.ndarray
) -> np.ndarray:
    tells = rng.random(len(bills)) < world.config.schemes.telling_words
    return _wording(world, rng, np.where(tells, bills.commodity, commodity))


def _preferences(
    world: World,
    rng: np.random.Generator,
    bills: Bills,
    routes: Routes,
    commodity: np.ndarray,
) -> np.ndarray:
    """Return the preference claimed: whoever may mostly does, a launderer always."""
    goods = world.goods
    pays = goods.preference[commodity] < goods.duty[commodity]
    claims = (rng.random(len(bills)) < 0.75) & pays & (bills.cargo != TRANSIT)
    claims |= bills.scheme == 4
    return np.where(claims, world.places.agreement[routes.origin], -1)


def _lodged(world: World, rng: np.random.Generator, routes: Routes) -> np.ndarray:
    """Return when the declaration is lodged: mostly between manifest and daily list."""
    records, size = world.config.records, len(routes.listed_at)
    span = routes.listed_at - routes.submitted_at
    between = routes.submitted_at + (rng.random(size) * 0.98 * span).astype(np.int64)
    wait = 2.0 + 24.0 * records.late_days * rng.standard_exponential(size)
    late = routes.listed_at + (wait * _HOUR).astype(np.int64)
    ahead = routes.submitted_at - (24.0 * rng.random(size) * _HOUR).astype(np.int64)
    lodged = np.where(rng.random(size) < records.declared_early, between, late)
    lodged = np.where(rng.random(size) < records.declared_ahead, ahead, lodged)
    # Seconds past the whole one keep lodging strictly after the manifest it follows.
    whole: np.ndarray = lodged - lodged % 1_000_000 + 1_000_000
    return whole
