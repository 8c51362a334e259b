"""Applying a mapping: columns, merged lines, labels."""

import numpy as np
import pandas as pd
import pytest

from riskml.datasets.grouping import group_lines, pick_lines
from riskml.datasets.ingest import ingest
from riskml.datasets.labelling import label_outcomes, matching
from riskml.datasets.mapping import LabelRule
from riskml.schemas import Reading
from tests.unit.datasets.exports import LINES, MAPPING, export


def day(text):
    return pd.Timestamp(text, tz="UTC")


def changed(old, new):
    assert old in MAPPING
    return MAPPING.replace(old, new, 1)


def mapped(tmp_path, lines=LINES, mapping=MAPPING):
    return ingest(export(tmp_path, lines, mapping), tmp_path).tables


def test_columns_of_an_export(tmp_path):
    lines = mapped(tmp_path)["declarations"].good
    assert lines["declaration_id"].tolist() == ["A", "A", "B"]
    assert lines["line_no"].tolist() == [1, 2, 1]
    assert lines["mode"].tolist() == ["sea", "sea", "air"]
    assert lines["commodity_code"].tolist() == ["010121", "847130", "847130"]
    assert lines["customs_value"].tolist() == [1000.5, 20.0, 3.5]
    # Midnight in Ho Chi Minh City is 17:00 UTC of the day before.
    assert lines["lodged_at"].iloc[0] == day("2020-01-01T17:00")


def test_units_of_the_row(tmp_path):
    masses = mapped(tmp_path)["declarations"].good["net_mass_kg"]
    np.testing.assert_allclose(masses, [2.0, 0.5, np.nan])


def test_missing_tokens_are_of_one_column(tmp_path):
    origins = mapped(tmp_path)["declarations"].good
    assert origins["origin_country"].isna().tolist() == [True, True, False]
    assert origins["invalid_origin_country"].tolist() == [False, True, False]
    own = MAPPING.replace('"-"]', '"-"]\nmissing_by_column = { Origin = ["XX"] }')
    origins = mapped(tmp_path, mapping=own)["declarations"].good
    assert origins["origin_country"].tolist()[0] == "NA"  # Namibia
    assert origins["invalid_origin_country"].tolist() == [False, False, False]


def test_lines_are_merged_into_one_inspection(tmp_path):
    rows = mapped(tmp_path)["inspections"]
    assert rows.good["inspection_id"].tolist() == ["I-A", "I-B"]
    assert rows.good["result"].tolist() == ["violation", "no_violation"]
    assert rows.good["closed_at"].tolist() == [day("2020-01-09"), day("2020-01-04")]
    np.testing.assert_allclose(rows.good["revenue_recovered"], [7.5, np.nan])
    assert (rows.mapped.lines, rows.rows) == (3, 2)


def test_a_bad_line_is_quarantined_with_its_own_row_and_text(tmp_path):
    lines = LINES.replace("09/01/2020", "9 Jan").replace('"3,5"', "-2")
    tables = ingest(export(tmp_path, lines), tmp_path, max_bad_share=0.6).tables
    assert tables["inspections"].quarantine.iloc[0].tolist() == [
        "a.csv",
        1,
        "unreadable_time",
        "closed_at",
        "9 Jan",
    ]
    assert tables["declarations"].quarantine.iloc[0].tolist() == [
        "a.csv",
        3,
        "negative",
        "customs_value",
        "-2",
    ]


def test_a_sum_that_cannot_be_read_names_the_line(tmp_path):
    lines = LINES.replace(",7.5", ",lots")
    inspections = ingest(export(tmp_path, lines), tmp_path, max_bad_share=0.6).tables["inspections"]
    assert inspections.quarantine["value"].tolist() == ["lots"]
    assert inspections.quarantine["rule"].tolist() == ["unreadable_number"]


def test_filters(tmp_path):
    head = "[tables.declarations]\n"
    only = changed(head, head + 'keep_when = [{ Mode = 4 }, { Office = "X" }]\n')
    table = mapped(tmp_path, mapping=only)["declarations"]
    assert table.good["declaration_id"].tolist() == ["B"]
    assert table.mapped.filtered == 2
    assert table.good["line_no"].tolist() == [1]
    without = changed(head, head + "drop_when = [{ Mode = 4 }]\n")
    assert mapped(tmp_path, mapping=without)["declarations"].good["line_no"].tolist() == [1, 2]


