"""Real servers on SQLite and PostgreSQL under load: killed, cut off, filled up, overrun.

Each proof has a short form for ``make test`` and a long one for ``make test-full``.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from riskml.ledger import Ledger, back_up, restore
from serving.harness import Server, running_server
from tests.integration.conftest import Service, ledger_url, make_keys
from tests.support import postgres
from tests.support.load import Load, asking, wait_for
from tests.support.service_world import another_model, items_of
from tests.support.watching import log_of, workers_of

pytestmark = [pytest.mark.integration, pytest.mark.slow]

BACKENDS = ("sqlite", "postgresql")


def times(short: int, long: int) -> Any:
    """Run a proof in its short and its long form."""
    forms = [pytest.param(short, id="short")]
    forms.append(pytest.param(long, id="long", marks=pytest.mark.full))
    return forms


@pytest.fixture(scope="module")
def database_server() -> Iterator[Any]:
    with postgres.running_server() as running:
        yield running


Start = Callable[..., Any]


@pytest.fixture
def start(make_home, service_world, request) -> Start:
    """Run a service on either database; ``environment`` and ``workers`` as the harness has them."""

    @contextmanager
    def run(backend: str, workers: int = 1, database: str = "", **environment: str) -> Any:
        home = make_home("pre_arrival")
        if backend == "postgresql" and not database:
            database = postgres.make_database(request.getfixturevalue("database_server"))
        database = database or ledger_url(home)
        keys = make_keys(home, database)
        environment["RISKML_DATABASE_URL"] = database
        with running_server(home, workers=workers, environment=environment) as server:
            wait_for(lambda: len(workers_of(server)) == workers, "all workers are ready")
            yield Service(server, home, service_world, keys, database)

    return run


def load_of(service: Service, size: int = 2) -> Load:
    rollup = service.world.rollup("pre_arrival")
    return Load(service.client, items_of(rollup, range(60)), size=size)


def assert_nothing_lost(load: Load, database: str) -> None:
    """Every answered score is in the ledger, once, and every chain holds."""
    with Ledger.open(database) as ledger:
        stored = {record.score_id: record for record in ledger.scores_since()}
        by_key: dict[str | None, int] = {}
        for record in stored.values():
            by_key[record.idempotency_key] = by_key.get(record.idempotency_key, 0) + 1
        for sent in load.answered:
            for result in sent.results:
                assert stored[result["score_id"]].probability == result["probability"]
            assert by_key[sent.key] == len(sent.results)
        asked = {sent.key for sent in load.sent}
        assert set(by_key) <= asked
        assert set(by_key.values()) <= {2}  # a request is recorded whole, or not at all
        assert ledger.verify().ok


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kills", times(2, 50))
def test_workers_killed_under_load(start: Start, backend: str, kills: int) -> None:
    dice = random.Random(kills)  # noqa: S311 - where to strike, no secret
    with start(backend, workers=2) as service:
        load = load_of(service)
        rows = [item["manifest"] for item in items_of(service.world.rollup("pre_arrival"),
                                                      range(60, 60 + 2 * kills))]  # fmt: skip
        with asking(load, threads=3), service.client() as engine:
            for kill in range(kills):
                before = len(load.answered)
                wait_for(lambda least=before + 5: len(load.answered) > least, "answers come")
                victim = dice.choice(workers_of(service.server))
                time.sleep(dice.random() * 0.05)
                os.kill(victim, signal.SIGKILL)
                send_until_told(engine, rows[2 * kill : 2 * kill + 2])
                wait_for(lambda: len(workers_of(service.server)) == 2, "the worker is back")
        assert set(load.statuses) <= {200, 503, 0}
        assert all(sent.retry_after for sent in load.sent if sent.status == 503)
        lost = [sent for sent in load.sent if sent.status != 200]
        with service.client() as engine:
            for sent in lost:  # asked again, a request whose answer was lost is answered once
                load.ask(engine, sent)
                first = sent.score_ids
                load.ask(engine, sent)
                assert sent.status == 200
                assert sent.score_ids == first
            wait_for(lambda: watermark(service) == len(rows), "all workers know all events")
        assert set(load.statuses) == {200}
        with service.ledger() as ledger:
            assert ledger.watermark() == len(rows)
    assert_nothing_lost(load, service.database)


def send_until_told(engine: httpx.Client, rows: list[dict[str, Any]]) -> None:
    """Send events as a client does: again until there is an answer."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            answer = engine.post("/v1/events", json={"manifests": rows})
        except httpx.TransportError:
            continue
        if answer.status_code == 200:
            assert {r["status"] for r in answer.json()["results"]} <= {"new", "duplicate"}
            return
    raise AssertionError("the events were never taken")


