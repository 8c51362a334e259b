"""Capacity files and watch lists, good and bad."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from riskml.errors import DataError, EmptyTableError, RiskmlError, UnreadableFileError
from riskml.selection import Capacity, Quota, Scanner, read_capacity, read_watchlist

CSV = """\
office,date,mode,scanner_id,capacity,min_rate,exploration
Hai Phong,,sea,HP-1,40,0.05,10%
Hai Phong,,sea,HP-2,25,,
Hai Phong,2020-09-02,sea,,0,,

Da Nang,,,,6,,0
*,,,,,0.05,
"""

TOML = """\
[[capacity]]
office = "Hai Phong"
date = 2020-09-02
capacity = 0

[[capacity]]
office = "*"
min_rate = 0.05
exploration = 0.2
"""


def write(folder: Path, text: str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_row_that_says_most_counts(tmp_path: Path) -> None:
    capacity = read_capacity(write(tmp_path, CSV))
    day = date(2020, 9, 1)
    port = capacity.of("Hai Phong", day, "sea")
    assert port.scanners == (Scanner("HP-1", 40), Scanner("HP-2", 25))
    assert (port.capacity, port.min_rate, port.exploration) == (
        65,
        Fraction(1, 20),
        Fraction(1, 10),
    )
    assert capacity.of("Hai Phong", date(2020, 9, 2), "sea").capacity == 0
    assert capacity.of("Hai Phong", day, "road").capacity is None
    assert capacity.of("Da Nang", day, "sea").exploration == 0
    assert capacity.of("Lao Cai", day, "rail").budget(41) == 3


def test_toml_says_the_same(tmp_path: Path) -> None:
    capacity = read_capacity(write(tmp_path, TOML, "file.toml"))
    assert capacity.of("Hai Phong", date(2020, 9, 2), "sea").budget(10) == 0
    other = capacity.of("Hai Phong", date(2020, 9, 3), "sea")
    assert (other.budget(100), other.exploration) == (5, Fraction(1, 5))


def test_an_unspoken_office_has_no_capacity() -> None:
    assert Capacity(()).of("Hai Phong", date(2020, 9, 2), "sea").budget(10) == 0


def test_two_quotas_for_the_same_are_a_mistake() -> None:
    quota = Quota("Hai Phong", None, "*", (Scanner(None, 1),))
    with pytest.raises(ValueError, match="same office"):
        Capacity((quota, quota))


HEADER = "office,date,mode,scanner_id,capacity,min_rate,exploration\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A,,,,-1,,", r"line 2, column capacity: '-1'"),
        ("A,,,,2.5,,", r"line 2, column capacity: '2.5'"),
        (f"A,,,,{'9' * 6000},,", r"line 2, column capacity"),
        ("A,,,,3,1.5,", r"line 2, column min_rate: '1.5'"),
        ("A,,,,3,,nan", r"line 2, column exploration: 'nan'"),
        ("A,,,,3,,1/0", r"line 2, column exploration"),
        ("A,02/09/2020,,,3,,", r"line 2, column date: '02/09/2020'"),
        ("A,,,,,,", "line 2: neither capacity nor min_rate"),
        (",,,,3,,", "line 2: no office"),
        ("A,,,,3,,\nA,,,,4,,", "line 3: a second row"),
        ("A,,,S,3,,0.1\nA,,,T,4,,0.2", "line 3, column exploration: .* contradicts"),
        ("A,,,,3,,,9", "line 2 has 8 cells"),
    ],
)
def test_a_bad_capacity_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_capacity(write(tmp_path, f"{HEADER}{text}\n"))


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("c.csv", HEADER, EmptyTableError, "no capacity"),
        ("c.csv", "", UnreadableFileError, "no header"),
        ("c.csv", "capacity\n3\n", DataError, "no column 'office'"),
        ("c.csv", "office,capacity,colour\nA,3,red\n", DataError, "unknown column 'colour'"),
        ("c.csv", "office,capacity,capacity\nA,3,3\n", DataError, "stands there twice"),
        ("c.csv", 'office,capacity\n"A,3\n', UnreadableFileError, "line 2"),
        ("c.toml", "capacity = 3", DataError, "'capacity' is no list"),
        ("c.toml", "[[capacity]]\ncapacity = 3", DataError, r"capacity\[1\]: no key 'office'"),
        ("c.toml", "[[capacity]", UnreadableFileError, "no TOML"),
        ("c.toml", f"a = {'9' * 6000}", UnreadableFileError, "no TOML"),
        ("c.xlsx", "", UnreadableFileError, "neither .csv nor .toml"),
    ],
)
def test_an_unusable_file_is_named(
    tmp_path: Path, name: str, text: str, error: type[RiskmlError], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_capacity(write(tmp_path, text, name))


def test_files_that_are_not_there_or_not_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"none\.csv"):
        read_capacity(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"office,capacity\nH\xe0i,3\n")
    with pytest.raises(UnreadableFileError, match="byte 17 is not UTF-8"):
        read_capacity(tmp_path / "latin.csv")


def test_a_watch_list_is_read(tmp_path: Path) -> None:
    text = "column;value;valid_from;valid_to;owner;reason\nbill_no;B1;;2020-07-31;Team;Tip\n"
    (entry,) = read_watchlist(write(tmp_path, text))
    assert (entry.column, entry.value, entry.owner, entry.reason) == (
        "bill_no",
        "B1",
        "Team",
        "Tip",
    )
    assert (entry.valid_from, entry.valid_to) == (None, date(2020, 7, 31))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("bill_no,B1,,,,Tip", "line 2: no owner"),
        ("bill_no,B1,,,Team,", "line 2: no reason"),
        ("bill_no,B1,2020-08-01,2020-07-01,Team,Tip", "line 2: valid_to 2020-07-01 lies before"),
    ],
)
def test_a_bad_watch_entry_is_named_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    text = f"column,value,valid_from,valid_to,owner,reason\n{row}\n"
    with pytest.raises(DataError, match=message):
        read_watchlist(write(tmp_path, text))
