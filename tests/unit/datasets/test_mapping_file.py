"""A mapping that is wrong is refused, with the file, the key and a remedy in one line."""

from pathlib import Path

import pytest

from riskml.datasets.mapping_file import load_mapping
from riskml.errors import ConfigError, UnreadableFileError
from tests.unit.datasets.exports import MAPPING, PLAIN

SHIPPED = sorted(PLAIN.parent.glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_mappings_load(path):
    assert load_mapping(path).name == path.stem


def test_the_expected_mappings_are_shipped():
    assert {path.stem for path in SHIPPED} >= {"lemis", "kcs", "plain"}


def test_short_forms():
    table = load_mapping(PLAIN.parent / "lemis.toml").tables["inspections"]
    assert table.columns["office"].source == "port"
    assert table.columns["propensity"].constant == "1.0"
    assert table.one_row_per == ("control_number",)
    assert table.result.violation_when[0] == {"action": ("R",)}


def load_text(folder: Path, text: str):
    path = folder / "m.toml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "test"', 'name = "test', r"m\.toml is not TOML.*line 2"),
        ('name = "test"', "", r"name: Field required"),
        ('name = "test"', 'name = "t"\nauthor = "x"', r"unknown key author"),
        ("pad = 6", "padd = 6", r"tables\.declarations\.columns\.commodity_code\.padd.*'pad'"),
        ("pad = 6", 'pad = "six"', r"commodity_code\.pad: Input should be a valid integer"),
        ('office = "Office"', "", r"nothing is mapped to office"),
        ('office = "Office"', 'ofice = "Office"', r"ofice is no column of declarations.*'office'"),
        ('office = "Office"', "office = {}", r"exactly one of from, constant, join"),
        ('source = "lines"', 'source = "rows"', r"tables\.declarations\.source 'rows'"),
        ("Asia/Ho_Chi_Minh", "Asia/Hanoi", r"'Asia/Hanoi' is no time zone"),
        ('files = "*.csv"', "", r"exactly one of files, url, url_env"),
        ('files = "*.csv"', 'files = "/etc/*"', r"inside the source folder"),
        ('files = "*.csv"', 'files = "*.csv"\nencoding = "utf-9"', r"'utf-9' is no encoding"),
        ('files = "*.csv"', 'url = "sqlite://"', r"needs the name of its table"),
        ("[tables.declarations]", "[tables.sailors]", r"tables\.sailors"),
        ('one_row_per = "Decl"', "", r"selected_at\.pick: there are no lines to pick from"),
        ("[tables.inspections.result]", "[tables.declarations.result]", r"only inspections"),
        (
            'office = "Office"\nselected',
            'office = "Office"\nresult = "Found"\nselected',
            r"keep one",
        ),
        ('no_violation_when = [{ Found = "OK" }]', "no_violation_when = []", r"at least 1"),
        ('commodity_system = "HS"', 'commodity_system = "SITC"', r"commodity_system"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, message):
    assert old in MAPPING
    with pytest.raises(ConfigError, match=message) as caught:
        load_text(tmp_path, MAPPING.replace(old, new, 1))
    assert "m.toml" in str(caught.value)
    assert caught.value.remedy
    assert caught.value.exit_code == 2


def test_an_absent_or_binary_mapping_is_named(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"none\.toml \(No such file"):
        load_mapping(tmp_path / "none.toml")
    with pytest.raises(UnreadableFileError, match="Is a directory"):
        load_mapping(tmp_path)
    (tmp_path / "b.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(UnreadableFileError, match="not UTF-8"):
        load_mapping(tmp_path / "b.toml")
