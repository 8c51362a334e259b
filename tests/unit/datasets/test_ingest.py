"""Ingestion as a whole: the promise of 37 bad rows, sources, refusals, what is written."""

import csv
import json
import random
import sqlite3
from dataclasses import dataclass

import pandas as pd
import pytest

from riskml.datasets import load_tables
from riskml.datasets.export import check_writable, summarise, write_ingestion
from riskml.datasets.ingest import ingest, outcomes_before_decision
from riskml.errors import (
    ConfigError,
    DataError,
    EmptyTableError,
    MissingColumnError,
    TooManyBadRowsError,
    UnreadableFileError,
    UsageError,
)
from tests.unit.datasets.exports import HEADER, LINES, MAPPING, PLAIN, declarations, export


@dataclass(frozen=True)
class Fault:
    """One way to spoil a row, and how the quarantine must name it."""

    column: str
    value: str
    rule: str


FAULTS = (
    Fault("office", "", "missing_value"),
    Fault("lodged_at", "2020-02-30", "unreadable_time"),
    Fault("customs_value", "twelve", "unreadable_number"),
    Fault("net_mass_kg", "-4.5", "negative"),
    Fault("packages", "inf", "not_finite"),
    Fault("mode", "camel", "not_a_choice"),
    Fault("duty_rate", "1000000", "out_of_range"),
    Fault("line_no", "1.5", "not_whole"),
    Fault("declaration_id", "", "duplicate"),
)
BAD_ROWS = 37


def spoil(frame):
    """Spoil 37 rows in nine ways; return what the quarantine must hold."""
    rng = random.Random(7)  # noqa: S311 (a test, not a secret)
    rows = rng.sample(range(1, len(frame)), BAD_ROWS)
    expected = set()
    for number, row in enumerate(rows):
        fault = FAULTS[number % len(FAULTS)]
        value = fault.value
        if fault.rule == "duplicate":
            # A repetition of the first row, which is good and stands before all others.
            frame.iloc[row] = frame.iloc[0]
            value = frame.iloc[0]["declaration_id"]
        else:
            frame.loc[row, fault.column] = value
        expected.add((str(row + 1), fault.rule, fault.column, value))
    return expected


def test_of_10000_rows_37_are_bad_in_nine_ways_and_9963_load(tmp_path):
    frame = declarations(10_000)
    expected = spoil(frame)
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    frame.to_csv(source / "declarations.csv", index=False)
    write_ingestion(ingest(PLAIN, source), out)
    with (out / "quarantine" / "declarations.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert {
        (line["row"], line["rule"], line["column"], line["value"]) for line in lines
    } == expected
    assert len(lines) == len(expected) == BAD_ROWS
    assert {line["file"] for line in lines} == {"declarations.csv"}
    assert len({line["rule"] for line in lines}) == 9
    loaded = load_tables(out, need=["declarations"])
    assert len(loaded.declarations) == 9_963
    assert loaded.quarantined == {}
    bad = {int(row) - 1 for row, *_ in expected}
    kept = [name for row, name in enumerate(frame["declaration_id"]) if row not in bad]
    assert loaded.declarations["declaration_id"].tolist() == kept


def test_what_is_written(tmp_path):
    out = tmp_path / "out"
    found = ingest(export(tmp_path / "in"), tmp_path / "in")
    summary = write_ingestion(found, out)
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()) == [
        "declarations.parquet",
        "inspections.parquet",
        "quarantine/declarations.csv",
        "quarantine/inspections.csv",
        "summary.json",
    ]
    assert json.loads((out / "summary.json").read_text()) == summary
    assert summary["tables"]["inspections"]["results"] == {"no_violation": 1, "violation": 1}
    assert summary["tables"]["declarations"]["unknown_codes"] == {"origin_country": 1}
    assert len(summary["sources"][0]["sha256"]) == 64
    assert len(summary["tables"]["declarations"]["sha256"]) == 64


def test_the_same_export_gives_the_same_files(tmp_path):
    mapping = export(tmp_path / "in")
    first = write_ingestion(ingest(mapping, tmp_path / "in"), tmp_path / "one")
    second = write_ingestion(ingest(mapping, tmp_path / "in"), tmp_path / "two")
    assert first == second


def test_other_files_of_the_folder_stay(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "truth.parquet").write_text("mine")
    found = ingest(export(tmp_path / "in"), tmp_path / "in")
    write_ingestion(found, out)
    write_ingestion(found, out)
    assert (out / "truth.parquet").read_text() == "mine"
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


