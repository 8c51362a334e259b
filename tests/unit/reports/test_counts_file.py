"""Published counts, from every format and with every mistake."""

import json
from datetime import date
from pathlib import Path

import pytest

from riskml.errors import DataError, EmptyTableError, RiskmlError, UnreadableFileError
from riskml.reports.counts import Group, PeriodCounts, Tally
from riskml.reports.counts_file import read_counts

SHIPPED = Path(__file__).parents[3] / "data" / "counts"
TOTAL = Tally(6198, 144, 31)
OFFICES = (
    Group("Hai Phong", Tally(2699, None, 22)),
    Group("Da Nang", Tally(127, None, 3)),
    Group("Ho Chi Minh City", Tally(1163, None, 5)),
)


def read(folder: Path, text: str, name: str) -> PeriodCounts:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_counts(path)


@pytest.mark.parametrize("suffix", ["toml", "csv"])
def test_the_reference_quarter_ships_in_both_formats(suffix: str) -> None:
    counts = read_counts(SHIPPED / f"reference_quarter_2020q3.{suffix}")
    assert (counts.total, counts.offices) == (TOTAL, OFFICES)
    assert (counts.first, counts.last) == (date(2020, 7, 1), date(2020, 9, 30))
    assert counts.title == "Reference quarter"
    assert counts.source.note.startswith("Published figures of Vietnam Customs")
    assert len(counts.source.digest) == 64


@pytest.mark.parametrize(
    "offices",
    [
        [{"name": "Hai Phong", "scans": 2699, "suspicious": None, "violations": 22.0}],
        {"Hai Phong": {"scans": "2,699", "violations": 22}},
    ],
)
def test_json_has_the_same_shape(tmp_path: Path, offices: object) -> None:
    text = json.dumps({"total": {"scans": 6198, "suspicious": 144}, "offices": offices})
    counts = read(tmp_path, text, "counts.json")
    assert counts.total == Tally(6198, 144, None)
    assert counts.offices == OFFICES[:1]


@pytest.mark.parametrize(
    "text",
    [
        "office,scans,suspicious,violations\nTotal,6198,144,31\nHai Phong,2699,unknown,22\n",
        "\ufeffOffice;Scans;Suspicious;Violations\n;6.198;144;31\nHai Phong;2.699;không rõ;22\n",
        'violations\toffice\tscans\n\n31\ttổng cộng\t6 198\n22\tHai Phong\t"2,699"\n',
        "name,scans,suspicious,violations\r\nALL,6198.0,144.0,31.0\r\nHai Phong,2699.0,,22.0\r\n",
    ],
)
def test_csv_is_read_as_spreadsheets_write_it(tmp_path: Path, text: str) -> None:
    counts = read(tmp_path, text, "counts.csv")
    assert (counts.total.scans, counts.total.violations) == (6198, 31)
    assert counts.offices == OFFICES[:1]


def test_without_a_total_the_offices_make_it_up(tmp_path: Path) -> None:
    text = "office,scans,suspicious,violations\nA,100,5,1\nB,50,,2\n"
    assert read(tmp_path, text, "counts.csv").total == Tally(150, None, 3)


def test_other_divisions_and_clear_violations(tmp_path: Path) -> None:
    text = """
        [total]
        scans = 100
        suspicious = 2
        violations = 5
        violations_clear = 4
        [[mode]]
        name = "sea"
        scans = 70
        [[month]]
        name = "2020-07"
        scans = 100
    """
    counts = read(tmp_path, text, "counts.toml")
    assert counts.total.confirmed == 1
    assert counts.modes == (Group("sea", Tally(70, None, None)),)
    assert counts.months == (Group("2020-07-01", Tally(100, None, None)),)


