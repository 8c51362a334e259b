"""The scoring service over HTTP against an idle endpoint and the services most would write.

``python -m benchmarks.serving`` starts every contender on loopback, asks them in turn over one
kept connection, and prints ratios; seconds are context only. Ours gets consignments, looks up
their features in history, scores, explains, and answers when the ledger holds the score; the
others get ready-made features, but for one: the usual service with a look-up of its own, which
gets the same consignments as ours (:mod:`benchmarks.serving_lookup`).
"""

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

from benchmarks.serving_bodies import BODIES, consignments, encoded, features_of, named
from riskml.bundle import Bundle
from riskml.datasets import Tables
from riskml.ledger import Ledger
from serving.harness import ROOT, free_port, running_server
from tests.support.postgres import make_database
from tests.support.postgres import running_server as running_postgresql
from tests.support.service_world import (
    ServiceWorld,
    draw_tables,
    train,
    write_tables,
)

BILLS = 1000 * BODIES
TREES = 600
"""About as many as the model has that ``make demo`` trains: count them with
``grep -c ^Tree= .riskml/champions/declaration/booster.txt``."""
JSON = {"Content-Type": "application/json"}


@dataclass
class Endpoint:
    """Where a contender is asked, and what it is sent."""

    url: str
    path: str
    headers: Mapping[str, str]

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection that is opened with its first request."""
        return http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=300)

    def ask(self, connection: http.client.HTTPConnection, body: bytes) -> float:
        """Ask once; return the seconds until the whole answer was there."""
        start = time.perf_counter()
        connection.request("POST", self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - start
        if answer.status != 200:
            raise SystemExit(f"{self.path} answered {answer.status}: {content[:300]!r}")
        return seconds


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="*", default=["peers", "workers", "histories"])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--history", type=int, nargs="*", default=[5_000, 50_000, 500_000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="riskml-serving-") as name:
        world = _world(Path(name))
        if "peers" in options.parts:
            _against_peers(Path(name), world, options.rounds)
        if "workers" in options.parts:
            _workers(Path(name), world)
        if "histories" in options.parts:
            _histories(Path(name), world, options.history, options.rounds)


def _world(folder: Path) -> ServiceWorld:
    tables = draw_tables(BILLS, 7)
    bundle = train(tables, "declaration", TREES)
    bundle.save(folder / "bundle")
    return ServiceWorld(tables, {"declaration": bundle})


def _against_peers(folder: Path, world: ServiceWorld, rounds: int) -> None:
    features = features_of(world)
    with ExitStack() as stack:
        ours, _ = stack.enter_context(_ours(folder / "peers", world, world.tables))
        nothing = stack.enter_context(_bento("serving_peers:NothingService", "/nothing", folder))
        usual = stack.enter_context(
            _bento("serving_peers:UsualService", "/score", folder / "bundle")
        )
        service = "serving_lookup:LookingService"
        looking = stack.enter_context(
            _bento(service, "/score", folder / "bundle", folder / "peers" / "data")
        )
        mlflow = stack.enter_context(_mlflow(folder, world.bundles["declaration"]))
        many = [consignments(world, 1000, 1000 * number) for number in range(BODIES)]
        usual_many, split_many = encoded(features)
        one, usual_one = [consignments(world, 1)], [named(features[:1])]
        alone = _interleaved(
            {
                "nothing (same BentoML)": (nothing, one),
                "riskml, explained, durable": (ours, one),
                "usual service": (usual, usual_one),
                "usual service, own look-up": (looking, one),
            },
            rounds=rounds, calls=25,
        )  # fmt: skip
        print(f"\none consignment over HTTP, {rounds} rounds of 25")
        idle = alone["nothing (same BentoML)"]
        for name, seconds in alone.items():
            p50, p99 = np.median(seconds), np.quantile(seconds, 0.99)
            print(
                f"{name:34} p50 {p50 / np.median(idle):6.2f} x   p99 "
                f"{p99 / np.quantile(idle, 0.99):6.2f} x   ({1e3 * p50:.2f}, {1e3 * p99:.2f} ms)"
            )
        bulk = _interleaved(
            {
                "riskml, explained, durable": (ours, many),
                "usual service": (usual, usual_many),
                "usual service, own look-up": (looking, many),
                "mlflow models serve, no explanation": (mlflow, split_many),
            },
            rounds=max(3, rounds // 4), calls=1,
        )  # fmt: skip
        print("\n1,000 consignments in a request: throughput of ours over theirs, medians")
        own = float(np.median(bulk["riskml, explained, durable"]))
        for name, seconds in bulk.items():
            median = float(np.median(seconds))
            print(f"{name:38} {median / own:6.2f} x   ({median:.3f} s, {1000 / median:.0f} /s)")


def _workers(folder: Path, world: ServiceWorld) -> None:
    """Compare the throughput of one worker and two; the clients share the machine with them."""
    with running_postgresql() as server:
        for ledger in ("SQLite", "PostgreSQL"):
            found = {}
            for workers in (1, 2):
                home = folder / f"workers-{ledger}-{workers}"
                database = make_database(server) if ledger == "PostgreSQL" else ""
                with _ours(home, world, world.tables, workers, database) as (ours, url):
                    found[workers] = _throughput(ours, consignments(world, 100), clients=4)
                    memory = _memory(url)
                    if workers == 1:
                        _killed(url, home / "service.log")
                rate = 100 * found[workers]
                print(f"\n{ledger}, {workers} worker(s): {rate:.0f} consignments/s, {memory}")
            print(f"{ledger}: two workers over one: {found[2] / found[1]:.2f} x")


def _killed(url: str, log: Path) -> None:
    """Kill the worker and print how long it takes until it answers again."""
    ready = [json.loads(line) for line in log.read_text().splitlines() if '"ready"' in line]
    start = time.perf_counter()
    os.kill(ready[-1]["process"], signal.SIGKILL)
    _answers(url, "/readyz", lambda: True, patience=0.1)
    print(f"\na killed worker is replaced and answers after {time.perf_counter() - start:.1f} s")


def _throughput(endpoint: Endpoint, body: bytes, clients: int, seconds: float = 10.0) -> float:
    """Return requests per second of several clients."""
    counts = [0] * clients
    until = time.perf_counter() + seconds

    def ask(number: int) -> None:
        connection = endpoint.connect()
        while time.perf_counter() < until:
            endpoint.ask(connection, body)
            counts[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def _memory(url: str) -> str:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    found = {
        name: [float(line.split()[-1]) / 2**20 for line in text.splitlines()
               if line.startswith((f"{name}{{", f"{name} "))]
        for name in ("riskml_memory_bytes", "riskml_memory_private_bytes")
    }  # fmt: skip
    held, own = (", ".join(f"{each:.0f}" for each in sorted(found[name])) for name in found)
    return f"each worker holds {held} MiB, of which {own} MiB alone"


def _histories(folder: Path, world: ServiceWorld, sizes: list[int], rounds: int) -> None:
    """Time one consignment and the start with ever longer histories."""
    empty = [_start_of_nothing(folder) for _ in range(3)]
    base = float(np.median(empty))
    print(f"\nan empty BentoML service is ready after {base:.1f} s")
    first = None
    body = consignments(world, 1)
    for size in sizes:
        tables = _repeated(world.tables, size)
        rows = sum(len(tables.require(n)) for n in ("manifests", "declarations", "inspections"))
        home = folder / f"history{size}"
        headers = _prepare(home, world, tables)
        start = time.perf_counter()
        with _started(home, headers) as (ours, _):
            ready = time.perf_counter() - start
            seconds = _interleaved({"": (ours, [body])}, rounds=rounds, calls=25)[""]
        p50 = float(np.median(seconds))
        first = first or p50
        print(
            f"{rows:>10,} rows of history: p50 {p50 / first:.2f} x ({1e3 * p50:.2f} ms), "
            f"ready {ready - base:+.1f} s after the empty service"
        )


def _repeated(tables: Tables, rows: int) -> Tables:
    """Return a history of about so many rows: the world again and again, under other numbers."""
    frames = {n: tables.require(n) for n in ("manifests", "declarations", "inspections")}
    times = max(1, rows // sum(map(len, frames.values())))
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in frames}
    for copy in range(times):
        for name, frame in frames.items():
            own = frame.copy()
            for column in ("bill_no", "declaration_id", "inspection_id"):
                if column in own and copy:
                    own[column] = own[column] + f"-{copy}"
            parts[name].append(own)
    return Tables(**{name: pd.concat(own, ignore_index=True) for name, own in parts.items()})


@contextmanager
def _ours(
    home: Path, world: ServiceWorld, tables: Tables, workers: int = 1, database: str = ""
) -> Iterator[tuple[Endpoint, str]]:
    """Run our service on a home of its own."""
    headers = _prepare(home, world, tables, database)
    with _started(home, headers, workers, database) as running:
        yield running


def _prepare(home: Path, world: ServiceWorld, tables: Tables, database: str = "") -> dict[str, str]:
    """Write what our service starts from; return the headers of its engine."""
    write_tables(tables, home / "data")
    world.bundles["declaration"].save(home / "champions" / "declaration")
    with Ledger.open(database or f"sqlite:///{home / 'ledger.db'}") as ledger:
        key = ledger.create_key("engine")[1]
    return {**JSON, "Authorization": f"Bearer {key}"}


@contextmanager
def _started(
    home: Path, headers: Mapping[str, str], workers: int = 1, database: str = ""
) -> Iterator[tuple[Endpoint, str]]:
    variables = {"RISKML_DATABASE_URL": database} if database else {}
    with running_server(
        home, data=home / "data", workers=workers, environment=variables, timeout=900
    ) as server:
        yield Endpoint(server.url, "/v1/score", headers), server.url


@contextmanager
def _bento(service: str, path: str, folder: Path, data: Path | None = None) -> Iterator[Endpoint]:
    port = free_port()
    command = ["-m", "bentoml", "serve", f"benchmarks.{service}"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--working-dir", str(ROOT)]
    with _process(command, f"http://127.0.0.1:{port}", "/readyz", folder, data):
        yield Endpoint(f"http://127.0.0.1:{port}", path, JSON)


@contextmanager
def _mlflow(folder: Path, bundle: Bundle) -> Iterator[Endpoint]:
    import mlflow.lightgbm

    booster = lgb.Booster(model_file=folder / "bundle" / "booster.txt")
    example = pd.DataFrame(np.zeros((1, booster.num_feature())))
    example.columns = [f"Column_{j}" for j in range(booster.num_feature())]
    model = folder / "mlflow-model"
    mlflow.lightgbm.save_model(booster, str(model), input_example=example)
    port = free_port()
    command = ["-m", "mlflow", "models", "serve", "-m", str(model), "--env-manager", "local"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with _process(command, f"http://127.0.0.1:{port}", "/ping", folder):
        yield Endpoint(f"http://127.0.0.1:{port}", "/invocations", JSON)


@contextmanager
def _process(
    arguments: list[str], url: str, ready: str, folder: Path, data: Path | None = None
) -> Iterator[None]:
    variables = {
        **os.environ,
        "BENCHMARK_FOLDER": str(folder),
        "BENCHMARK_DATA": str(data or ""),
        "BENTOML_DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # MLflow looks for uvicorn where commands are.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    with (folder / "peer.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *arguments], env=variables, stdout=log, stderr=log,
            start_new_session=True, cwd=ROOT,
        )  # fmt: skip
    try:
        if not _answers(url, ready, lambda: process.poll() is None):
            raise SystemExit(
                f"{arguments[3]} is not ready: {(folder / 'peer.log').read_text()[-2000:]}"
            )
        yield
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


def _answers(
    url: str,
    path: str,
    lives: Callable[[], bool],
    seconds: float = 120.0,
    patience: float = 5.0,
) -> bool:
    """Ask until it answers, giving up each attempt after ``patience`` seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and lives():
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=patience)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return True
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    return False


def _start_of_nothing(folder: Path) -> float:
    start = time.perf_counter()
    with _bento("serving_peers:NothingService", "/nothing", folder):
        return time.perf_counter() - start


def _interleaved(
    contenders: Mapping[str, tuple[Endpoint, list[bytes]]], *, rounds: int, calls: int
) -> dict[str, list[float]]:
    """Ask all in turn, each over one kept connection; the first round warms up.

    Each round sends the next body of a contender.
    """
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, (endpoint, bodies) in contenders.items():
            body = bodies[turn % len(bodies)]
            connection = endpoint.connect()
            connection.connect()
            if calls > 1:
                endpoint.ask(connection, body)
            seconds = [endpoint.ask(connection, body) for _ in range(calls)]
            connection.close()
            if turn:
                spent[name] += seconds
    return spent


if __name__ == "__main__":
    main()
