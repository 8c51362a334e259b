import hashlib
import json
from pathlib import Path

import pytest

from riskml.errors import LedgerError, UnreadableFileError
from riskml.ledger import Ledger, verify_export
from riskml.ledger.audit import read_export_heads
from tests.unit.ledger.support import score


@pytest.fixture
def export(ledger: Ledger, tmp_path: Path) -> Path:
    ledger.append_scores([score(bill_no="Vận đơn"), score()], writer="w")
    ledger.export(tmp_path / "export.jsonl", key_folder=tmp_path / "keys")
    return tmp_path / "export.jsonl"


def test_an_auditor_can_check_the_chain_with_three_lines_of_python(export: Path) -> None:
    """The promise of the format: plain SHA-256 over what stands in the line."""
    previous = "0" * 64
    for line in export.read_text().splitlines():
        if '"row":' not in line:
            continue
        row = line[line.index('"row":') + 6 : line.rindex(',"row_hash"')]
        previous = hashlib.sha256((previous + row).encode()).hexdigest()
        assert json.loads(line)["row_hash"] == previous
    heads = [
        json.loads(line)["head"] for line in export.read_text().splitlines() if 'head":' in line
    ]
    assert [head["row_hash"] for head in heads if "row_hash" in head] == [previous]


def test_an_empty_ledger_exports_and_verifies(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    assert ledger.export(path, key_folder=tmp_path / "keys") == 0
    assert verify_export(path).ok


def test_nothing_is_left_behind_when_the_place_is_wrong(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be written: No such file"):
        ledger.export(tmp_path / "absent" / "e.jsonl", key_folder=tmp_path / "keys")


def test_a_failing_export_leaves_the_old_file(ledger: Ledger, export: Path) -> None:
    before = export.read_bytes()

    def stop(*_: object) -> list[object]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.export(export, key_folder=export.parent / "keys", progress=stop)
    assert export.read_bytes() == before
    assert not list(export.parent.glob(".export*"))


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="cannot be read: No such file"):
        verify_export(tmp_path / "absent.jsonl")
    with pytest.raises(UnreadableFileError, match="cannot be read: Is a directory"):
        verify_export(tmp_path)
    other = tmp_path / "other.jsonl"
    for content in (b"", b"\xff\x00", b'{"format":"riskml-ledger","version":2}\n'):
        other.write_bytes(content)
        with pytest.raises(UnreadableFileError, match="is no export"):
            verify_export(other)


def test_heads_are_taken_from_sound_exports_only(export: Path) -> None:
    (head,) = read_export_heads(export)
    assert (head.chain, head.writer, head.position) == ("scores", "w", 2)
    export.write_text(export.read_text().replace("HPH", "SGN"))
    with pytest.raises(LedgerError, match="does not verify"):
        read_export_heads(export)