HEADER = "office,scans,suspicious,violations\n"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("A,10,11,1", r"line 2 \(A\), column suspicious: 11 is more than the 10 of scans"),
        ("A,10,,11", r"line 2 \(A\), column violations: 11 is more than the 10 of scans"),
        ("A,10,2,3", r"column violations: 3 violations of 2 suspicious.*violations_clear"),
        ("A,-3,,", r"line 2 \(A\), column scans: '-3' is no count"),
        ("A,2.5,,", r"column scans: '2.5' is no count"),
        ("A,NaN?,,", r"column scans: 'NaN\?' is no count"),
        ("A,1e3,,", r"column scans: '1e3' is no count"),
        ("A,9999999999999,,", r"column scans: .* too large"),
        (f"A,{'9' * 6000},,", "is no count"),
        ("A,10,,1\nA,20,,1", r"line 3 \(A\): office 'A' already stands in line 2"),
        ("total,10,,1\nall,20,,1", r"line 3 is a second total, after line 2"),
        ("total,10,,1\nA,11,,1", "office, column scans: the rows sum to 11, the total is 10"),
        ("total,10,,1\nA,6,,1\nB,4,,1", "column violations: the rows sum to 2, the total is 1"),
        ("total,10,,3\nA,9,,1", "the total leaves 2 violations in the 1 scans"),
        ("total,6,198,144,31", "line 2 has 5 cells under 4 columns"),
    ],
)
def test_impossible_counts_name_place_column_value_and_remedy(
    tmp_path: Path, rows: str, message: str
) -> None:
    with pytest.raises(DataError, match=message) as error:
        read(tmp_path, f"{HEADER}{rows}\n", "counts.csv")
    assert "counts.csv" in error.value.message
    assert error.value.remedy


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("c.csv", "", UnreadableFileError, "no header"),
        ("c.csv", "office\nA\n", DataError, "the columns are office"),
        ("c.csv", "scans\n3\n", DataError, "the columns are scans"),
        ("c.csv", "office,scans,colour\n", DataError, "unknown column 'colour'"),
        ("c.csv", "office,scans,scans\n", DataError, "stands there twice"),
        ("c.csv", HEADER, EmptyTableError, "no counts"),
        ("c.csv", 'office,scans\n"A,3\n', UnreadableFileError, "line 2"),
        ("c.toml", "", EmptyTableError, "no counts"),
        ("c.toml", "[total]\nscanned = 3", DataError, "total: unknown key 'scanned'"),
        ("c.toml", "total = 3", DataError, "total is no table"),
        ("c.toml", "totals = 3", DataError, "unknown key 'totals'"),
        ("c.toml", "[[office]]\nscans = 3", DataError, r"office\[1\] has no name"),
        ("c.toml", "office = [3]", DataError, r"office\[1\] is no table"),
        ("c.toml", "office = 3", DataError, "office is no list of tables"),
        ("c.toml", "[total", UnreadableFileError, "no TOML"),
        ("c.toml", "[total]\nscans = true", DataError, "column scans: 'True'"),
        ("c.toml", f"[total]\nscans = {'9' * 6000}", UnreadableFileError, "no TOML"),
        ("c.toml", "from = 2020-13\n[total]\nscans = 3", UnreadableFileError, "no TOML"),
        ("c.toml", "from = 'July'\n[total]\nscans = 3", DataError, "'from' 'July' is no date"),
        (
            "c.toml",
            "from = 2020-07-02\nto = 2020-07-01\n[total]\nscans = 3",
            DataError,
            "'to' 2020-07-01 lies before",
        ),
        ("c.toml", "[total]\nscans=3\n[[month]]\nname='May'", DataError, "month 'May' is no month"),
        ("c.json", "[1]", UnreadableFileError, "the JSON is no object"),
        ("c.json", "{", UnreadableFileError, "no JSON"),
        ("c.xlsx", "", UnreadableFileError, "no counts format is called '.xlsx'"),
    ],
)
def test_unusable_files_are_refused(
    tmp_path: Path, name: str, text: str, error: type[RiskmlError], message: str
) -> None:
    with pytest.raises(error, match=message):
        read(tmp_path, text, name)


def test_files_that_are_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"none\.csv"):
        read_counts(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"office,scans\nH\xe0i,3\n")
    with pytest.raises(UnreadableFileError, match="byte 14 is not UTF-8"):
        read_counts(tmp_path / "latin.csv")
