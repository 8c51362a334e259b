import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from riskml.errors import LedgerError
from riskml.ledger import Accounts, Answer, Ledger, back_up, restore
from riskml.ledger.tables import metadata
from tests.unit.ledger.support import file_of, manifest, score, tampering, whats

PASSWORD = "correct horse battery"


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    """Return a ledger with something in every table that a backup should keep, or leave out."""
    ledger.append_scores([score(), score(bill_no="Vận đơn")], writer="w",
                         answer=Answer("p", "k", "d", b"\x00\xff"))  # fmt: skip
    ledger.append_events("manifests", [manifest(1), manifest(2)], writer="w")
    ledger.append_record("selection", {"size": 1}, "w")
    ledger.create_key("engine")
    accounts = Accounts(ledger)
    accounts.create_user("lan", PASSWORD, "analyst")
    accounts.log_in("lan", PASSWORD, address="192.0.2.1")
    return ledger


@pytest.fixture
def path(full: Ledger, tmp_path: Path) -> Path:
    back_up(full, tmp_path / "ledger.backup", key_folder=tmp_path / "keys")
    return tmp_path / "ledger.backup"


@pytest.fixture
def target(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'restored' / 'ledger.db'}"


def rows_of(url: str) -> dict[str, list[tuple]]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found


def test_a_restored_ledger_has_every_bit_and_goes_on(
    full: Ledger, url: str, path: Path, target: str
) -> None:
    restored = restore(target, path)
    before, after = rows_of(url), rows_of(target)
    assert before.pop("sessions")
    assert after.pop("sessions") == []
    assert after == before
    assert restored == sum(map(len, before.values()))
    with Ledger.open(target, create=False) as ledger:
        assert ledger.verify().ok
        ledger.append_scores([score()], writer="w")
        (receipt,) = ledger.append_events("manifests", [manifest(3)], writer="w")
        assert receipt.seq == full.watermark() + 1
        assert ledger.verify().ok
        assert Accounts(ledger).log_in("lan", PASSWORD, address="192.0.2.1").user.role == "analyst"
        with pytest.raises(LedgerError, match="append-only"), ledger.writing() as connection:
            connection.exec_driver_sql("DELETE FROM scores")


def test_what_comes_later_is_not_in_it(full: Ledger, path: Path, target: str) -> None:
    full.append_scores([score()], writer="w")
    restore(target, path)
    with Ledger.open(target) as ledger:
        assert ledger.count_scores() == full.count_scores() - 1


def test_only_its_owner_reads_it_and_it_holds_no_secret(path: Path) -> None:
    assert path.stat().st_mode & 0o077 == 0
    content = gzip.decompress(path.read_bytes()).decode()
    assert PASSWORD not in content
    assert '"table":"sessions"' not in content


def test_nothing_is_overwritten(path: Path, target: str) -> None:
    restore(target, path)
    with pytest.raises(LedgerError, match="the database is not empty"):
        restore(target, path)
    with Ledger.open(target, create=False) as ledger:
        assert ledger.count_scores() == 2


def test_a_cut_or_altered_backup_restores_nothing(path: Path, target: str) -> None:
    whole = path.read_bytes()
    lines = gzip.decompress(whole).decode().splitlines(keepends=True)
    row = next(n for n, line in enumerate(lines) if line.startswith("["))
    altered = [*lines[:row], lines[row].replace("1", "2", 1), *lines[row + 1 :]]
    newer = lines[0].replace('revision":"', 'revision":"9')
    damages = {
        "it cannot be read": whole[: len(whole) // 2],
        "it is cut off": packed(lines[:-1]),
        "its content was altered": packed(altered),
        "something follows its end": packed([*lines, lines[0]]),
        "is no backup of a ledger": packed(lines[1:]),
        "of a newer riskml": packed([newer, *lines[1:]]),
    }
    for what, content in damages.items():
        path.write_bytes(content)
        with pytest.raises(LedgerError, match=what):
            restore(target, path)
        assert not file_of(target).exists()
    with pytest.raises(LedgerError, match="there is no backup"):
        restore(target, path.with_name("absent"))


def packed(lines: list[str]) -> bytes:
    return gzip.compress("".join(lines).encode())


def test_a_forged_ledger_is_not_restored(full: Ledger, url: str, target: str, path: Path) -> None:
    with tampering(url) as connection:
        connection.execute("UPDATE scores SET probability = 0.5 WHERE position = 1")
    back_up(full, path, key_folder=path.parent / "keys")
    with pytest.raises(LedgerError, match=r"does not verify: scores of w, position 1"):
        restore(target, path)
    assert not file_of(target).exists()
    assert whats(full.verify().problems) == ["the content was altered"]


def test_an_older_backup_is_brought_up_to_date(full: Ledger, path: Path, target: str) -> None:
    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    head = json.loads(lines[0])
    old = {**head, "revision": "0001"}
    kept, taking = [json.dumps(old, sort_keys=True, separators=(",", ":")) + "\n"], False
    first = {"scores", "events", "records", "heads", "checkpoints", "answers", "keys"}
    for line in lines[1:-1]:
        if line.startswith('{"columns"'):
            taking = json.loads(line)["table"] in first
        if taking:
            kept.append(line)
    digest = hashlib.sha256("".join(kept).encode()).hexdigest()
    rows = sum(1 for line in kept if line.startswith("["))
    kept.append(json.dumps({"end": {"rows": rows, "sha256": digest}}) + "\n")
    path.write_bytes(packed(kept))
    assert restore(target, path) == rows
    with Ledger.open(target, create=False) as ledger:
        assert ledger.count_scores() == 2
        assert Accounts(ledger).users() == []


@pytest.mark.slow
def test_the_commands(full: Ledger, url: str, target: str, tmp_path: Path) -> None:
    def riskml(database: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"RISKML_DATABASE_URL": database, "RISKML_HOME": str(tmp_path)}
        return subprocess.run(
            [sys.executable, "-m", "riskml.cli", "ledger", *arguments],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = riskml(url, "backup", str(tmp_path / "b"))
    assert done.returncode == 0, done.stderr
    done = riskml(target, "restore", str(tmp_path / "b"))
    assert done.returncode == 0, done.stderr
    assert "every chain verifies" in done.stdout + done.stderr
    assert riskml(target, "verify").returncode == 0
    again = riskml(target, "restore", str(tmp_path / "b"))
    assert again.returncode != 0
    assert "the database is not empty" in again.stderr
    assert "Traceback" not in again.stderr
