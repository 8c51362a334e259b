"""The real server under faults: killed, without a model, with a broken or a new one."""

import json
import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from riskml.ledger import Ledger
from serving.harness import running_server, start_server
from tests.integration.conftest import Service, ledger_url, make_keys
from tests.support.load import wait_for
from tests.support.service_world import another_model, items_of
from tests.support.watching import workers_of

pytestmark = pytest.mark.integration


def test_answered_scores_survive_a_kill(make_home, service_world) -> None:
    home = make_home("pre_arrival")
    keys = make_keys(home)
    rollup = service_world.rollup("pre_arrival")
    answered: list[str] = []
    server = start_server(home)
    try:
        server.wait_until_ready()
        service = Service(server, home, service_world, keys)
        ask = threading.Thread(target=_ask_until_gone, args=(service, rollup, answered))
        ask.start()
        while len(answered) < 60:
            time.sleep(0.01)
        server.kill()
        ask.join(timeout=60)
    finally:
        server.kill()
    with Ledger.open(ledger_url(home)) as ledger:
        missing = [score_id for score_id in answered if ledger.score(score_id) is None]
        assert missing == []
        assert len(answered) >= 60
        assert ledger.verify().ok


def _ask_until_gone(service: Service, rollup, answered: list[str]) -> None:
    with service.client() as client:
        for number in range(10_000):
            body = {"consignments": items_of(rollup, [number % 50, (number + 1) % 50])}
            try:
                results = client.post("/v1/score", json=body).json()["results"]
            except (httpx.HTTPError, ValueError):
                return
            answered += [result["score_id"] for result in results]


def test_without_a_model_answers_are_degraded_and_say_so(make_home, service_world) -> None:
    home = make_home("pre_arrival")
    keys = make_keys(home)
    with running_server(home) as server:
        service = Service(server, home, service_world, keys)
        (result,) = service.score(items_of(service_world.rollup("declaration"), [3]))
        assert result["degraded"] is True
        assert result["degraded_cause"] == "no_model"
        assert result["model"]["name"] == "rule-profile"
        assert 0 < result["probability"] < 1
        with service.client() as client:
            full = client.get(f"/v1/scores/{result['score_id']}").json()
        numbers = full["numbers"]
        assert full["degraded"] is True
        total = numbers["base_value"] + numbers["sum_of_contributions"]
        assert total == pytest.approx(numbers["raw_score"], abs=1e-9)
        (modelled,) = service.score(items_of(service_world.rollup("pre_arrival"), [3]))
        assert modelled["degraded"] is False


def test_an_old_history_degrades(make_home, service_world) -> None:
    home = make_home("pre_arrival")
    keys = make_keys(home)
    with running_server(home, environment={"RISKML_MAX_HISTORY_AGE_HOURS": "24"}) as server:
        service = Service(server, home, service_world, keys)
        item = items_of(service_world.rollup("pre_arrival"), [3])[0]
        (result,) = service.score([item])
        assert result["degraded_cause"] == "old_history"
        manifest = {**item["manifest"], "bill_no": "OTHER"}
        with service.client() as client:
            assert client.post("/v1/events", json={"manifests": [manifest]}).status_code == 200
        (result,) = service.score([item])
        assert result["degraded"] is False


def test_a_new_champion_is_taken_over_and_a_broken_one_refused(make_home, service_world) -> None:
    home = make_home("pre_arrival")
    keys = make_keys(home)
    champion = home / "champions" / "pre_arrival"
    old = service_world.bundles["pre_arrival"]
    other = another_model(service_world)
    rollup = service_world.rollup("pre_arrival")
    with running_server(home) as server:
        service = Service(server, home, service_world, keys)
        assert _digests(service, rollup) == {old.manifest.model_digest}
        seen: list[set[str]] = []
        failures: list[Exception] = []
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                try:
                    seen.append(_digests(service, rollup))
                except Exception as error:
                    failures.append(error)

        asking = threading.Thread(target=ask)
        asking.start()
        other.save(champion)
        wait_for(lambda: _model(service) == other.manifest.model_digest, "it is taken over")
        stop.set()
        asking.join()
        assert failures == []
        assert all(len(digests) == 1 for digests in seen)  # no answer mixes two models
        (champion / "booster.txt").write_text("tree\n")
        manifest = json.loads((champion / "manifest.json").read_text())
        (champion / "manifest.json").write_text(json.dumps({**manifest, "model_name": "forged"}))
        wait_for(lambda: "riskml_model_refused_total{" in _metrics(service), "it is refused")
        assert _digests(service, rollup) == {other.manifest.model_digest}
        shutil.rmtree(champion)
        time.sleep(1.5)
        assert _digests(service, rollup) == {other.manifest.model_digest}
        # A score of the model that left is still explained.
        with service.ledger() as ledger:
            first = ledger.scores_since(limit=1)[0]
        assert first.model_digest == old.manifest.model_digest
        with service.client() as client:
            full = client.get(f"/v1/scores/{first.score_id}").json()
        assert len(full["features"]) == len(old.feature_set.names)


