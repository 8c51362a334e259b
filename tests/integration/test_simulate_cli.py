"""``riskml simulate`` as a command."""

import subprocess
import sys
from pathlib import Path

import pytest

from riskml.datasets import load_tables

pytestmark = pytest.mark.integration


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "riskml.cli", "simulate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_writes_a_data_folder_that_is_valid(tmp_path: Path) -> None:
    out = tmp_path / "world"
    done = run("--out", str(out), "--start", "2020-07-01", "--days", "14", "--scale", "0.05")
    assert done.returncode == 0, done.stderr
    assert "manifests.parquet" in done.stdout
    names = sorted(path.name for path in out.iterdir())
    assert names == [f"{n}.parquet" for n in ("declarations", "inspections", "manifests", "truth")]
    tables = load_tables(out, need=("manifests", "declarations", "inspections"))
    assert all(len(rows) == 0 for rows in tables.quarantined.values())
    assert len(tables.require("inspections")) > 20


def test_a_world_of_ones_own(tmp_path: Path) -> None:
    config = tmp_path / "world.toml"
    config.write_text("[policy]\nexploration = 1.0\n", encoding="utf-8")
    out = tmp_path / "world"
    done = run(
        "--out", str(out), "--days", "7", "--scale", "0.05", "--config", str(config), "--seed", "3"
    )
    assert done.returncode == 0, done.stderr
    channels = set(load_tables(out).require("inspections")["channel"])
    assert channels <= {"exploration", "mandatory"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--days", "0"), "--days 0"),
        (("--scale", "-1"), "--scale -1"),
        (("--start", "2020-02-30"), "--start"),
        (("--seed", "-2"), "--seed -2"),
    ],
)
def test_an_impossible_call_leaves_nothing(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    out = tmp_path / "world"
    done = run("--out", str(out), *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not out.exists()


def test_an_impossible_parameter_names_its_key(tmp_path: Path) -> None:
    config = tmp_path / "world.toml"
    config.write_text("[policy]\nexploration = 1.5\n", encoding="utf-8")
    done = run("--out", str(tmp_path / "world"), "--config", str(config))
    assert done.returncode == 2
    assert "policy.exploration" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "world").exists()


def test_a_file_in_the_way(tmp_path: Path) -> None:
    out = tmp_path / "world"
    out.write_text("mine", encoding="utf-8")
    done = run("--out", str(out), "--days", "7", "--scale", "0.01")
    assert done.returncode == 2
    assert "is a file" in done.stderr
    assert out.read_text(encoding="utf-8") == "mine"
