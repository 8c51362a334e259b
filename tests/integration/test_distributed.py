"""Two real Dask workers: the same bytes as one process, also when one is killed half-way."""

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from riskml.bundle import Bundle, Encoder
from riskml.cli import app
from riskml.cluster import Cluster, connect
from riskml.datasets import Tables
from riskml.errors import ClusterError, HistoryError, UsageError
from riskml.features.catalogue import feature_set
from riskml.features.compute import compute_features
from riskml.history import Progress
from riskml.history.distributed import compute_distributed, engine_on
from riskml.history.statistics import probability
from riskml.scoring import score_frame
from riskml.scoring.distributed import score_distributed
from riskml.training.boosting import Design, grow
from riskml.training.definition import Fit, LightGBM, ModelDefinition
from riskml.training.distributed import grow_distributed
from riskml.training.run import train_stage
from tests.oracles.history_worlds import events_of
from tests.oracles.tables import make_tables
from tests.support.small_world import small_world
from tests.support.tiny_bundle import assemble

pytestmark = pytest.mark.integration

STAGE = "declaration"
FEATURES = feature_set(STAGE, ())


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with connect() as found:
        yield found


@pytest.fixture(scope="module")
def tables() -> Tables:
    return small_world(3, bills=80)


@pytest.fixture(scope="module")
def local(tables: Tables) -> pd.DataFrame:
    return compute_features(tables, STAGE, FEATURES, decisions="all")


def kill_one(cluster: Cluster) -> int:
    pids = cluster.everywhere(os.getpid)
    victim = pids[min(pids)]
    os.kill(victim, signal.SIGKILL)
    return int(victim)


def pids_of(cluster: Cluster) -> set[int]:
    cluster.wait_for(2)
    return set(cluster.everywhere(os.getpid).values())


def killing(cluster: Cluster, at: float, killed: list[int]) -> Progress:
    """Return a progress that kills a worker when so much of the work is done."""

    def progress(items: Iterable[Any], label: str, total: int) -> Iterator[Any]:
        for place, item in enumerate(items):
            if place == int(total * at):
                killed.append(kill_one(cluster))
            yield item

    return progress


def bundle_of(frame: pd.DataFrame) -> Bundle:
    design, encoder = design_of(frame)
    fit = Fit(ensemble=2)
    return assemble(FEATURES, encoder, grow(design, 10, LightGBM(min_data_in_leaf=3), fit))


def design_of(frame: pd.DataFrame) -> tuple[Design, Encoder]:
    encoder = Encoder.fit(frame, FEATURES)
    rng = np.random.default_rng(1)
    y = (rng.random(len(frame)) < 0.3).astype(float)
    return Design(encoder.encode(frame), y, np.ones(len(y)), FEATURES), encoder


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_training_twice_gives_the_same_model_text(
    cluster: Cluster, local: pd.DataFrame, share: float
) -> None:
    design, _ = design_of(local)
    model, fit = LightGBM(min_data_in_leaf=3), Fit(ensemble=2, negatives=share)
    one, two = (grow_distributed(cluster, design, 8, model, fit, machines=2) for _ in range(2))
    assert one == two
    assert "[tree_learner: data]" in one
    assert "[num_machines: 2]" in one
    assert "127.0.0.1" not in one
    bundle = assemble(FEATURES, Encoder.fit(local, FEATURES), one)
    raw = bundle.raw_scores(design.X)
    assert np.corrcoef(raw, design.y)[0, 1] > 0.3


@pytest.mark.full
def test_a_stage_trained_twice_on_a_cluster_has_one_model(cluster: Cluster) -> None:
    fit = Fit(ensemble=2, folds=2, max_rounds=30, patience=10)
    definition = ModelDefinition(stage=STAGE, fit=fit)
    tables = make_tables()
    one, two = (train_stage(tables, definition, cluster=cluster).model.bundle for _ in range(2))
    assert one.manifest.model_digest == two.manifest.model_digest
    assert "[tree_learner: data]" in one.booster_text