def _digests(service: Service, rollup) -> set[str]:
    results = service.score(items_of(rollup, range(8)))
    return {result["model"]["digest"] for result in results}


def _model(service: Service) -> str:
    with service.client() as client:
        return str(client.get("/v1/model").json()["models"][0]["digest"])


def _metrics(service: Service) -> str:
    return httpx.get(service.server.url + "/metrics").text


def test_a_restart_replays_history(make_home, service_world) -> None:
    home = make_home("pre_arrival")
    keys = make_keys(home)
    item = items_of(service_world.rollup("pre_arrival"), [30])[0]
    rows = [items_of(service_world.rollup("pre_arrival"), [n])[0]["manifest"] for n in range(60)]
    with running_server(home) as server:
        service = Service(server, home, service_world, keys)
        with service.client() as client:
            assert client.post("/v1/events", json={"manifests": rows}).status_code == 200
        (before,) = service.score([item])
        server.kill()
    with running_server(home) as server:
        service = Service(server, home, service_world, keys)
        (after,) = service.score([item])
    assert before["raw_score"] == after["raw_score"]
    assert before["reasons"] == after["reasons"]
    with Ledger.open(ledger_url(home)) as ledger:
        first, second = (ledger.score(r["score_id"]) for r in (before, after))
        assert first.features == second.features
        assert first.history_watermark == second.history_watermark == 60
        # The graceful end of the second server signed where the chains end.
        assert not ledger.sign_heads(home / "keys")


def test_a_locked_ledger_answers_503_and_recovers(make_home, service_world) -> None:
    home = make_home("pre_arrival")
    keys = make_keys(home)
    items = items_of(service_world.rollup("pre_arrival"), [1])
    with running_server(home) as server:
        service = Service(server, home, service_world, keys)
        service.score(items)
        database = home / "ledger.db"
        with service.ledger() as ledger:
            before = ledger.count_scores()
        with _write_lock(database):
            with service.client() as client:
                answer = client.post("/v1/score", json={"consignments": items})
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
            assert answer.json()["error"]["code"] == "ledger_unavailable"
        service.score(items)
        with service.ledger() as ledger:
            assert ledger.count_scores() == before + 1


@contextmanager
def _write_lock(path: Path) -> Iterator[None]:
    """Hold SQLite's write lock, as a stuck process would."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def test_two_workers_share_a_history_and_outlive_a_killed_one(make_home, service_world) -> None:
    home = make_home("pre_arrival")
    keys = make_keys(home)
    rollup = service_world.rollup("pre_arrival")
    manifest = items_of(rollup, [0])[0]["manifest"]
    keyed = {"stage": "pre_arrival", "bill_no": manifest["bill_no"],
             "container_no": manifest["container_no"]}  # fmt: skip
    with running_server(home, workers=2) as server:
        service = Service(server, home, service_world, keys)
        wait_for(lambda: len(workers_of(server)) == 2, "both workers are ready")
        with service.client() as client:
            assert client.post("/v1/events", json={"manifests": [manifest]}).status_code == 200
        time.sleep(1.0)
        # A fresh connection each: both workers get some, and both know the event by now.
        found = [service.score([keyed])[0] for _ in range(20)]
        assert all("score_id" in result for result in found), found
        with service.ledger() as ledger:
            writers = {chain.writer for chain in ledger.verify().chains if chain.table == "scores"}
        killed = workers_of(server)[0]
        os.kill(killed, signal.SIGKILL)
        # Its number is taken until the supervisor has noticed; left alone it looks every 10 s.
        entry = Path(f"/proc/{killed}")
        wait_for(lambda: not entry.exists(), "its death is noticed", timeout=4.0)
        answered = []
        for _ in range(20):
            with suppress(httpx.TransportError):
                answered += [r["score_id"] for r in service.score(items_of(rollup, [3, 4]))]
        wait_for(lambda: len(workers_of(server)) == 2, "both workers are ready")
    assert len(writers) <= 2
    assert answered
    with Ledger.open(ledger_url(home)) as ledger:
        assert all(ledger.score(score_id) is not None for score_id in answered)
        assert ledger.verify().ok
