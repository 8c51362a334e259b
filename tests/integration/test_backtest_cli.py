"""``riskml backtest`` as a command, on a world of its own."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from riskml.cli import main
from riskml.datasets.simulation import load_config, write_world
from tests.unit.policy.conftest import sinful

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("world")
    write_world(out, sinful(load_config()), start=date(2020, 6, 1), days=45, scale=0.02, seed=2)
    return out


PERIOD = ("--from", "2020-07-01", "--to", "2020-07-10")


def arguments(world: Path, out: Path, *more: str) -> list[str]:
    return ["riskml", "backtest", "--data", str(world), *PERIOD, "--out", str(out), *more]


def here(monkeypatch: pytest.MonkeyPatch, command: list[str]) -> int | str | None:
    """Run the command in this process; return its exit code."""
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code


def test_it_rehearses_and_resumes(world, tmp_path, monkeypatch, capsys) -> None:
    out, policies = tmp_path / "out", ("--policies", "random,model_exploration,oracle")
    command = arguments(world, out, *policies, "--json", "--workers", "2")
    program = [sys.executable, "-m", "riskml.cli", *command[1:]]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "no bar without a terminal"
    report = json.loads(done.stdout)
    rows = {row["policy"]: row for row in report["policies"]}
    assert list(rows) == ["random", "model_exploration", "oracle"]
    assert rows["oracle"]["% of oracle"] == 100.0
    assert rows["random"]["% of oracle"] < 100.0
    assert report["rates"]["model_exploration"]["unbiased"] is not None
    assert "chosen because they looked risky" in report["why the naive rate is off"]
    told = report["from the log"]["random"]
    assert report["log of"] == "model_exploration"
    assert told["horvitz_thompson"]["low"] <= told["truth"] <= told["horvitz_thompson"]["high"]
    assert told["unsupported"] == 0
    daily = pd.read_parquet(out / "daily.parquet")
    assert len(daily) == 3 * 10
    assert not daily.duplicated(["date", "policy"]).any()
    assert (daily["regret"].dropna() >= -1e-9).all()
    assert (out / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert here(monkeypatch, arguments(world, out, *policies)) == 0
    said = capsys.readouterr().out
    assert "finished before: random, model_exploration, oracle" in said
    assert "as the log of model_exploration alone would have told it" in said
    assert "no support:" not in said


@pytest.mark.parametrize(
    ("more", "words", "code"),
    [
        (("--policies", "clever"), "unknown policy 'clever'", 2),
        (("--rate", "1.5"), "--rate 1.5 is no share", 2),
        (("--from", "2020-06-01"), "the first becomes known on 2020-06-", 1),
        (("--shift", "tomorrow"), "--shift 'tomorrow' is no date", 2),
    ],
)
def test_an_impossible_call_says_why(
    world, tmp_path, monkeypatch, capsys, more, words, code
) -> None:
    command = arguments(world, tmp_path / "out", "--policies", "random", *more)
    assert here(monkeypatch, command) == code
    said = capsys.readouterr().err
    assert words in said
    assert len(said.strip().splitlines()) == 1
