"""Events arrive late, twice and out of order while scores are made: every score stays provable.

Each score says which events it had seen. Computed again from exactly these it has the same bits,
after a restart and a change of the model. Once all events are in, scores have the bits of the
batch code that training uses.
"""

import random
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from riskml.config import settings
from riskml.datasets import Tables
from riskml.ledger import Ledger, ScoreRecord
from riskml.scoring.batch import feature_arrays
from riskml.scoring.recompute import recompute
from serving.harness import running_server
from tests.integration.conftest import Service, ledger_url, make_keys
from tests.integration.test_service_harness import another_model, watermark
from tests.support.load import wait_for
from tests.support.service_world import as_sent, items_of, split_at, write_tables

pytestmark = [pytest.mark.integration, pytest.mark.slow]


STAGES = ("pre_arrival", "declaration")


@dataclass
class Told:
    """Identifiers of scores as they were answered, and what went wrong."""

    scores: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def send(service: Service, tables: Tables, seed: int, told: Told) -> None:
    """Send all rows in small parts: shuffled over the tables, a third of them twice."""
    dice = random.Random(seed)  # noqa: S311 - an order, no secret
    parts: list[tuple[str, str, list[dict[str, Any]]]] = []
    for name, route in (("inspections", "outcomes"), ("declarations", "events"),
                        ("manifests", "events")):  # fmt: skip
        frame = tables.require(name).sample(frac=1.0, random_state=seed)
        rows = [as_sent(name, row) for row in frame.to_dict("records")]
        parts += [(name, route, rows[n : n + 40]) for n in range(0, len(rows), 40)]
    parts += dice.sample(parts, len(parts) // 3)
    dice.shuffle(parts)
    with service.client() as client:
        for name, route, rows in parts:
            answer = client.post(f"/v1/{route}", json={name: rows})
            if answer.status_code != 200:
                told.failures.append(answer.text)


def ask(service: Service, stage: str, seed: int, told: Told, stop: threading.Event) -> None:
    rollup = service.world.rollup(stage)
    single = np.flatnonzero(np.bincount(rollup.owner) == 1) if stage == "pre_arrival" else None
    dice = np.random.default_rng(seed)
    with service.client() as client:
        while not stop.is_set():
            positions = dice.integers(0, len(rollup), 3) if single is None else (
                dice.choice(single, 3))  # fmt: skip
            answer = client.post("/v1/score", json={"consignments": items_of(rollup, positions)})
            if answer.status_code != 200:
                told.failures.append(answer.text)
                continue
            told.scores += [result["score_id"] for result in answer.json()["results"]]


def test_every_score_made_among_arriving_events_is_reproduced(
    make_home, service_world, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(*STAGES)
    middle = service_world.tables.manifests["submitted_at"].quantile(0.85)
    early, late = split_at(service_world.tables, middle)
    data = write_tables(early, home / "data")
    keys, told, stop = make_keys(home), Told(), threading.Event()
    with running_server(home, data=data, workers=2) as server:
        service = Service(server, home, service_world, keys)
        asking = [
            threading.Thread(target=ask, args=(service, stage, 1, told, stop)) for stage in STAGES
        ]
        sending = [
            threading.Thread(target=send, args=(service, late, seed, told)) for seed in (3, 4)
        ]
        for thread in (*asking, *sending):
            thread.start()
        for thread in sending:
            thread.join()
        stop.set()
        for thread in asking:
            thread.join()
        assert told.failures == []
        wait_for(lambda: lag(service) == 0, "all workers know all events")
        for stage in STAGES:
            assert_online_equals_offline(service, stage)
    # A model changes and the service starts again; what was answered must not care.
    champion = home / "champions" / "pre_arrival"
    kept = home / "champions" / ".pre_arrival" / "old"
    kept.parent.mkdir()
    champion.rename(kept)
    another_model(service_world).save(champion)
    with running_server(home, data=data) as server:
        Service(server, home, service_world, keys).score(
            items_of(service_world.rollup("pre_arrival"), [0])
        )
    monkeypatch.setenv("RISKML_HOME", str(home))
    monkeypatch.setenv("RISKML_HISTORY_DIR", str(data))
    settings.cache_clear()
    try:
        with Ledger.open(ledger_url(home)) as ledger:
            for record in over_watermarks(ledger, told, 8):
                again = recompute(record.score_id, ledger=ledger)
                assert again.ok, [c for c in again.comparisons if not c.same]
            assert ledger.verify().ok
    finally:
        settings.cache_clear()


def lag(service: Service) -> int:
    """Return how many events the slowest worker has not seen."""
    with service.ledger() as ledger:
        return ledger.watermark() - watermark(service)


def assert_online_equals_offline(service: Service, stage: str) -> None:
    """Compare a sample with the batch code that training uses, bit for bit."""
    rollup = service.world.rollup(stage)
    positions = np.linspace(0, len(rollup) - 1, 120).astype(int)
    if stage == "pre_arrival":  # an item carries one manifest row, not several
        positions = positions[np.bincount(rollup.owner)[positions] == 1]
    results = service.score(items_of(rollup, positions))
    bundle = service.world.bundles[stage]
    frame = service.world.frame(stage).iloc[positions].reset_index(drop=True)
    offline = bundle.encode(feature_arrays(bundle, frame))
    with service.ledger() as ledger:
        found = [ledger.score(result["score_id"]).features for result in results]
    assert b"".join(found) == np.ascontiguousarray(offline, "<f8").tobytes()


def over_watermarks(ledger: Ledger, told: Told, count: int) -> list[ScoreRecord]:
    """Choose scores of different states of history."""
    records = [ledger.score(score_id) for score_id in told.scores]
    assert None not in records
    records.sort(key=lambda record: (record.history_watermark, record.score_id))
    assert len({record.history_watermark for record in records}) > 5
    return [records[n] for n in np.linspace(0, len(records) - 1, count).astype(int)]