def test_unlisted_codes_are_kept_or_missing(tmp_path):
    lines = LINES.replace(",4,", ",9,")
    tables = ingest(export(tmp_path, lines), tmp_path, max_bad_share=0.6).tables
    assert tables["declarations"].quarantine["value"].tolist() == ["9"]
    missing = MAPPING.replace('4 = "air" } }', '4 = "air" }, unlisted = "missing" }')
    export(tmp_path, lines, missing)
    tables = ingest(tmp_path / "mapping.toml", tmp_path, max_bad_share=0.6).tables
    assert tables["declarations"].quarantine["rule"].tolist() == ["missing_value"]


def test_joined_columns_and_prefixes(tmp_path):
    more = changed(
        'origin_country = "Origin"',
        'goods_description = { join = ["Found", "Extra", "Unit"], separator = "/", prefix = "p:" }'
        '\nimporter_id = { from = "Extra", prefix = "M" }',
    )
    found = mapped(tmp_path, mapping=more)["declarations"].good
    assert found["goods_description"].tolist() == ["p:OK/kg", "p:F/7.5/g", "p:OK/box"]
    assert found["importer_id"].isna().tolist() == [True, False, True]
    assert found["importer_id"].iloc[1] == "M7.5"


def test_extra_columns_may_hold_numbers(tmp_path):
    more = changed(
        'office = "Office"',
        'office = "Office"\nx_raw = "Extra"\n'
        'x_extra = { from = "Extra", number = true, multiplier = 2.0 }',
    )
    found = mapped(tmp_path, mapping=more)["declarations"].good
    np.testing.assert_allclose(found["x_extra"], [np.nan, 15.0, np.nan])
    assert found["x_raw"].dtype == "str"


def test_date_offsets(tmp_path):
    later = MAPPING.replace('pick = "latest"', 'pick = "latest", offset_days = 28')
    closed = mapped(tmp_path, mapping=later)["inspections"].good["closed_at"]
    assert closed.iloc[0] == day("2020-02-06")


class TestGroups:
    lines = pd.DataFrame(
        {
            "key": ["a", "b", "a", None, None, "b"],
            "when": ["2020-03-01", None, "2020-02-01", "2020-01-01", None, "2020-05-01"],
            "size": ["2", "10", "9", "1", "", "3"],
        },
        dtype="str",
    )
    groups = group_lines(lines, ("key",))

    def test_lines_without_key_stay_alone(self):
        assert self.groups.of_line.tolist() == [0, 1, 0, 2, 3, 1]
        assert self.groups.first.tolist() == [0, 1, 3, 4]

    @pytest.mark.parametrize(
        ("pick", "column", "expected"),
        [
            ("first", "when", [0, 5, 3, 4]),
            ("last", "size", [2, 5, 3, 4]),
            ("earliest", "when", [2, 5, 3, 4]),
            ("latest", "when", [0, 5, 3, 4]),
            ("smallest", "size", [0, 5, 3, 4]),
            ("largest", "size", [2, 1, 3, 4]),  # 10 is larger than 3, though not as text
        ],
    )
    def test_who_speaks(self, pick, column, expected):
        found = pick_lines(self.lines[column], Reading(), pick, self.groups)
        assert found.tolist() == expected

    def test_what_cannot_be_read_speaks_first(self):
        values = self.lines["when"].replace({"2020-02-01": "soon"})
        for pick in ("earliest", "latest"):
            assert pick_lines(values, Reading(), pick, self.groups).tolist()[0] == 2


class TestLabels:
    rule = LabelRule(
        violation_when=({"action": ("R",)}, {"disposition": ("S", "O")}),
        no_violation_when=({"action": ("C",), "disposition": ("C", "")},),
    )
    lines = pd.DataFrame(
        {
            "key": list("aabbccd"),
            "action": list("CRCCC?C"),
            "disposition": ["C", "C", "C", None, "C", "C", "S"],
        },
        dtype="str",
    )

    def test_by_line(self):
        result, unexplained = label_outcomes(self.lines, self.rule, None)
        expected = ["no_violation", "violation", *["no_violation"] * 3, None, "violation"]
        assert [None if pd.isna(value) else value for value in result] == expected
        assert unexplained == 1

    def test_one_line_makes_the_violation_and_all_make_its_absence(self):
        groups = group_lines(self.lines, ("key",))
        result, unexplained = label_outcomes(self.lines, self.rule, groups)
        assert [None if pd.isna(value) else value for value in result] == [
            "violation",
            "no_violation",
            None,
            "violation",
        ]
        assert unexplained == 1

    def test_conditions_hold_together(self):
        both = matching(self.lines, [{"action": ("C",), "disposition": ("S",)}])
        assert both.tolist() == [False] * 6 + [True]
