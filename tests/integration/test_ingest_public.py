"""Ingesting the public data sets by the command line, against a recount with the csv module."""

import csv
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd
import pytest

from riskml.datasets import load_tables

REPOSITORY = Path(__file__).parents[2]
PUBLIC = REPOSITORY.parent / "shared" / "data"
MAPPINGS = REPOSITORY / "data" / "mappings"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public data sets are not here"),
]


def run(*arguments):
    command = [sys.executable, "-m", "riskml.cli", "ingest", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)


def ingested(name, source, out):
    done = run("--mapping", MAPPINGS / f"{name}.toml", "--source", source, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["table"]: row for row in json.loads(done.stdout)}
    return rows, json.loads((out / "summary.json").read_text()), load_tables(out)


def lines_of(pattern):
    found = []
    for path in sorted(PUBLIC.glob(pattern)):
        with path.open(encoding="utf-8", newline="") as stream:
            found += list(csv.DictReader(stream))
    return found


@pytest.fixture(scope="module")
def lemis(tmp_path_factory):
    return ingested("lemis", PUBLIC / "lemis", tmp_path_factory.mktemp("lemis"))


@pytest.fixture(scope="module")
def shipments():
    found = defaultdict(list)
    for line in lines_of("lemis/*LEMIS*.csv"):
        found[line["control_number"]].append(line)
    return found


def test_every_lemis_line_and_shipment_loads(lemis, shipments):
    rows, _, tables = lemis
    assert (rows["declarations"]["loaded"], rows["inspections"]["loaded"]) == (11_913, 6_362)
    assert sum(map(len, shipments.values())) == 11_913
    assert len(tables.inspections) == len(shipments) == 6_362
    assert tables.quarantined == {}
    assert set(tables.declarations["bill_no"]) == set(shipments)


def test_lemis_outcomes_are_those_of_a_recount(lemis, shipments):
    _, summary, tables = lemis
    refused = {
        number
        for number, lines in shipments.items()
        if any(line["action"] == "R" or line["disposition"] in {*"SRAO"} for line in lines)
    }
    frame = tables.inspections
    assert set(frame.loc[frame["result"] == "violation", "bill_no"]) == refused
    assert (frame["result"] == "no_violation").sum() == len(shipments) - len(refused)
    closed = {n: max(line["disposition_date"] for line in g) for n, g in shipments.items()}
    arrived = {n: min(line["shipment_date"] for line in g) for n, g in shipments.items()}
    iso = frame["closed_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert dict(zip(frame["bill_no"], iso, strict=True)) == closed
    early = sum(closed[number] < arrived[number] for number in shipments)
    assert summary["outcomes_before_decision"] == early
    assert early > 800


def test_lemis_lines_keep_their_values(lemis, shipments):
    frame = lemis[2].declarations
    lines = [line for group in shipments.values() for line in group]
    by_shipment = Counter(frame["declaration_id"])
    assert by_shipment == {number: len(group) for number, group in shipments.items()}
    numbers = frame.groupby("declaration_id")["line_no"]
    assert (numbers.min() == 1).all()
    assert (numbers.max() == numbers.size()).all()
    assert frame["quantity"].sum() == pytest.approx(sum(float(li["quantity"]) for li in lines))
    kilograms = {"KG": 1.0, "GM": 1e-3, "MG": 1e-6}
    masses = [
        float(li["quantity"]) * kilograms[li["unit"]] for li in lines if li["unit"] in kilograms
    ]
    assert frame["net_mass_kg"].notna().sum() == len(masses)
    assert frame["net_mass_kg"].sum() == pytest.approx(sum(masses))
    assert Counter(frame["commodity_code"]) == Counter(line["species_code"] for line in lines)
    assert frame["customs_value"].isna().all()  # NA in every line of the public file


def test_na_is_namibia_in_the_country_columns_and_missing_elsewhere(lemis, shipments):
    frame = lemis[2].declarations
    assert (frame["origin_country"] == "NA").sum() == 5
    assert (frame["departure_country"] == "NA").sum() == 2
    lines = [line for group in shipments.values() for line in group]
    assert sum(line["country_origin"] == "NA" for line in lines) == 5
    assert (frame["x_genus"] == "NA").sum() == 0
    assert frame["x_genus"].isna().sum() == sum(line["genus"] == "NA" for line in lines)


def test_unknown_countries_are_missing_and_flagged(lemis, shipments):
    frame = lemis[2].declarations
    lines = [line for group in shipments.values() for line in group]
    unknown = sum(line["country_origin"] in {"XX", "VS"} for line in lines)
    assert frame["invalid_origin_country"].sum() == unknown == 149
    assert frame.loc[frame["invalid_origin_country"], "origin_country"].isna().all()
    assert frame["origin_country"].isna().sum() == unknown


def test_the_filtered_set_and_two_files_ingest_as_well(tmp_path, shipments):
    lines = [line for group in shipments.values() for line in group]
    kept = [
        line
        for line in lines
        if line["country_origin"] != "XX"
        and line["genus"] != "Non-CITES entry"
        and line["source"] != "U"
    ]
    source = tmp_path / "in"
    source.mkdir()
    years = {True: "a_LEMIS_later.csv", False: "b_LEMIS_earlier.csv"}
    for late, name in years.items():
        part = pd.DataFrame([li for li in kept if (li["shipment_year"] == "2019") == late])
        part.to_csv(source / name, index=False)
    rows, summary, tables = ingested("lemis", source, tmp_path / "out")
    assert rows["declarations"]["loaded"] == len(kept)
    assert len(tables.inspections) == len({line["control_number"] for line in kept})
    assert [file["file"] for file in summary["sources"]] == sorted(years.values())


def test_kcs(tmp_path):
    rows, summary, tables = ingested("kcs", PUBLIC / "kcs", tmp_path / "out")
    lines = lines_of("kcs/df_syn_*_eng.csv")
    assert rows["declarations"]["loaded"] == rows["inspections"]["loaded"] == len(lines) == 45_519
    assert summary["tables"]["inspections"]["results"] == {
        "no_violation": sum(line["Fraud"] == "0" for line in lines),
        "violation": sum(line["Fraud"] == "1" for line in lines),
    }
    frame = tables.declarations
    assert frame["commodity_code"].str.len().eq(6).all()
    assert frame["duty_rate"].tolist() == [float(line["Tax Rate"]) for line in lines]
    assert Counter(frame["mode"]) == {
        "sea": 25_781 + 98,
        "air": 18_722 + 737,
        "road": 169,
        "rail": 12,
    }
    delay = tables.inspections["closed_at"] - tables.inspections["selected_at"]
    assert (delay == pd.Timedelta(days=28)).all()
    assert [file["file"] for file in summary["sources"]] == [
        "df_syn_train_eng.csv",
        "df_syn_valid_eng.csv",
    ]


@pytest.mark.parametrize(
    ("source", "mapping", "code", "message"),
    [
        ("kcs", "lemis", 1, "no file in"),
        ("lemis", "nothing", 1, "cannot read the mapping"),
        ("nowhere", "lemis", 1, "no source folder"),
    ],
)
def test_bad_calls_are_one_line_and_write_nothing(tmp_path, source, mapping, code, message):
    out = tmp_path / "out"
    done = run("--mapping", MAPPINGS / f"{mapping}.toml", "--source", PUBLIC / source, "--out", out)
    assert done.returncode == code
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert not out.exists()
