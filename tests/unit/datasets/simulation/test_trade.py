"""What trade is made of: goods, prices, routes, seasons, parties, words, and how risk drifts."""

from datetime import date

import numpy as np
import pytest

from riskml.datasets.simulation import build_config, load_config
from riskml.datasets.simulation.bills import AIR, SEA
from riskml.datasets.simulation.calendar import build_calendar, day_number
from riskml.datasets.simulation.engine import Lived
from riskml.datasets.simulation.goods import WORDINGS
from riskml.datasets.simulation.inspection import inspect
from riskml.datasets.simulation.parties import BAD, HONEST
from riskml.datasets.simulation.sampling import Draw
from riskml.datasets.simulation.text import choice
from riskml.datasets.simulation.week import Week
from riskml.datasets.simulation.world import World, build_world


def test_five_thousand_codes_have_tariff_price_and_dispersion_by_origin(world: World) -> None:
    goods = world.goods
    codes = choice(np.arange(len(goods)), goods.codes).to_pylist()
    assert len(set(codes)) == len(goods) == 5000
    assert all(len(code) == 8 and code.isdigit() for code in codes)
    assert len(np.unique(goods.duty)) > 10
    assert ((goods.preference >= 0) & (goods.preference <= goods.duty)).all()
    assert (goods.preference < goods.duty).mean() > 0.5
    assert np.log(goods.price).std() > 0.5
    assert goods.dispersion.min() >= 0.12
    assert goods.dispersion.max() <= 0.4
    assert goods.dispersion.std() > 0.05
    # A code costs more from one origin than from another, over what the country explains.
    own = goods.log_price - np.log(goods.price)[:, None] - world.places.price
    assert own.std() == pytest.approx(0.12, rel=0.05)


def test_seasons_and_growth_move_the_volume() -> None:
    calendar, volume = build_calendar(load_config(), 1.0), load_config().volume

    def month(year: int, number: int) -> float:
        first = day_number(date(year, number, 1))
        return float(calendar.expected(np.arange(first, first + 28)).sum())

    assert month(2021, 11) / month(2021, 4) == pytest.approx(
        volume.months[10] / volume.months[3] * (1 + volume.growth) ** (214 / 365.25), rel=0.01
    )
    assert month(2021, 6) / month(2020, 6) == pytest.approx(1 + volume.growth, rel=0.01)
    sunday = day_number(date(2021, 6, 6))
    assert calendar.expected(np.array([sunday]))[0] < calendar.expected(np.array([sunday + 1]))[0]


def test_goods_come_by_routes_of_their_country_some_of_them_over_a_hub(many: list[Week]) -> None:
    for week in many[:2]:
        bills, routes = week.bills, week.routes
        honest = bills.scheme == 0
        straight = routes.departure == routes.origin
        assert 0.85 < straight[honest].mean() < 1.0
        assert (routes.loading[(bills.mode == SEA) | (bills.mode == AIR)] >= 0).all()
        assert (routes.loading[(bills.mode != SEA) & (bills.mode != AIR)] == -1).all()
        assert (routes.hub[bills.mode != SEA] == -1).all()
        assert 0.05 < routes.through_hub[bills.mode == SEA].mean() < 0.4
        # Farther countries hand in their manifests longer ahead.
        lead = routes.arrival_at - routes.submitted_at
        assert np.median(lead[bills.mode == SEA]) > 5 * np.median(lead[bills.mode == AIR])


def test_fraudsters_prefer_some_brokers_and_shippers(world: World) -> None:
    big = build_world(load_config(), 1.0, 3)
    importers, parties = big.importers, big.config.parties
    dubious = importers.broker >= parties.brokers * (1 - parties.dubious_brokers)
    bad = importers.character == BAD
    assert dubious[bad].mean() > 0.25 > 3 * dubious[importers.character == HONEST].mean()
    rank = importers.shipper[:, 0] - big.shippers.start[importers.origin[:, 0]]
    place = rank / np.diff(big.shippers.start)[importers.origin[:, 0]]
    assert np.median(place[bad]) > 2 * np.median(place[~bad])


def test_carriers_serve_their_mode_with_their_own_vessels_and_prefixes(many: list[Week]) -> None:
    week = many[0]
    by_mode = [set(week.routes.carrier[week.bills.mode == mode]) for mode in (SEA, AIR)]
    assert all(len(carriers) > 2 for carriers in by_mode)
    assert not by_mode[0] & by_mode[1]
    leader = week.routes.sharing[week.loads.bill]
    np.testing.assert_array_equal(week.loads.fleet, week.routes.carrier[leader])
    assert (week.routes.vessel[week.bills.mode != SEA] == -1).all()


def test_masses_disagree_innocently_as_well_as_guiltily(many: list[Week]) -> None:
    ratio = [w.loads.per_bill(w.loads.manifest_mass) / w.loads.per_bill(w.loads.declared_mass)
             for w in many]  # fmt: skip
    over = np.concatenate(ratio) > 1.1
    scheme = np.concatenate([week.bills.scheme for week in many])
    assert 0.003 < over[scheme == 0].mean() < 0.05
    assert over[scheme == 3].mean() > 0.5
    # Most of those that disagree are innocent all the same: the sign alone convicts nobody.
    assert (scheme[over] == 0).mean() > 0.5


def test_each_type_of_violation_has_its_own_severity_and_revenue(
    world: World, weeks: list[Lived]
) -> None:
    kinds, severity, revenue = [], [], []
    for lived in weeks:
        size = len(lived.week.loads)
        everything = Draw(np.ones(size), np.zeros(size), np.ones(size, dtype=bool))
        guilty = lived.outcomes.violation
        done = inspect(world, lived.week, everything, ~guilty, lived.outcomes, 0.0)
        kinds.append(lived.outcomes.kind[done.found])
        severity.append(done.severity[done.found])
        revenue.append(lived.outcomes.revenue[guilty])
        assert ((lived.outcomes.kind > 0) == guilty).all()
        assert (lived.outcomes.revenue[~guilty] == 0).all()
    kind, level = np.concatenate(kinds), np.concatenate(severity)
    assert set(kind) == {1, 2, 3, 4, 5}
    means = [level[kind == k].mean() for k in range(1, 6)]
    expected = [scheme.severity for scheme in world.config.schemes.kinds]
    np.testing.assert_allclose(means, expected, atol=0.8)
    assert (np.concatenate(revenue) >= 100).all()


def test_descriptions_have_wordings_in_both_languages(world: World) -> None:
    words = choice(np.arange(4 * WORDINGS), world.goods.words).to_pylist()
    for first in range(0, len(words), WORDINGS):
        english, lower, vietnamese, plain = words[first : first + WORDINGS]
        assert english.isascii()
        assert english.isupper()
        assert lower != english
        assert lower.split(",")[0].upper() in english
        assert not vietnamese.isascii()
        assert plain.isascii()


def test_risk_drifts_over_the_years() -> None:
    config = build_config({"risk": {"drift_spread": 0.4}})
    swing = build_world(config, 0.05, 3).effects.chapter_swing
    chapters = np.arange(len(swing.amplitude))
    now, soon, later = (
        swing.at(chapters, np.full(len(chapters), day)) for day in (18_000, 18_014, 18_365)
    )
    assert np.abs(later - now).mean() > 4 * np.abs(soon - now).mean() > 0
    assert now.std() == pytest.approx(0.4, rel=0.4)
