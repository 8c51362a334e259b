"""The data dictionary is the vocabulary, and its worked mapping works."""

import re

import pandas as pd
import pytest

from riskml.datasets.export import write_ingestion
from riskml.datasets.ingest import ingest
from riskml.datasets.mapping import ColumnSpec, ExportMapping, LabelRule, SourceSpec, TableSpec
from riskml.schemas import TABLE_NAMES
from riskml.schemas.dictionary import column_dictionary, rule_dictionary
from tests.unit.datasets.exports import PLAIN

README = PLAIN.parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.mark.parametrize("table", TABLE_NAMES)
def test_every_column_is_in_the_dictionary(table):
    assert column_dictionary(table) in TEXT


def test_every_rule_is_explained():
    assert rule_dictionary() in TEXT


def test_every_key_of_a_mapping_is_explained():
    section = TEXT[TEXT.index("### Every key") :]
    for model in (ExportMapping, SourceSpec, TableSpec, ColumnSpec, LabelRule):
        for name, field in model.model_fields.items():
            key = field.alias or name
            assert f"`{key}`" in section or f"[{key}." in section, key


def test_the_worked_mapping_does_what_the_text_says(tmp_path):
    (mapping,) = blocks("toml")
    export, quarantine = blocks("csv")
    (tmp_path / "items.csv").write_text(export, encoding="cp1258")
    (tmp_path / "customs.toml").write_text(mapping, encoding="utf-8")
    found = ingest(tmp_path / "customs.toml", tmp_path, max_bad_share=0.3)
    write_ingestion(found, tmp_path / "out")
    lines = found.tables["declarations"].good
    assert len(lines) == 3
    assert lines["net_mass_kg"].tolist() == [12.5, 0.9, 1.2]
    assert lines["customs_value"].tolist() == [1250.0, 310.5, 88.0]
    assert lines["origin_country"].tolist() == ["CN", "CN", "NA"]
    assert lines["lodged_at"].iloc[0] == pd.Timestamp("2020-01-02T01:15", tz="UTC")
    inspections = found.tables["inspections"].good
    assert inspections["result"].tolist() == ["violation", "no_violation"]
    written = (tmp_path / "out" / "quarantine" / "declarations.csv").read_text()
    assert written == quarantine
