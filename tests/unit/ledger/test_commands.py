"""``riskml ledger``, ``riskml keys`` and ``riskml outcomes``."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from riskml.cli import keys as keys_command
from riskml.cli import ledger as ledger_command
from riskml.cli import outcomes as outcomes_command
from riskml.config import settings
from riskml.errors import (
    DataError,
    EmptyTableError,
    LedgerError,
    MissingColumnError,
    UnreadableFileError,
    UsageError,
)
from riskml.ledger import Ledger
from tests.unit.ledger.support import file_of, score, tampering

outcomes_app = typer.Typer()
outcomes_app.command()(outcomes_command.command)


@pytest.fixture(autouse=True)
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("RISKML_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RISKML_DATABASE_URL", raising=False)
    settings.cache_clear()
    yield settings().ledger_url
    settings.cache_clear()


def run(app: typer.Typer, *words: object, error: type[Exception] | None = None) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if error is None:
        assert result.exit_code == 0, result.output
    else:
        assert isinstance(result.exception, error), result.exception
    return result


def fill(url: str) -> str:
    written = score()
    with Ledger.open(url) as ledger:
        ledger.append_scores([written, score()], writer="w")
    return written.score_id


def test_verify_says_what_was_checked(url: str) -> None:
    fill(url)
    assert "2 rows in 1 chains are as they were written" in run(ledger_command.app, "verify").output
    told = json.loads(run(ledger_command.app, "verify", "--json").output)
    assert (told["ok"], told["rows"], told["problems"]) == (True, 2, [])
    assert told["chains"][0]["writer"] == "w"


def test_verify_fails_aloud_when_a_row_was_altered(url: str) -> None:
    fill(url)
    with tampering(url) as connection:
        connection.execute("UPDATE scores SET probability = 1 WHERE position = 2")
    result = run(ledger_command.app, "verify", error=LedgerError)
    assert "the content was altered" in result.output
    assert "1 problems" in str(result.exception)
    told = json.loads(run(ledger_command.app, "verify", "--json", error=LedgerError).output)
    assert [problem["position"] for problem in told["problems"]] == [2]


def test_an_absent_ledger_is_no_sound_ledger(url: str, tmp_path: Path) -> None:
    for words in (["verify"], ["export", tmp_path / "e.jsonl"]):
        result = run(ledger_command.app, *words, error=LedgerError)
        assert "there is no ledger" in str(result.exception)
    run(keys_command.app, "list", error=LedgerError)
    assert not file_of(url).exists()
    assert not (tmp_path / "e.jsonl").exists()


def test_an_export_is_verified_alone_and_against(url: str, tmp_path: Path) -> None:
    fill(url)
    path, public = tmp_path / "e.jsonl", tmp_path / "home" / "keys" / "ledger-ed25519.pub"
    assert "exported 2 rows" in run(ledger_command.app, "export", path).output
    run(ledger_command.app, "verify", "--against", path)
    run(ledger_command.app, "verify", "--file", path, "--public-key", public)
    run(ledger_command.app, "verify", "--file", path, "--public-key", public.read_text().strip())
    run(ledger_command.app, "verify", "--file", path, "--public-key", "0" * 64, error=LedgerError)
    file_of(url).unlink()
    assert "1 signed checkpoints" in run(ledger_command.app, "verify", "--file", path).output


@pytest.mark.parametrize("words", [["--public-key", "short"], ["--file", "a", "--against", "b"]])
def test_wrong_calls_of_verify(words: list[str]) -> None:
    run(ledger_command.app, "verify", *words, error=UsageError)


@dataclass
class _Recomputed:
    ok: bool

    def rows(self) -> list[dict[str, Any]]:
        return [{"what": "raw_score", "recorded": -4.25, "recomputed": -4.25 if self.ok else 0.0}]


@pytest.mark.parametrize("ok", [True, False])
def test_recompute_shows_both_sides(ok: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("riskml.scoring.recompute")
    module.recompute = lambda score_id: _Recomputed(ok)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "riskml.scoring.recompute", module)
    words = ("recompute", "some-id", "--json")
    result = run(ledger_command.app, *words, error=None if ok else LedgerError)
    assert json.loads(result.output)[0]["recorded"] == -4.25


def test_a_key_is_created_listed_and_revoked(url: str) -> None:
    created = run(keys_command.app, "create", "--role", "office", "--office", "HPH", "--json")
    (row,) = json.loads(created.output)
    with Ledger.open(url) as ledger:
        principal = ledger.authenticate(row["secret"])
        assert principal is not None
        assert (principal.role, principal.office) == ("office", "HPH")
    listed = run(keys_command.app, "list", "--json").output
    assert row["secret"] not in listed
    assert json.loads(listed)[0]["key_id"] == row["key_id"]
    assert "is revoked" in run(keys_command.app, "revoke", row["key_id"]).output
    run(keys_command.app, "revoke", row["key_id"], error=LedgerError)
    with Ledger.open(url) as ledger:
        assert ledger.authenticate(row["secret"]) is None


def test_the_secret_stands_on_a_line_of_its_own(url: str) -> None:
    output = run(keys_command.app, "create", "--role", "engine", "--label", "HPH").output
    with Ledger.open(url) as ledger:
        assert ledger.authenticate(output.splitlines()[-1]) is not None
    assert "HPH" in run(keys_command.app, "list").output


def test_an_unknown_role_makes_no_key(url: str) -> None:
    run(keys_command.app, "create", "--role", "root", error=UsageError)
    with Ledger.open(url) as ledger:
        assert ledger.list_keys() == []


HEADER = (
    "inspection_id,bill_no,container_no,office,selected_at,scanned_at,scan_finding,result,closed_at"
)
GOOD = "I1,B1,CSQU3054383,HPH,2020-07-01T01:00:00Z,2020-07-01T02:00:00Z,clear,,2020-07-02T00:00:00Z"
FOUND = (
    "I2,B2,,HPH,2020-07-01T01:00:00Z,2020-07-01T02:00:00Z,suspicious,violation,2020-07-03T00:00:00Z"
)
BAD = "=cmd(),B3,,HPH,yesterday,,clear,,"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "day.csv"
    path.write_text("\n".join(["\ufeff" + HEADER, GOOD, FOUND, BAD, ""]), encoding="utf-8")
    return path


def outcomes(file: Path) -> dict[str, int]:
    (row,) = json.loads(run(outcomes_app, "--file", file, "--json").output)
    return dict(row)


def test_outcomes_reach_the_log_once(file: Path, url: str) -> None:
    first = {"new": 2, "duplicate": 0, "conflicting": 0, "quarantined": 1}
    assert outcomes(file) == first
    assert outcomes(file) == {"new": 0, "duplicate": 2, "conflicting": 0, "quarantined": 1}
    with Ledger.open(url) as ledger:
        clear, found = ledger.events_after(0, 10)
        assert clear.payload["container_no"] == "CSQU3054383"
        assert "result" not in clear.payload
        assert found.payload["result"] == "violation"
        assert found.payload["closed_at"] == "2020-07-03T00:00:00.000000Z"
        assert "x_riskml_row" not in found.payload
        received = ledger.records("outcomes_received")
        assert received[0].payload == {"file": "day.csv", **first}
        assert ledger.verify().ok


def test_parquet_says_the_same_as_csv(file: Path, tmp_path: Path) -> None:
    outcomes(file)
    frame = pd.read_csv(file, encoding="utf-8-sig").iloc[:2]
    for column in ("selected_at", "scanned_at", "closed_at"):
        frame[column] = pd.to_datetime(frame[column])
    frame.to_parquet(tmp_path / "day.parquet")
    assert outcomes(tmp_path / "day.parquet")["duplicate"] == 2


def test_bad_and_conflicting_rows_go_to_a_file_beside(file: Path) -> None:
    outcomes(file)
    file.write_text("\n".join([HEADER, BAD, GOOD.replace("clear", "suspicious"), FOUND]))
    assert outcomes(file) == {"new": 0, "duplicate": 1, "conflicting": 1, "quarantined": 1}
    lines = pd.read_csv(file.with_name("day.quarantine.csv"), dtype="str")
    last = lines.iloc[-1]
    assert [last["row"], last["rule"], last["value"]] == ["2", "conflicts_with_ledger", "I1"]
    assert set(lines["row"][:-1]) == {"1"}
    assert "selected_at" in set(lines["column"])
    assert not list(file.parent.glob(".*.tmp"))


def test_a_file_of_bad_rows_only_is_refused(file: Path, url: str) -> None:
    file.write_text(f"{HEADER}\n{BAD}\n")
    result = run(outcomes_app, "--file", file, error=EmptyTableError)
    assert "day.quarantine.csv" in str(result.exception)
    assert file.with_name("day.quarantine.csv").exists()
    assert not file_of(url).exists()


def test_a_clean_file_leaves_no_quarantine(file: Path) -> None:
    file.write_text(f"{HEADER}\n{GOOD}\n")
    assert "new" in run(outcomes_app, "--file", file).output
    assert not file.with_name("day.quarantine.csv").exists()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, UnreadableFileError),
        (b"", UnreadableFileError),
        (b"\xff\xfe\x00", UnreadableFileError),
        (b'a,b\n"1', UnreadableFileError),
        (HEADER.encode(), EmptyTableError),
        (b"inspection_id,bill_no\nI1,B1\n", MissingColumnError),
    ],
)
def test_a_file_that_cannot_be_used_writes_nothing(
    tmp_path: Path, url: str, content: bytes | None, error: type[DataError]
) -> None:
    path = tmp_path / "day.csv"
    if content is not None:
        path.write_bytes(content)
    result = run(outcomes_app, "--file", path, error=error)
    assert "day.csv" in str(result.exception)
    assert not file_of(url).exists()


def test_a_parquet_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "day.parquet"
    path.write_text(HEADER)
    run(outcomes_app, "--file", path, error=UnreadableFileError)