def watermark(service: Service) -> int:
    """Return the last event that every worker's history holds."""
    return int(metric(service, "riskml_history_watermark"))


def metric(service: Service, name: str) -> float:
    text = httpx.get(service.server.url + "/metrics", timeout=60).text
    lines = [line.split() for line in text.splitlines()]
    return sum(float(line[-1]) for line in lines if line and line[0].split("{")[0] == name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_polite_stop_answers_what_it_took(start: Start, backend: str) -> None:
    with start(backend, workers=2) as service:
        load = load_of(service)
        with asking(load, threads=3):
            wait_for(lambda: len(load.answered) > 30, "answers come")
            assert service.server.stop() == 0
    assert set(load.statuses) <= {200, 0}
    assert_nothing_lost(load, service.database)
    with Ledger.open(service.database) as ledger:
        written = {record.idempotency_key for record in ledger.scores_since()}
        assert written == {sent.key for sent in load.answered}
        # Where the chains end was signed on the way out.
        assert not ledger.sign_heads(service.home / "keys")


@pytest.mark.parametrize("seconds", times(3, 20))
def test_the_database_stops_and_comes_back(start: Start, seconds: int) -> None:
    with postgres.running_server() as own, start(
        "postgresql", database=postgres.make_database(own)
    ) as service:  # fmt: skip
        before = workers_of(service.server)
        load = load_of(service)
        with asking(load, threads=3, pause=0.02):
            wait_for(lambda: len(load.answered) > 20, "answers come")
            own.stop()
            down = len(load.sent)
            time.sleep(seconds)
            refused = [sent for sent in load.sent[down + 3 :] if sent.status]
            own.start()
            answered = len(load.answered)
            wait_for(lambda: len(load.answered) > answered + 20, "answers come again")
        assert {sent.status for sent in refused} == {503}
        assert all(sent.retry_after for sent in refused)
        assert set(load.statuses) <= {200, 503}
        assert workers_of(service.server) == before  # nothing had to be restarted
        for sent in load.sent:  # what may have been written without an answer is found by its key
            if sent.status == 503:
                with service.client() as engine:
                    load.ask(engine, sent)
                break
        # The service has to end before its database does.
        service.server.stop()
        assert_nothing_lost(load, service.database)


@pytest.mark.parametrize("rounds", times(1, 10))
def test_a_full_disk_refuses_and_resumes(start: Start, tmp_path: Path, rounds: int) -> None:
    with small_disk(tmp_path / "disk") as disk:
        database = f"sqlite:///{disk / 'ledger.db'}"
        with start("sqlite", database=database) as service:
            load = load_of(service)
            with asking(load, threads=2):
                for _ in range(rounds):
                    answered = len(load.answered)
                    wait_for(lambda least=answered + 10: len(load.answered) > least, "answers")
                    fill(disk / "filler")
                    wait_for(lambda: load.statuses[503] and load.sent[-3].status == 503, "503")
                    assert httpx.get(service.server.url + "/livez").status_code == 200
                    (disk / "filler").unlink()
            assert set(load.statuses) == {200, 503}
            assert all(sent.retry_after for sent in load.sent if sent.status == 503)
        assert_nothing_lost(load, database)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of a few megabytes."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


@pytest.mark.parametrize("events", times(10, 200))
def test_four_workers_on_one_postgresql_converge(start: Start, events: int) -> None:
    with start("postgresql", workers=4) as service:
        rollup = service.world.rollup("pre_arrival")
        items = items_of(rollup, range(events))
        load = load_of(service)
        with asking(load, threads=4), service.client() as engine:
            for number, item in enumerate(items, start=1):
                answer = engine.post("/v1/events", json={"manifests": [item["manifest"]]})
                assert answer.status_code == 200
                if number % 10 == 0:
                    wait_for(lambda seq=number: watermark(service) >= seq, "histories converge")
        probe = items_of(rollup, [events + 1])
        answers = [service.score(probe)[0] for _ in range(24)]  # a connection each: all workers
        assert len({(a["raw_score"], a["probability"]) for a in answers}) == 1
        with service.ledger() as ledger:
            records = [ledger.score(answer["score_id"]) for answer in answers]
            assert {record.history_watermark for record in records} == {events}
            assert len({record.features for record in records}) == 1
            writers = {c.writer for c in ledger.verify().chains if c.table == "scores"}
            assert len(writers) > 1
            extra = {record.idempotency_key for record in records}
            assert extra == {None}
            assert ledger.verify().ok
    assert set(load.statuses) == {200}


@pytest.mark.alone
@pytest.mark.parametrize("seconds", times(4, 60))
def test_overload_is_turned_away_quickly(start: Start, seconds: int) -> None:
    limits = {"RISKML_MAX_REQUESTS": "4", "RISKML_SCORE_THREADS": "1"}
    with start("sqlite", **limits) as service:
        busy = load_of(service, size=40)
        with asking(busy, threads=4):
            time.sleep(seconds)
        (worker,) = workers_of(service.server)
        memory = resident(worker)
        over = load_of(service, size=40)
        with asking(over, threads=20):
            time.sleep(seconds)
        grown = resident(worker) / memory
        accepted = sorted(sent.seconds for sent in over.answered)
        shed = sorted(sent.seconds for sent in over.sent if sent.status == 503)
        normal = sorted(sent.seconds for sent in busy.answered)
        assert set(busy.statuses) == {200}
        assert set(over.statuses) == {200, 503}
        assert all(sent.retry_after for sent in over.sent if sent.status == 503)
        assert len(shed) > len(accepted)
        assert shed[len(shed) // 2] < accepted[len(accepted) // 2]
        # Who is let in waits for no more than four others, however many knock.
        assert accepted[len(accepted) // 2] < 5 * normal[len(normal) // 2]
        assert grown < 1.5
        calm = load_of(service)
        with asking(calm, threads=1):
            wait_for(lambda: len(calm.answered) > 10, "answers come again")
        assert set(calm.statuses) == {200}
        assert metric(service, "riskml_requests_shed_total") == len(shed)


def resident(process: int) -> int:
    """Return the memory a process holds, in bytes."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_restore_is_rehearsed(start: Start, tmp_path: Path, request, backend: str) -> None:
    path = tmp_path / "backup"
    with start(backend) as service:
        load = load_of(service)
        with asking(load, threads=2), service.ledger() as ledger:
            wait_for(lambda: len(load.answered) > 30, "answers come")
            before = load.answered
            back_up(ledger, path, key_folder=service.home / "keys")
            count = len(load.answered)
            wait_for(lambda: len(load.answered) > count, "the service goes on")
    target = f"sqlite:///{tmp_path / 'restored' / 'ledger.db'}"
    if backend == "postgresql":
        target = postgres.make_database(request.getfixturevalue("database_server"))
    restore(target, path)
    environment = {"RISKML_DATABASE_URL": target}
    with running_server(service.home, environment=environment) as server:
        again = Service(server, service.home, service.world, service.keys, target)
        with again.client() as engine:
            for sent in before[:: max(1, len(before) // 10)]:
                for result in sent.results:
                    full = engine.get(f"/v1/scores/{result['score_id']}").json()
                    assert full["numbers"]["probability"] == result["probability"]
                first = sent.score_ids
                Load(again.client, [""]).ask(engine, sent)  # its answer is remembered, too
                assert sent.score_ids == first
        again.score(items_of(service.world.rollup("pre_arrival"), [5]))
    with Ledger.open(target) as ledger:
        kept = {record.score_id for record in ledger.scores_since()}
        assert {score_id for sent in before for score_id in sent.score_ids} <= kept
        assert ledger.verify().ok


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("swaps", times(2, 20))
def test_models_swapped_under_load(start: Start, service_world, backend: str, swaps: int) -> None:
    one = service_world.bundles["pre_arrival"]
    other = another_model(service_world)
    with start(backend, workers=2, RISKML_MODEL_POLL_SECONDS="0.2") as service:
        champion = service.home / "champions" / "pre_arrival"
        load = load_of(service, size=8)
        with asking(load, threads=3):
            for swap in range(swaps):
                new = (one, other)[(swap + 1) % 2]
                new.save(champion)
                done = 2 * (swap + 1)
                wait_for(lambda n=done: served(service.server) >= n + 2, "both workers took it")
        assert set(load.statuses) == {200}
        digests = [{r["model"]["digest"] for r in sent.results} for sent in load.answered]
        assert all(len(each) == 1 for each in digests)
        assert set.union(*digests) == {one.manifest.model_digest, other.manifest.model_digest}
        with service.ledger() as ledger:
            assert ledger.verify().ok


def served(server: Server) -> int:
    """Return how often a worker said that a model serves."""
    return sum(1 for line in log_of(server) if line["event"] == "model_serves")
