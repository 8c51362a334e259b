"""Spans, seeds, files: what a run promises."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from riskml.datasets.simulation import (
    SimulatedWorld,
    build_config,
    load_config,
    simulate,
    write_world,
)
from riskml.datasets.simulation.engine import TABLE_NAMES, check_span
from riskml.datasets.simulation.parties import BAD, GENERATIONS
from riskml.datasets.simulation.world import build_world
from riskml.datasets.simulation.writing import write_tables
from riskml.errors import DataError, UsageError

WRITE = """
import sys
from datetime import date
from riskml.datasets.simulation import write_world
write_world(sys.argv[1], start=date(2020, 6, 3), days=20, scale=0.03, seed=int(sys.argv[2]))
"""


def digests(folder: Path) -> dict[str, str]:
    return {
        name: hashlib.sha256((folder / f"{name}.parquet").read_bytes()).hexdigest()
        for name in TABLE_NAMES
    }


@pytest.mark.slow
def test_same_seed_same_bytes_in_any_process(tmp_path: Path) -> None:
    span = {"start": date(2020, 6, 3), "days": 20, "scale": 0.03}
    write_world(tmp_path / "a", seed=4, **span)  # type: ignore[arg-type]
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    subprocess.run(
        [sys.executable, "-c", WRITE, str(tmp_path / "b"), "4"], check=True, env=environment
    )
    write_world(tmp_path / "c", seed=5, **span)  # type: ignore[arg-type]
    first, again, other = (digests(tmp_path / name) for name in "abc")
    assert first == again
    assert all(first[name] != other[name] for name in TABLE_NAMES)


@pytest.mark.slow
def test_files_and_frames_agree(tmp_path: Path) -> None:
    span = {"start": date(2020, 6, 3), "days": 20, "scale": 0.03, "seed": 4}
    rows = write_world(tmp_path, **span)  # type: ignore[arg-type]
    world = simulate(**span)  # type: ignore[arg-type]
    for name in TABLE_NAMES:
        frame = getattr(world, name)
        assert rows[name] == len(frame) > 0
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{name}.parquet"), frame)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(f"{n}.parquet" for n in TABLE_NAMES)


def test_a_day_is_the_same_whatever_span_holds_it(small: SimulatedWorld) -> None:
    """Arrivals, papers and truth do not depend on the span, but for what somebody has learned."""
    part = simulate(start=date(2020, 3, 18), days=9, scale=0.05, seed=3)
    keys = ["bill_no", "container_no"]
    both = part.truth.merge(small.truth, on=keys)
    assert len(both) == len(part.truth) > 50
    # Fraudsters caught in the longer span before this one have moved on.
    assert (both["probability_x"] == both["probability_y"]).mean() > 0.98
    assert (both["violation_x"] == both["violation_y"]).mean() > 0.99
    ours = part.declarations.merge(small.declarations, on=["declaration_id", "line_no", "revision"])
    assert len(ours) > 0.98 * len(part.declarations)
    assert (ours["customs_value_x"] == ours["customs_value_y"]).mean() > 0.98
    unlike = both.loc[both["probability_x"] != both["probability_y"], "importer_party_x"]
    world = build_world(load_config(), 0.05, 3)
    assert (world.importers.character[unlike // GENERATIONS] == BAD).all()


@pytest.mark.slow
def test_scale_multiplies_arrivals_and_scans() -> None:
    one = simulate(start=date(2020, 7, 1), days=92, scale=0.05)
    published = (2699, 1163, 127, 560, 420, 480, 249, 280, 220)
    # At so small an office a day without arrivals may leave a scan over at the end.
    assert abs(len(one.inspections) - sum(round(0.05 * scans) for scans in published)) <= 2
    assert len(one.truth) == pytest.approx(124_000 * 0.05, rel=0.06)


@pytest.mark.slow
def test_another_world_runs_from_its_parameters() -> None:
    changes = {
        "offices": [
            {
                "name": "Alpha",
                "arrivals": 1.0,
                "scans": 2000,
                "hit_rate": 0.02,
                "discharge": "VNHPH",
                "scanners": 1,
                "modes": {"sea": 1.0, "road": 0.0, "air": 0.0, "rail": 0.0},
            }
        ],
        "inspection": {"opened_suspicious": 1.0},
    }
    config = build_config(changes)
    world = simulate(config, start=date(2020, 7, 1), days=92, scale=0.1)
    assert len(world.inspections) == 200
    assert set(world.manifests["office"]) == {"Alpha"}


def test_impossible_spans_are_refused() -> None:
    start = date(2020, 7, 1)
    for days, scale, seed, word in (
        (0, 1.0, 7, "--days"),
        (-3, 1.0, 7, "--days"),
        (10, 0.0, 7, "--scale"),
        (10, -1.0, 7, "--scale"),
        (10, float("nan"), 7, "--scale"),
        (10, 1e6, 7, "--scale"),
        (10, 1.0, -1, "--seed"),
    ):
        with pytest.raises(UsageError, match=word):
            check_span(start, days, scale, seed)
    with pytest.raises(UsageError, match="calendar"):
        check_span(date(1990, 1, 1), 10, 1.0, 7)
    with pytest.raises(UsageError, match="calendar"):
        check_span(start, 10**6, 1.0, 7)


def test_nothing_is_replaced_until_all_is_written(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2]})
    (tmp_path / "one.parquet").write_bytes(b"old")

    def breaks() -> Iterator[dict[str, pa.Table]]:
        yield {"one": table, "two": table}
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        write_tables(breaks(), ("one", "two"), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["one.parquet"]
    assert (tmp_path / "one.parquet").read_bytes() == b"old"
    assert write_tables([{"one": table, "two": table}], ("one", "two"), tmp_path) == {
        "one": 2,
        "two": 2,
    }
    assert pd.read_parquet(tmp_path / "one.parquet")["a"].tolist() == [1, 2]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="is a file"):
        write_tables([], ("one",), taken)
    with pytest.raises(DataError, match="cannot write"):
        write_tables([], ("one",), taken / "below")
