"""The model report, from a small real bundle."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from riskml.bundle import Bundle
from riskml.evaluation.summary import Rows, summarise
from riskml.reports import model_wording
from riskml.reports.content import Estimate, Facts, Missing, Table
from riskml.reports.formatting import format_cell
from riskml.reports.html import render_html
from riskml.reports.model_page import model_numbers, model_report
from riskml.reports.text import render_text
from riskml.reports.wording import Message
from tests.support.tiny_bundle import random_columns, small_set, tiny_bundle

TODAY = date(2020, 10, 5)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    features = small_set()
    columns = random_columns(features, 400, seed=3)
    labels = (np.nan_to_num(columns["lead_time_hours"]) > 5).astype(np.float64)
    return tiny_bundle(features, columns, labels)


def judged(bundle: Bundle, **checks: str) -> Bundle:
    """Return the bundle with metrics as training writes them."""
    rng = np.random.default_rng(1)
    chance = rng.random(2000)
    labels = (rng.random(2000) < chance * 0.1).astype(np.float64)
    model = summarise(Rows.of(labels), chance, probabilities=chance * 0.1, resamples=50)
    metrics: dict[str, Any] = {
        "rows": 2000,
        "positives": int(labels.sum()),
        "base_rate": float(labels.mean()),
        "model": model,
        "checks": checks,
    }
    return replace(bundle, manifest=replace(bundle.manifest, metrics=metrics))


def test_it_says_how_good_the_model_was(bundle: Bundle) -> None:
    better = judged(bundle, RK001="ok", RK004="not_applicable")
    text = render_text(model_report(better, "en", TODAY))
    at = better.manifest.metrics["model"]["at"]["0.05"]
    assert f"{100 * at['hit_rate']['value']:.2f} % were violations" in text
    assert "nothing found" in text
    assert "could not be looked for" in text
    assert "not to be trusted" not in text
    assert better.manifest.model_digest in text


def test_a_leak_casts_doubt_on_the_figures(bundle: Bundle) -> None:
    text = render_text(model_report(judged(bundle, RK001="found", RK005="found"), "en", TODAY))
    assert "leaks into the data (RK001): these figures are not to be trusted" in text


def test_a_model_that_was_never_judged_says_so(bundle: Bundle) -> None:
    report = model_report(bundle, "en", TODAY)
    assert "was not judged on any later slice" in render_text(report)
    assert not any(section.title == "Ranking and calibration" for section in report.sections)


def test_every_feature_is_listed_with_its_sources(bundle: Bundle) -> None:
    report = model_report(bundle, "vi", TODAY)
    (table,) = [
        block
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Table) and len(block.rows) == len(bundle.feature_set.features)
    ]
    names = [row.cells[0] for row in table.rows]
    assert sorted(map(str, names)) == sorted(bundle.feature_set.names)
    assert names[0] == "lead_time_hours"
    assert table.rows[0].cells[1] == "Tiếng Việt của lead_time_hours"
    assert table.rows[0].cells[2] == "manifests.submitted_at, manifests.arrival_at"
    shares = [row.cells[3] for row in table.rows]
    assert sum(float(str(share)) for share in shares) == pytest.approx(1)


def test_where_it_comes_from(bundle: Bundle) -> None:
    manifest = replace(bundle.manifest, data_digests={"manifests": "ab" * 32}, notes=("A note",))
    report = model_report(replace(bundle, manifest=manifest), "en", TODAY)
    facts = [b for s in report.sections for b in s.blocks if isinstance(b, Facts)]
    assert dict(facts[0].items)["Table manifests, SHA-256"] == "ab" * 32
    assert dict(facts[0].items)["First decision"] == "1 January 2020"
    assert "A note" in render_text(report)


def test_it_renders_and_its_numbers_are_json(bundle: Bundle) -> None:
    html = render_html(model_report(judged(bundle), "vi", TODAY))
    assert "<svg" in html
    numbers = json.loads(json.dumps(model_numbers(judged(bundle)), allow_nan=False))
    assert numbers["explanations_by"] == "kernel"
    assert sum(numbers["gain"].values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("estimate", "kind", "expected"),
    [
        (Estimate(0.5, 0.25, 0.75), "estimated_share", "50.0 % (25.0 – 75.0 %)"),
        (Estimate(0.5), "estimated_share", "50.0 %"),
        (Estimate(2.5, 1.25, 3), "estimate", "2.5 (1.25 – 3)"),
        (Estimate(2.5, None, 3), "estimate", "2.5"),
        (Missing.NOT_APPLICABLE, "estimate", "n/a"),
    ],
)
def test_estimates_stand_with_their_bounds(estimate: Any, kind: Any, expected: str) -> None:
    assert format_cell(estimate, kind, "en") == expected


def test_long_tables_can_be_left_to_the_page(bundle: Bundle) -> None:
    report = model_report(bundle, "en", TODAY)
    assert "port_of_loading__hit_rate" in render_text(report)
    assert "port_of_loading__hit_rate" not in render_text(report, most_rows=3)


def test_the_wording_has_every_language() -> None:
    assert sum(isinstance(value, Message) for value in vars(model_wording).values()) > 35