class TestSources:
    def test_files_are_read_in_the_order_of_their_names(self, tmp_path):
        export(tmp_path, LINES.replace("A,", "Z,").replace("B,", "Y,"), name="b.csv")
        found = ingest(export(tmp_path, name="a.csv"), tmp_path)
        ids = found.tables["declarations"].good["declaration_id"].tolist()
        assert ids == ["A", "A", "B", "Z", "Z", "Y"]
        assert [file.name for file in found.files["lines"]] == ["a.csv", "b.csv"]

    def test_lines_are_numbered_over_all_files(self, tmp_path):
        export(tmp_path, LINES.splitlines()[0] + "\n", name="b.csv")
        found = ingest(export(tmp_path, name="a.csv"), tmp_path)
        numbers = found.tables["declarations"].good["line_no"].tolist()
        assert numbers == [1, 2, 1, 3]
        assert found.tables["inspections"].mapped.in_several_files == 1
        assert any("several files" in note for note in summarise(found)["notes"])

    def test_a_copy_of_a_file_is_read_once_and_said(self, tmp_path):
        export(tmp_path, name="b.csv")
        found = ingest(export(tmp_path, name="a.csv"), tmp_path)
        assert len(found.tables["declarations"].good) == 3
        assert any("same content as a.csv" in note for note in summarise(found)["notes"])

    def test_malformed_lines_count_and_are_quarantined(self, tmp_path):
        found = ingest(export(tmp_path, LINES + "C,1\n"), tmp_path, max_bad_share=0.4)
        table = found.tables["declarations"]
        assert (table.rows, table.quarantined, len(table.good)) == (4, 1, 3)
        assert table.by_rule == {"wrong_field_count": 1}
        assert table.quarantine.iloc[0]["row"] == 4

    def test_parquet(self, tmp_path):
        frame = declarations(5).assign(
            lodged_at=pd.date_range("2020-01-01", periods=5, tz="Asia/Ho_Chi_Minh"), line_no=1
        )
        frame.to_parquet(tmp_path / "declarations.parquet")
        text = PLAIN.read_text().replace('.csv"\n', '.parquet"\nformat = "parquet"\n')
        (tmp_path / "m.toml").write_text(text)
        good = ingest(tmp_path / "m.toml", tmp_path).tables["declarations"].good
        assert good["lodged_at"].iloc[0] == pd.Timestamp("2019-12-31T17:00", tz="UTC")
        (tmp_path / "declarations.parquet").write_bytes(b"PAR1")
        with pytest.raises(UnreadableFileError, match=r"declarations\.parquet"):
            ingest(tmp_path / "m.toml", tmp_path)

    def test_optional_sources_may_be_absent_but_not_all(self, tmp_path):
        with pytest.raises(UnreadableFileError, match="no file of the mapping plain"):
            ingest(PLAIN, tmp_path)
        declarations(3).to_csv(tmp_path / "declarations_2020.csv", index=False)
        assert list(ingest(PLAIN, tmp_path).tables) == ["declarations"]


class TestDatabase:
    mapping = MAPPING.replace('files = "*.csv"', 'url = "sqlite:///{source}/x.db"\ntable = "lines"')

    def database(self, folder):
        rows = list(csv.reader(LINES.splitlines()))
        with sqlite3.connect(folder / "x.db") as connection:
            names = ", ".join(f'"{name}"' for name in HEADER.strip().split(","))
            connection.execute(f"CREATE TABLE lines ({names})")
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO lines VALUES ({marks})", rows)
        connection.close()

    def run(self, folder, mapping):
        (folder / "m.toml").write_text(mapping)
        return ingest(folder / "m.toml", folder)

    def test_same_rows_as_from_csv(self, tmp_path):
        self.database(tmp_path)
        from_database = self.run(tmp_path, self.mapping)
        from_csv = ingest(export(tmp_path / "csv"), tmp_path / "csv")
        for name, table in from_csv.tables.items():
            pd.testing.assert_frame_equal(table.good, from_database.tables[name].good)
        assert from_database.files["lines"][0].name == "lines"

    def test_the_url_may_come_from_the_environment(self, tmp_path, monkeypatch):
        self.database(tmp_path)
        mapping = self.mapping.replace('url = "sqlite:///{source}/x.db"', 'url_env = "CUSTOMS_DB"')
        with pytest.raises(ConfigError, match="CUSTOMS_DB is not set"):
            self.run(tmp_path, mapping)
        monkeypatch.setenv("CUSTOMS_DB", "sqlite:///{source}/x.db")
        assert len(self.run(tmp_path, mapping).tables) == 2

    @pytest.mark.parametrize(
        ("old", "new", "error", "message"),
        [
            ("x.db", "y.db", UnreadableFileError, r"no database .*y\.db"),
            ('table = "lines"', 'table = "rows"', UnreadableFileError, "has no table rows"),
            ('"Office"', '"Bureau"', MissingColumnError, "no column 'Bureau'"),
            ("sqlite:///{source}/x.db", "not a url", ConfigError, "is no SQLAlchemy URL"),
            ("sqlite:///{source}/x.db", "oracle://h/x", ConfigError, "driver"),
        ],
    )
    def test_what_is_wrong_is_named(self, tmp_path, old, new, error, message):
        self.database(tmp_path)
        with pytest.raises(error, match=message):
            self.run(tmp_path, self.mapping.replace(old, new))
        assert not (tmp_path / "y.db").exists()

    def test_a_password_is_never_shown(self, tmp_path):
        url = "postgresql+psycopg://me:secret@127.0.0.1:1/x?connect_timeout=1"
        with pytest.raises(DataError) as caught:
            self.run(tmp_path, self.mapping.replace("sqlite:///{source}/x.db", url))
        assert "secret" not in str(caught.value)
        assert "***" in str(caught.value)


