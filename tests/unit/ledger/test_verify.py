"""Whatever is altered, inserted or removed behind the ledger's back must show."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from riskml.ledger import Ledger, VerifyReport, verify_export
from riskml.ledger.tables import CHAINED
from tests.unit.ledger.support import file_of, manifest, score, tampering, whats

ROWS = 5


@pytest.fixture
def whole(ledger: Ledger) -> Ledger:
    """Return a ledger with five scores of two writers each, events and records."""
    for _ in range(ROWS):
        ledger.append_scores([score()], writer="a")
    ledger.append_scores([score() for _ in range(ROWS)], writer="b")
    ledger.append_events("manifests", [manifest(number) for number in range(ROWS)], writer="a")
    for number in range(ROWS):
        ledger.append_record("promotion", {"version": number}, "a")
    return ledger


def verify(url: str, **options: object) -> VerifyReport:
    with Ledger.open(url, create=False) as ledger:
        return ledger.verify(**options)  # type: ignore[arg-type]


def test_a_whole_ledger_verifies(whole: Ledger) -> None:
    report = whole.verify()
    assert report.ok
    names = [(chain.table, chain.writer, chain.rows) for chain in report.chains]
    assert names == [
        ("events", "a", ROWS),
        ("records", "a", ROWS),
        ("scores", "a", ROWS),
        ("scores", "b", ROWS),
    ]
    assert (report.rows, report.checkpoints, report.unsigned_rows) == (4 * ROWS, 0, 4 * ROWS)


def test_an_empty_ledger_verifies(ledger: Ledger) -> None:
    assert ledger.verify() == VerifyReport(chains=())


def test_progress_sees_every_row(whole: Ledger) -> None:
    seen: list[tuple[str, int | None, int]] = []

    def progress(items: Iterator[object], label: str, total: int | None) -> Iterator[object]:
        found = list(items)
        seen.append((label, total, len(found)))
        return iter(found)

    whole.verify(progress=progress)  # type: ignore[arg-type]
    assert seen[0] == ("events a", ROWS, ROWS)
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("deed", "positions", "sentences"),
    [
        ("UPDATE scores SET probability = 0.5 WHERE {at} 3", [3], ["the content was altered"]),
        ("UPDATE scores SET bill_no = NULL WHERE {at} 5", [5], ["the content was altered"]),
        ("UPDATE scores SET features = x'00' WHERE {at} 1", [1], ["the content was altered"]),
        ("UPDATE scores SET features = 'text' WHERE {at} 1", [1], ["the content was altered"]),
        ("UPDATE scores SET raw_score = 9e999 WHERE {at} 2", [2], ["the content was altered"]),
        ("DELETE FROM scores WHERE {at} 1", [1], ["rows up to N are missing"]),
        ("DELETE FROM scores WHERE {at} 3", [3], ["rows up to N are missing"]),
        ("DELETE FROM scores WHERE {at} 5", [5], ["rows up to N are missing at the end"]),
        (
            "DELETE FROM scores WHERE writer = 'a'",
            [1],
            ["rows up to N are missing at the end"],
        ),
        (
            "UPDATE scores SET row_hash = prev_hash WHERE {at} 5",
            [5, 5],
            ["the content was altered", "the head does not fit the last row"],
        ),
        (
            "UPDATE scores SET writer = 'c' WHERE {at} 5",
            [5, 1, 5, 0],
            [
                "rows up to N are missing at the end",
                "rows up to N are missing",
                "the content was altered",
                "the chain has no head",
            ],
        ),
        (
            "UPDATE scores SET position = 'last' WHERE {at} 5",
            [-1, -1, 0],
            [
                "the position occurs twice",
                "the content was altered",
                "rows up to N are missing at the end",
            ],
        ),
        (
            "DELETE FROM heads WHERE chain = 'scores' AND writer = 'a'",
            [0],
            ["the chain has no head"],
        ),
        (
            "UPDATE heads SET position = 4 WHERE chain = 'scores' AND writer = 'a'",
            [4],
            ["the head does not fit the last row"],
        ),
    ],
)
def test_tampering_is_found_where_it_was_done(
    whole: Ledger, url: str, deed: str, positions: list[int], sentences: list[str]
) -> None:
    with tampering(url) as connection:
        connection.execute(deed.format(at="writer = 'a' AND position ="))
    problems = whole.verify().problems
    assert {problem.table for problem in problems} == {"scores"}
    assert [problem.position for problem in problems] == positions
    assert whats(problems) == sentences


def test_an_inserted_row_is_found(whole: Ledger, url: str) -> None:
    with tampering(url) as connection:
        connection.execute("DROP INDEX ux_records_chain")
        connection.execute(
            "INSERT INTO records SELECT 'forged', kind, recorded_at, payload, writer, position, "
            "prev_hash, row_hash FROM records WHERE position = 2"
        )
    sentences = whats(whole.verify().problems)
    assert sorted(sentences) == ["the content was altered", "the position occurs twice"]


def test_swapped_rows_are_found(whole: Ledger, url: str) -> None:
    with tampering(url) as connection:
        connection.execute("UPDATE events SET position = -position WHERE position IN (2, 3)")
        connection.execute("UPDATE events SET position = 5 + position WHERE position < 0")
    assert whats(whole.verify().problems).count("the content was altered") == 2


def test_problems_are_capped_per_chain(ledger: Ledger, url: str) -> None:
    ledger.append_scores([score() for _ in range(150)], writer="a")
    with tampering(url) as connection:
        connection.execute("UPDATE scores SET office = 'X'")
    problems = ledger.verify().problems
    assert len(problems) == 101
    assert problems[-1].what == "there are more problems from here on"


def forge(connection: sqlite3.Connection) -> None:
    """Cut off the last two scores of a chain and make everything else fit."""
    connection.execute("DELETE FROM scores WHERE writer = 'a' AND position > 3")
    connection.execute(
        "UPDATE heads SET position = 3, row_hash = (SELECT row_hash FROM scores "
        "WHERE writer = 'a' AND position = 3) WHERE chain = 'scores' AND writer = 'a'"
    )


def test_a_tail_cut_off_with_its_head_shows_against_a_signature(
    whole: Ledger, url: str, tmp_path: Path
) -> None:
    whole.sign_heads(tmp_path / "keys")
    whole.append_scores([score()], writer="b")
    assert verify(url).unsigned_rows == 1
    with tampering(url) as connection:
        forge(connection)
    (problem,) = verify(url).problems
    assert (problem.table, problem.writer, problem.position) == ("scores", "a", 4)
    assert problem.what == "rows up to 5, vouched for by checkpoint 1, are gone"


def test_a_whole_chain_removed_shows_against_a_signature(
    whole: Ledger, url: str, tmp_path: Path
) -> None:
    whole.sign_heads(tmp_path / "keys")
    with tampering(url) as connection:
        connection.execute("DELETE FROM scores WHERE writer = 'b'")
        connection.execute("DELETE FROM heads WHERE chain = 'scores' AND writer = 'b'")
    assert "rows up to N, vouched for by checkpoint N, are gone" in whats(verify(url).problems)


def test_a_chain_rewritten_from_its_start_shows_against_a_signature(
    whole: Ledger, url: str, tmp_path: Path
) -> None:
    """Somebody computes every hash anew: only what was signed before can tell."""
    whole.sign_heads(tmp_path / "keys")
    with tampering(url) as connection:
        connection.execute("DELETE FROM records")
        connection.execute("DELETE FROM heads WHERE chain = 'records'")
    for number in range(ROWS):
        whole.append_record("promotion", {"version": 10 + number}, "a")
    (problem,) = verify(url).problems
    assert problem.what == "it is not the row that checkpoint 1 vouches for"


def test_a_tail_cut_off_with_all_signatures_shows_against_an_export(
    whole: Ledger, url: str, tmp_path: Path
) -> None:
    export = tmp_path / "export.jsonl"
    whole.export(export, key_folder=tmp_path / "keys")
    whole.append_scores([score()], writer="a")
    assert verify(url, against=export).ok
    with tampering(url) as connection:
        connection.execute("DELETE FROM checkpoints")
        forge(connection)
    assert verify(url).ok  # nothing inside the database can tell any more
    (problem,) = verify(url, against=export).problems
    assert problem.what == "rows up to 5, vouched for by the export export.jsonl, are gone"


columns = [(table.name, column.name) for table in CHAINED.values() for column in table.columns]
values = st.none() | st.integers(-3, 9) | st.floats(allow_nan=False) | st.text(max_size=3)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    with Ledger.open(f"sqlite:///{folder / 'ledger.db'}") as ledger:
        ledger.append_scores([score() for _ in range(3)], writer="a")
        ledger.append_events("manifests", [manifest(number) for number in range(3)], writer="a")
        for number in range(3):
            ledger.append_record("promotion", {"version": number}, "a")
    return folder / "ledger.db"


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example(where=("scores", "degraded"), position=1, value="")
@example(where=("scores", "degraded"), position=1, value=2)
@given(where=st.sampled_from(columns), position=st.integers(1, 3), value=values)
def test_no_cell_can_be_changed_unseen(
    original: Path, tmp_path: Path, where: tuple[str, str], position: int, value: object
) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(original, copy)
    url = f"sqlite:///{copy}"
    table, column = where
    find = f"SELECT typeof({column}), quote({column}) FROM {table} ORDER BY row_hash"
    with tampering(url) as connection:
        before = connection.execute(find).fetchall()
        try:
            connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE position = ?", (value, position)
            )
        except sqlite3.IntegrityError:
            return  # the column itself refuses it
        changed = connection.execute(find).fetchall() != before
    assert verify(url).ok != changed


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").splitlines(keepends=True)


@pytest.fixture
def export(whole: Ledger, tmp_path: Path) -> Path:
    path = tmp_path / "export.jsonl"
    assert whole.export(path, key_folder=tmp_path / "keys") == 4 * ROWS
    return path


def test_an_export_verifies_without_the_database(whole: Ledger, export: Path, url: str) -> None:
    expected = whole.verify()
    whole.close()
    file_of(url).unlink()
    report = verify_export(export)
    assert report.ok
    assert report.chains == expected.chains
    assert (report.checkpoints, report.unsigned_rows) == (1, 0)
    assert len(report.signers) == 1


def test_every_line_of_an_export_matters(export: Path, tmp_path: Path) -> None:
    lines = lines_of(export)
    broken = tmp_path / "broken.jsonl"
    for number in range(1, len(lines)):
        broken.write_text("".join(lines[:number] + lines[number + 1 :]))
        assert not verify_export(broken).ok, f"line {number} may be left out"
        broken.write_text("".join([*lines[: number + 1], lines[number], *lines[number + 1 :]]))
        assert not verify_export(broken).ok, f"line {number} may be repeated"


def test_a_later_export_says_the_same_and_more(whole: Ledger, export: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl"
    whole.export(again, key_folder=tmp_path / "keys")
    assert again.read_bytes() == export.read_bytes()
    whole.append_scores([score()], writer="a")
    whole.export(again, key_folder=tmp_path / "keys")
    assert verify_export(again).checkpoints == 2


def resealed(lines: list[str]) -> str:
    """Give altered lines a fitting last line, as a forger would."""
    import hashlib

    body = "".join(lines[:-1])
    rows = sum('"row":' in line for line in lines)
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f'{body}{{"end":{{"rows":{rows},"sha256":"{digest}"}}}}\n'


@pytest.mark.parametrize(
    ("forgery", "what"),
    [
        (lambda lines: [line.replace('"HPH"', '"SGN"', 1) for line in lines], "altered"),
        (lambda lines: [*lines[:-2], lines[-1]], "missing at the end"),
        (lambda lines: [line for line in lines if "checkpoint" not in line], "signature"),
        (lambda lines: [line for line in lines if '"head":' not in line], "no head"),
        (lambda lines: [*lines[:-1], "{}\n", lines[-1]], "cannot be read"),
        (lambda lines: [*lines[:-1], "\udcff[]\n".encode("utf-8", "ignore").decode(), lines[-1]],
         "cannot be read"),
        (lambda lines: [lines[0], *lines[2:-1], lines[1], lines[-1]], "cannot be read"),
    ],
)  # fmt: skip
def test_a_forged_export_is_found_out(
    export: Path, forgery: Callable[[list[str]], list[str]], what: str
) -> None:
    export.write_text(resealed(forgery(lines_of(export))))
    assert any(what in problem.what for problem in verify_export(export).problems)


def test_a_truncated_export_is_found_out(export: Path) -> None:
    content = export.read_bytes()
    for length in (len(content) - 2, len(content) // 2, 60):
        export.write_bytes(content[:length])
        assert not verify_export(export).ok