def test_more_machines_than_workers_are_refused(
    cluster: Cluster, local: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("riskml.cluster.PATIENCE", 0.2)
    with pytest.raises(ClusterError, match=r"^3 workers are needed, 2 are there"):
        grow_distributed(cluster, design_of(local)[0], 2, LightGBM(), Fit(), machines=3)


def test_what_a_task_raises_comes_back_as_it_is(cluster: Cluster) -> None:
    with pytest.raises(HistoryError, match=r"^base_rate=2 is no probability: give 0 to 1$"):
        list(cluster.results([cluster.call(probability, 2)]))
    with pytest.raises(HistoryError, match=r"^base_rate=2 is no probability: give 0 to 1$"):
        list(cluster.map(probability, [2]))


def test_bad_events_are_refused_by_name_before_anything_is_sent(cluster: Cluster) -> None:
    from riskml.history import Queries, Statistic

    events = events_of("lines", [])
    queries = Queries(np.zeros(1, np.int64), np.array(["u"], object), {}, {})
    with pytest.raises(HistoryError, match="'x' is absent"):
        compute_distributed(cluster, [Statistic(("x",), "count")], [events], queries)


def test_nothing_asked_is_nothing_answered(cluster: Cluster) -> None:
    from riskml.history import Queries, Statistic

    nobody = np.zeros(0, object)
    queries = Queries(np.zeros(0, np.int64), nobody, {"a": nobody}, {})
    events = events_of("lines", [])
    found = compute_distributed(cluster, [Statistic(("a",), "count")], [events], queries)
    assert found.shape == (0, 1)


def test_workers_with_another_version_are_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    from riskml.history import distributed

    found = distributed.sources_digest
    monkeypatch.setattr(distributed, "sources_digest", lambda paths: found(paths)[::-1])
    with pytest.raises(ClusterError, match="another version"):
        distributed.require_same_code(cluster)


def test_the_command_line_writes_the_same_bytes(
    cluster: Cluster, tables: Tables, local: pd.DataFrame, tmp_path: Path
) -> None:
    from riskml.datasets import write_table

    for name in ("manifests", "declarations", "inspections"):
        write_table(getattr(tables, name), tmp_path / f"{name}.parquet")
    bundle = bundle_of(local).save(tmp_path / "bundle")
    there = ["--engine", "dask", "--scheduler", cluster.client.scheduler.address]
    for command in (["features"], ["score", "--explain", "--model", str(bundle)]):
        written = []
        for name, where in (("one", []), ("two", there)):
            out = tmp_path / f"{name}.parquet"
            asked = [*command, "--data", str(tmp_path), "--stage", STAGE, "--out", str(out)]
            done = CliRunner().invoke(app, [*asked, *where], catch_exceptions=False)
            assert done.exit_code == 0, done.output
            written.append(out.read_bytes())
        assert written[0] == written[1]


def test_a_scheduler_needs_the_engine_and_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    from riskml.cli.engine import Engine, cluster_of

    with pytest.raises(UsageError, match="--engine dask"), cluster_of(Engine.LOCAL, "tcp://a:1"):
        pass
    monkeypatch.setattr("riskml.cluster.PATIENCE", 0.3)
    with (
        pytest.raises(ClusterError, match="no Dask scheduler answers"),
        connect("tcp://127.0.0.1:9"),
    ):
        pass
    with pytest.raises(UsageError, match="is no address"), connect("wrong://x"):
        pass


def test_features_survive_a_worker_that_is_killed_half_way(
    cluster: Cluster, tables: Tables, local: pd.DataFrame
) -> None:
    killed: list[int] = []
    found = compute_features(
        tables,
        STAGE,
        FEATURES,
        decisions="all",
        progress=killing(cluster, 0.3, killed),
        engine=engine_on(cluster, parts=3),
    )
    pd.testing.assert_frame_equal(found, local, check_exact=True)
    assert len(killed) == 1
    assert killed[0] not in pids_of(cluster)


@pytest.mark.full
@pytest.mark.parametrize("at", [0.0, 0.2, 0.5, 0.8, 0.99])
def test_features_and_scores_survive_losses_at_any_moment(cluster: Cluster, at: float) -> None:
    tables = small_world(5, bills=1500)
    expected = compute_features(tables, STAGE, FEATURES, decisions="all")
    killed: list[int] = []
    progress = killing(cluster, at, killed)
    found = compute_features(
        tables, STAGE, FEATURES, decisions="all", progress=progress, engine=engine_on(cluster)
    )
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    bundle = bundle_of(expected.head(300))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("riskml.scoring.batch.CHUNK", 50)
        pids_of(cluster)
        scored = score_distributed(cluster, bundle, found, explain=True, progress=progress)
        pd.testing.assert_frame_equal(
            scored, score_frame(bundle, found, explain=True), check_exact=True
        )
    assert len(killed) == 2
    pids_of(cluster)


@pytest.mark.full
def test_training_survives_a_worker_that_is_lost(cluster: Cluster, local: pd.DataFrame) -> None:
    design, _ = design_of(local)
    model, fit = LightGBM(min_data_in_leaf=3), Fit(ensemble=3)
    expected = grow_distributed(cluster, design, 300, model, fit)
    timer = threading.Timer(0.7, lambda: kill_one(cluster))
    timer.start()
    assert grow_distributed(cluster, design, 300, model, fit, machines=2) == expected
    timer.join()
    pids_of(cluster)
