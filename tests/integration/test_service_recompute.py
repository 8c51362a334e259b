"""A score of the real server, computed again from the ledger in another process's stead."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from riskml.config import settings
from riskml.errors import LedgerError
from riskml.reports.decision import decision_report
from riskml.reports.decision_facts import gather
from riskml.reports.text import render_text
from riskml.scoring.recompute import recompute
from tests.support.service_world import items_of

pytestmark = pytest.mark.integration


@pytest.fixture
def at_home(service, monkeypatch: pytest.MonkeyPatch):
    """Let the library work in the service's folder."""
    monkeypatch.setenv("RISKML_HOME", str(service.home))
    monkeypatch.setenv("RISKML_HISTORY_DIR", str(service.home / "data"))
    settings.cache_clear()
    yield service
    settings.cache_clear()


@pytest.mark.parametrize("stage", ["pre_arrival", "declaration"])
def test_scores_are_reproduced_bit_for_bit(at_home, stage: str) -> None:
    rollup = at_home.world.rollup(stage)
    positions = np.linspace(0, len(rollup) - 1, 4).astype(int)
    for result in at_home.score(items_of(rollup, positions)):
        again = recompute(result["score_id"])
        assert again.ok, [c for c in again.comparisons if not c.same]
        assert {c.what for c in again.comparisons} >= {"features", "raw score", "probability"}


def test_a_score_of_known_events_is_reproduced_too(at_home) -> None:
    head = at_home.world.rollup("declaration").consignments.iloc[-1]
    item = {"stage": "declaration", "declaration_id": head.declaration_id}
    (result,) = at_home.score([item])
    again = recompute(result["score_id"])
    assert again.ok, [c for c in again.comparisons if not c.same]


def test_later_events_do_not_matter_and_a_changed_record_shows(at_home) -> None:
    rollup = at_home.world.rollup("pre_arrival")
    item = items_of(rollup, [len(rollup) - 1], timed=False)[0]
    (result,) = at_home.score([item])
    score_id = result["score_id"]
    # After the world's last decision, before this one: it would count if it had been there.
    after = {"submitted_at": "2023-06-01T00:00:00Z", "recorded_at": "2023-06-01T00:00:00Z"}
    later = {**item["manifest"], **after, "bill_no": "LATER"}
    with at_home.client() as client:
        client.post("/v1/events", json={"manifests": [later]})
    assert recompute(score_id).ok
    with at_home.ledger() as ledger:
        record = ledger.score(score_id)
    forged = _Forged(record, at_home)
    again = recompute(score_id, ledger=forged)
    assert not again.ok
    assert "raw score" in {c.what for c in again.comparisons if not c.same}


class _Forged:
    """A ledger whose copy of one score says something else."""

    def __init__(self, record, service) -> None:
        self._record = replace(record, raw_score=record.raw_score + 1e-12)
        self._service = service

    def score(self, _score_id: str):
        return self._record

    def events_after(self, seq: int, limit: int):
        with self._service.ledger() as ledger:
            return ledger.events_after(seq, limit)


def test_an_unknown_score_is_one_clear_error(at_home) -> None:
    with pytest.raises(LedgerError, match="no score"):
        recompute("01a209e1-e9dc-7b89-ad5d-1b3d90812ff3")


@pytest.mark.parametrize("stage", ["pre_arrival", "declaration"])
def test_the_decision_report_tells_and_proves_it(at_home, stage: str) -> None:
    rollup = at_home.world.rollup(stage)
    (result,) = at_home.score(items_of(rollup, [len(rollup) - 2]))
    with at_home.ledger() as ledger:
        decision = gather(ledger, result["score_id"])
    assert decision.recomputation is not None
    assert decision.recomputation.ok
    assert decision.proof.intact
    assert decision.similar is not None
    text = render_text(decision_report(decision, "en", date(2026, 1, 1)))
    assert "Computed again from the recorded events: the same." in text
    for reason in result["reasons"]:
        assert reason["text_en"] in text
