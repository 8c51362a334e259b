"""The world is neither trivial nor hopeless, and its probabilities are honest."""

import numpy as np
import pytest

from riskml.datasets.simulation.engine import Lived
from riskml.datasets.simulation.inspection import CHANNELS, NO_TIME
from riskml.datasets.simulation.measures import Arrivals, recall_at
from riskml.datasets.simulation.parties import BAD
from riskml.datasets.simulation.week import Week
from riskml.datasets.simulation.world import World


def z_score(hits: np.ndarray, probability: np.ndarray) -> float:
    spread = np.sqrt((probability * (1 - probability)).sum())
    return float((hits.sum() - probability.sum()) / spread)


def test_violations_come_true_with_their_probability(year: Arrivals) -> None:
    assert abs(z_score(year.violation, year.probability)) < 4
    edges = np.quantile(year.probability, [0.5, 0.9, 0.99])
    for group in range(4):
        mine = np.searchsorted(edges, year.probability) == group
        assert abs(z_score(year.violation[mine], year.probability[mine])) < 4


def test_propensities_are_those_of_the_draw(year: Arrivals) -> None:
    # A systematic sample varies less than independent draws would.
    assert (year.propensity > 0).all()
    assert (year.propensity <= 1 + 1e-9).all()
    edges = np.quantile(year.propensity, [0.1, 0.25, 0.5, 0.75, 0.9, 0.99])
    for group in range(7):
        mine = np.searchsorted(edges, year.propensity) == group
        assert abs(z_score(year.selected[mine], year.propensity[mine])) < 4


def test_selection_tells_nothing_about_the_coin(year: Arrivals) -> None:
    """Given the true probability, selected arrivals are in violation as often as others."""
    chosen = year.where(year.selected)
    assert abs(z_score(chosen.violation, chosen.probability)) < 4


def test_inverse_propensities_recover_the_number_of_violations(year: Arrivals) -> None:
    chosen = year.where(year.selected)
    estimate = (chosen.probability / chosen.propensity).sum()
    spread = np.sqrt((chosen.probability**2 * (1 - chosen.propensity) / chosen.propensity**2).sum())
    assert abs(estimate - year.probability.sum()) < 4 * spread


def test_oracle_legacy_policy_and_chance_are_far_apart(year: Arrivals) -> None:
    oracle = recall_at(year.probability, year.probability, (0.05,))[0]
    legacy = (year.probability * year.propensity).sum() / year.probability.sum()
    chance = recall_at(np.random.default_rng(0).random(len(year.day)), year.probability, (0.05,))[0]
    rate = year.selected.mean()
    assert rate == pytest.approx(0.05, abs=0.003)
    assert 0.60 <= oracle <= 0.88
    assert 0.09 <= legacy <= 0.25
    assert chance == pytest.approx(0.05, abs=0.02)
    assert oracle > 3 * legacy > 5 * chance


def test_violations_are_rarer_among_arrivals_than_among_the_selected(year: Arrivals) -> None:
    base = year.probability.mean()
    assert 0.001 < base < 0.004
    # At this scale an office has a handful of fraudsters: from 1.9 to 2.7 times, by the seed.
    assert year.probability[year.selected].mean() > 1.6 * base


def test_few_bad_actors_hold_much_of_the_risk(weeks: list[Lived], world: World) -> None:
    importer = np.concatenate([w.week.bills.importer[w.week.loads.bill] for w in weeks])
    probability = np.concatenate([w.outcomes.probability for w in weeks])
    bad = world.importers.character[importer] == BAD
    assert bad.mean() < 0.05
    assert 0.3 < probability[bad].sum() / probability.sum() < 0.8


def test_every_scheme_leaves_its_sign(many: list[Week]) -> None:
    """Each sign is commoner under its scheme, but neither certain there nor unknown elsewhere."""
    follows = np.concatenate([week.bills.scheme for week in many])
    signs = {
        1: np.concatenate([_lowest_price(week) < -0.4 for week in many]),
        2: np.concatenate([_other_chapter(week) for week in many]),
        3: np.concatenate([_heavier(week) for week in many]),
        4: np.concatenate([week.routes.departure != week.routes.origin for week in many]),
        5: np.concatenate([week.routes.through_hub for week in many]),
    }
    for scheme, sign in signs.items():
        honest, guilty = sign[follows == 0].mean(), sign[follows == scheme].mean()
        assert 0.95 > guilty > 2 * honest > 0, scheme


def _lowest_price(week: Week) -> np.ndarray:
    lowest = np.full(len(week.bills), np.inf)
    np.minimum.at(lowest, week.lines.bill, week.lines.price_ratio)
    return lowest


def _other_chapter(week: Week) -> np.ndarray:
    manifest, declared = week.papers.manifest_code, week.papers.commodity
    return (manifest >= 0) & (manifest != declared)


def _heavier(week: Week) -> np.ndarray:
    loads = week.loads
    return loads.per_bill(loads.manifest_mass) > 1.1 * loads.per_bill(loads.declared_mass)


def test_channels_and_propensities_agree(weeks: list[Lived]) -> None:
    done = [w.inspections for w in weeks]
    channel = np.concatenate([d.channel for d in done])
    propensity = np.concatenate([d.propensity for d in done])
    share = (channel == CHANNELS.index("exploration")).mean()
    assert 0.1 < share < 0.3
    mandatory = propensity[channel == CHANNELS.index("mandatory")]
    assert (mandatory > 0.05).all()
    assert all((d.closed_at[d.opened] != NO_TIME).all() for d in done)