class TestRefusals:
    def test_too_many_bad_rows(self, tmp_path):
        mapping = export(tmp_path, LINES.replace(",4,", ",9,"))
        message = r"1 of 3 rows are bad \(33\.3%.*not_a_choice.*row 3.*mode.*'9'"
        with pytest.raises(TooManyBadRowsError, match=message):
            ingest(mapping, tmp_path)
        assert len(ingest(mapping, tmp_path, max_bad_share=0.34).tables) == 2

    def test_no_good_row_at_all(self, tmp_path):
        mapping = export(tmp_path, LINES.replace("/2020", "/soon"))
        with pytest.raises(TooManyBadRowsError):
            ingest(mapping, tmp_path, max_bad_share=1.0)

    @pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
    def test_an_impossible_share(self, tmp_path, share):
        with pytest.raises(UsageError, match="--max-bad-share"):
            ingest(export(tmp_path), tmp_path, max_bad_share=share)

    def test_no_file_matches(self, tmp_path):
        mapping = export(tmp_path / "in")
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "x.txt").write_text("")
        with pytest.raises(UnreadableFileError, match=r"matches \*\.csv \(it holds x\.txt\)"):
            ingest(mapping, tmp_path / "other")
        with pytest.raises(UnreadableFileError, match="no source folder"):
            ingest(mapping, tmp_path / "none")

    def test_a_missing_source_column(self, tmp_path):
        mapping = export(tmp_path, mapping=MAPPING.replace('"Office"', '"Ofice"'))
        with pytest.raises(MissingColumnError, match=r"a\.csv has no column 'Ofice'.*'Office'"):
            ingest(mapping, tmp_path)

    def test_a_later_file_without_the_column(self, tmp_path):
        mapping = export(tmp_path)
        (tmp_path / "b.csv").write_text("Decl,Day\nA,02/01/2020\n")
        with pytest.raises(MissingColumnError, match=r"b\.csv has no column"):
            ingest(mapping, tmp_path)

    def test_an_empty_table(self, tmp_path):
        with pytest.raises(EmptyTableError, match="no data row"):
            ingest(export(tmp_path, ""), tmp_path)

    def test_filters_that_leave_nothing(self, tmp_path):
        drop = 'drop_when = [{ Office = "HP" }]\none_row_per'
        mapping = export(tmp_path, mapping=MAPPING.replace("one_row_per", drop))
        with pytest.raises(EmptyTableError, match="filters leave no row"):
            ingest(mapping, tmp_path)

    def test_a_place_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("")
        for place in (tmp_path / "file", tmp_path / "file" / "below"):
            with pytest.raises(DataError, match="cannot write into"):
                check_writable(place)
        check_writable(tmp_path / "new" / "deep")
        assert not (tmp_path / "new").exists()

    def test_a_failed_write_leaves_nothing(self, tmp_path, monkeypatch):
        found = ingest(export(tmp_path / "in"), tmp_path / "in")

        def full(*_args, **_options):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("riskml.datasets.export.write_quarantine", full)
        with pytest.raises(DataError, match="No space left"):
            write_ingestion(found, tmp_path / "out")
        assert not (tmp_path / "out").exists()
        (tmp_path / "old").mkdir()
        (tmp_path / "old" / "summary.json").write_text("old")
        with pytest.raises(DataError, match="No space left"):
            write_ingestion(found, tmp_path / "old")
        assert [path.name for path in (tmp_path / "old").iterdir()] == ["summary.json"]


def test_outcomes_before_their_decision_are_counted():
    def times(*values):
        return pd.to_datetime(pd.Series(values), utc=True)

    closed = ("2020-01-03", "2020-01-04", "2020-01-03", "2020-01-02", None, "2020-01-02")
    tables = {
        "declarations": pd.DataFrame(
            {
                "declaration_id": ["D", "D"],
                "bill_no": ["B", "C"],
                "lodged_at": times("2020-01-05", "2020-01-04"),
            }
        ),
        "manifests": pd.DataFrame({"bill_no": ["M"], "submitted_at": times("2020-01-03")}),
        "inspections": pd.DataFrame(
            {
                "declaration_id": ["D", "D", None, None, None, None],
                "bill_no": [None, None, "C", "M", "M", "?"],
                "selected_at": times(*["2020-01-02"] * 6),
                "closed_at": times(*closed),
            }
        ),
    }
    assert outcomes_before_decision(tables) == 3
    del tables["inspections"]
    assert outcomes_before_decision(tables) == 0
