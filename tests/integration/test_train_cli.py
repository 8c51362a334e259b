"""`riskml train`, `evaluate` and `promote` on a small trade, with the real MLflow on SQLite."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from riskml.bundle import Bundle
from riskml.cli import main
from riskml.config import settings
from tests.oracles.tables import make_tables, write_tables

pytestmark = [
    pytest.mark.slow,
    pytest.mark.integration,
    # MLflow leaves the closing of its SQLite connections to the collector. Remove when it does not.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    # pyarrow 25 reads time columns through an interface that pandas retires. Remove when it
    # does not.
    pytest.mark.filterwarnings("ignore:Series.values returning an ndarray"),
]

MODEL = """
stage = "declaration"
[fit]
threads = 1
ensemble = 2
folds = 3
max_rounds = 60
patience = 15
[gates]
min_lift = 1.2
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("place")
    write_tables(make_tables(), folder / "data")
    (folder / "model.toml").write_text(MODEL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISKML_HOME", str(folder / "home"))
        patch.delenv("RISKML_TRACKING_URI", raising=False)
        settings.cache_clear()
        yield folder
    settings.cache_clear()


@pytest.fixture
def run(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["riskml", *arguments])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def train(run: Run, place: Path, *more: str) -> tuple[int, str, str]:
    where = ("--data", str(place / "data"), "--model", str(place / "model.toml"))
    return run("train", *where, "--stage", "declaration", *more)


@pytest.fixture(scope="module")
def trained() -> dict[str, Any]:
    return {}


def test_train_prints_the_run_and_the_version_and_writes_the_bundle(
    run: Run, place: Path, trained: dict[str, Any]
) -> None:
    bundle = place / "bundle"
    code, out, err = train(run, place, "--until", "2022-07-01", "--out", str(bundle), "--json")
    assert code == 0, err
    found = json.loads(out)
    trained.update(found)
    assert found["version"] == "1"
    assert len(found["run_id"]) == 32
    manifest = Bundle.load(bundle).manifest
    assert manifest.model_digest == found["model_digest"]
    # The cut is the local midnight, exclusive.
    assert manifest.training_window.until == "2022-06-30T17:00:00+00:00"
    assert manifest.training_window.last_decision < manifest.training_window.until


def test_evaluate_prints_one_object_with_model_baselines_offices_and_checks(
    run: Run, place: Path, trained: dict[str, Any]
) -> None:
    where = ("--data", str(place / "data"), "--stage", "declaration", "--resamples", "50")
    period = ("--from", "2022-07-01", "--to", "2022-10-31")
    answers = []
    for model in (str(place / "bundle"), f"runs:/{trained['run_id']}", trained["model_ref"]):
        code, out, err = run("evaluate", *where, "--model", model, *period, "--json")
        assert code == 0, err
        answers.append(json.loads(out))
    found = answers[0]
    for other in answers[1:]:
        assert {**other, "model_ref": ""} == {**found, "model_ref": ""}
    precision = found["model"]["average_precision"]
    assert precision["low"] < precision["value"] < precision["high"]
    assert precision["value"] > 1.5 * found["base_rate"]
    assert found["model"]["at"]["0.05"]["hit_rate"]["value"] > found["base_rate"]
    assert {row["office"] for row in found["per_office"]} == {"HPH", "SGN"}
    assert found["checks"][0]["code"] == "RK001"
    assert found["rows"] + found["immature"] == found["labelled"] == found["arrivals"]
    assert found["baselines"]["random"]["at"]["0.05"]["lift"]["value"] == pytest.approx(1.0)


def test_evaluate_prints_tables_for_people(run: Run, place: Path) -> None:
    code, out, err = run(
        "evaluate", "--data", str(place / "data"), "--stage", "declaration", "--resamples", "10",
        "--model", str(place / "bundle"), "--from", "2022-07-01", "--to", "2022-10-31",
        "--by", "shipment",
    )  # fmt: skip
    assert code == 0, err
    assert "At inspection rates" in out
    assert "RK008" in out


def test_promote_judges_on_a_later_period_and_exports(
    run: Run, place: Path, trained: dict[str, Any]
) -> None:
    period = ("--data", str(place / "data"), "--from", "2022-07-01", "--to", "2022-10-31")
    code, out, err = run(
        "promote", "--stage", "declaration", "--version", trained["version"], *period, "--json"
    )
    assert code == 0, err
    decision = json.loads(out)
    assert decision["promoted"] is True
    assert (
        Bundle.load(place / "home" / "champions" / "declaration").manifest.model_digest
        == (trained["model_digest"])
    )


def test_a_challenger_that_knows_less_is_refused_in_one_line(run: Run, place: Path) -> None:
    strict = place / "strict.toml"
    strict.write_text(MODEL.replace("min_lift = 1.2", "min_lift = 500.0"))
    code, out, err = run(
        "train", "--data", str(place / "data"), "--stage", "declaration", "--model", str(strict),
        "--until", "2022-06-01", "--json",
    )  # fmt: skip
    assert code == 0, err
    version = json.loads(out)["version"]
    code, _, err = run("promote", "--stage", "declaration", "--version", version)
    assert code == 1
    assert err.startswith("riskml: error: riskml-declaration version")
    assert "at least 500 times" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("train", "--stage", "departure"), 2, "unknown stage 'departure'"),
        (("train", "--stage", "declaration", "--until", "yesterday"), 2, "is no date"),
        (
            ("train", "--stage", "declaration", "--until", "2021-01-01"),
            1,
            "the first label of the data is known on 2021-01-",
        ),
        (("train", "--stage", "pre_arrival"), 1, "manifests.parquet"),
        (("train", "--stage", "declaration", "--model", "no.toml"), 2, "cannot read no.toml"),
        (
            ("evaluate", "--stage", "declaration", "--model", "BUNDLE", "--from", "2030-01-01",
             "--to", "2030-12-31"),
            1,
            "no matured label lies between",
        ),
        (
            ("evaluate", "--stage", "declaration", "--model", "BUNDLE", "--from", "2022-02-01",
             "--to", "2022-01-01"),
            2,
            "later than --to",
        ),
        (
            ("evaluate", "--stage", "pre_arrival", "--model", "BUNDLE", "--from", "2022-01-01",
             "--to", "2022-02-01"),
            2,
            "decides at stage declaration",
        ),
        (
            ("evaluate", "--stage", "declaration", "--model", "BUNDLE", "--from", "2022-01-01",
             "--to", "2022-02-01", "--by", "moon"),
            2,
            "--by 'moon' is unknown",
        ),
        (("promote", "--stage", "declaration", "--version", "99"), 1, "has no version 99"),
        (
            ("promote", "--stage", "declaration", "--version", "1", "--from", "2022-01-01"),
            2,
            "belong together",
        ),
        (
            ("promote", "--stage", "declaration", "--version", "1", "--from", "2022-01-01",
             "--to", "2022-02-01", "DATA"),
            1,
            "was trained on labels until 2022-06-30",
        ),
    ],
)  # fmt: skip
def test_a_wrong_call_is_one_clear_line_and_leaves_nothing(
    run: Run, place: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    before = sorted(str(path) for path in (place / "home").rglob("*") if path.is_dir())
    words = [str(place / "bundle") if word == "BUNDLE" else word for word in arguments]
    if arguments[0] != "promote" or "DATA" in words:
        words = [word for word in words if word != "DATA"] + ["--data", str(place / "data")]
    found, out, err = run(*words)
    assert found == code, err
    assert message in err
    assert err.count("\n") == 1
    assert out == "" or arguments[0] == "promote"
    assert sorted(str(p) for p in (place / "home").rglob("*") if p.is_dir()) == before
