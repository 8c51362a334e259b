"""Global views: known models give known answers; every frame can be drawn."""

import io

import numpy as np
import pandas as pd
import pytest

from riskml.errors import UsageError
from riskml.explanation.plots import (
    plot_dependence,
    plot_interaction,
    plot_stability,
    plot_summary,
)
from riskml.explanation.views import dependence, interaction, stability, summary
from tests.support.tiny_bundle import random_columns, small_set

FEATURES = small_set()
NAMES = FEATURES.names
ROWS = 600


@pytest.fixture
def columns() -> dict[str, np.ndarray]:
    return random_columns(FEATURES, ROWS, 3)


def contributions(**of: np.ndarray) -> np.ndarray:
    matrix = np.zeros((ROWS, len(NAMES)))
    for name, values in of.items():
        matrix[:, NAMES.index(name)] = values
    return matrix


def test_the_summary_ranks_by_strength_and_adds_up() -> None:
    signs = np.where(np.arange(ROWS) % 2, 1.0, -1.0)
    matrix = contributions(**{NAMES[0]: 3 * signs, NAMES[2]: signs})
    frame = summary(FEATURES, matrix)
    assert frame["name"].tolist()[:2] == [NAMES[0], NAMES[2]]
    assert frame["mean_abs"].tolist()[:2] == [3.0, 1.0]
    assert frame["share"].sum() == pytest.approx(1)
    assert (frame["q05"].iloc[0], frame["q95"].iloc[0]) == (-3.0, 3.0)
    by_code = summary(FEATURES, matrix, by="code")
    assert by_code["name"].is_unique
    assert by_code["mean_abs"].iloc[0] == 3.0


def test_dependence_follows_a_known_curve(columns) -> None:
    values = columns[NAMES[1]]
    missing = np.isnan(values.astype(float))
    effect = np.where(missing, -5.0, 2.0 * np.nan_to_num(values.astype(float)))
    frame = dependence(FEATURES, contributions(**{NAMES[1]: effect}), columns, NAMES[1])
    assert frame["rows"].sum() == ROWS
    assert frame["bin"].iloc[-1] == "missing"
    assert frame["mean"].iloc[-1] == -5.0
    known = frame.iloc[:-1]
    assert known["q50"].is_monotonic_increasing
    for row in known.itertuples():
        assert 2 * row.low - 1e-9 <= row.q10 <= row.q90 <= 2 * row.high + 1e-9


def test_dependence_of_a_category_names_it(columns) -> None:
    name = next(f.name for f in FEATURES.features if f.kind == "category")
    effect = np.where(columns[name] == "LCL", 1.0, 0.0)
    frame = dependence(FEATURES, contributions(**{name: effect}), columns, name)
    assert frame.set_index("bin")["mean"]["LCL"] == 1.0
    assert frame.set_index("bin")["mean"]["FCL"] == 0.0


def test_an_additive_model_has_no_interaction_and_a_product_has(columns) -> None:
    first = np.nan_to_num(columns[NAMES[0]].astype(float))
    second = np.nan_to_num(columns[NAMES[1]].astype(float))
    columns = {**columns, NAMES[0]: np.sign(first - np.median(first)), NAMES[1]: np.sign(
        second - np.median(second))}  # fmt: skip
    alone = contributions(**{NAMES[0]: columns[NAMES[0]]})
    assert interaction(FEATURES, alone, columns, *NAMES[:2])["strength"].iloc[0] == 0.0
    both = contributions(**{NAMES[0]: columns[NAMES[0]] * columns[NAMES[1]]})
    assert interaction(FEATURES, both, columns, *NAMES[:2])["strength"].iloc[0] > 0.99


def test_stability_sees_a_change_of_reasons() -> None:
    times = pd.Series(pd.date_range("2026-01-01", periods=ROWS, freq="6h", tz="UTC"))
    months = times.dt.month.to_numpy()
    early = contributions(
        **{NAMES[0]: np.where(months <= 3, 1.0, 0.0), NAMES[4]: np.full(ROWS, 0.1)}
    )
    late = contributions(**{NAMES[2]: np.where(months > 3, 1.0, 0.0)})
    frame = stability(FEATURES, early + late, times, top=2)
    shares = frame.pivot_table(index="period", columns="code", values="share")
    assert shares["R-PARTY-HISTORY"].tolist()[:3] == [1.0, 1.0, 1.0]
    assert shares["R-PARTY-HISTORY"].iloc[-1] == 0.0
    correlation = frame.groupby("period")["rank_correlation"].first()
    assert np.isnan(correlation.iloc[0])
    assert correlation.iloc[1] == pytest.approx(1.0)
    assert correlation.iloc[3] < 0.9
    assert frame["rows"].sum() == ROWS * frame["code"].nunique()


def test_wrong_calls_are_named(columns) -> None:
    with pytest.raises(UsageError, match="no feature 'nothing'"):
        dependence(FEATURES, contributions(), columns, "nothing")
    with pytest.raises(UsageError, match="without the base value"):
        summary(FEATURES, np.zeros((3, len(NAMES) + 1)))


def test_nothing_to_see_is_an_empty_view() -> None:
    empty = np.zeros((0, len(NAMES)))
    assert summary(FEATURES, empty)["mean_abs"].sum() == 0
    times = pd.Series(pd.DatetimeIndex([], tz="UTC"))
    assert len(stability(FEATURES, empty, times)) == 0


@pytest.mark.slow
def test_every_view_can_be_drawn(columns) -> None:
    matrix = np.random.default_rng(1).normal(size=(ROWS, len(NAMES)))
    times = pd.Series(pd.date_range("2026-01-01", periods=ROWS, freq="6h", tz="UTC"))
    figures = [
        plot_summary(summary(FEATURES, matrix, by="code")),
        plot_dependence(dependence(FEATURES, matrix, columns, NAMES[0])),
        plot_interaction(interaction(FEATURES, matrix, columns, *NAMES[:2])),
        plot_stability(stability(FEATURES, matrix, times)),
    ]
    for figure in figures:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        assert buffer.getvalue().startswith(b"\x89PNG")
        assert len(figure.axes[0].get_children()) > 10
