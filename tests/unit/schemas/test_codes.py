"""Unknown codes become missing and are flagged; known ones are spelled one way."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iso6346

from riskml.schemas.codes import check_containers, country_codes, read_codes


def read(kind, *values, system=None):
    codes, unknown = read_codes(pd.Series(values, dtype="str"), kind, system)
    return [None if pd.isna(code) else code for code in codes], unknown.tolist()


def test_countries():
    codes, unknown = read("country", "VN", "vn", "XX", "NA", None, "USA", "VN")
    assert codes == ["VN", "VN", None, "NA", None, None, "VN"]
    assert unknown == [False, False, True, False, False, True, False]
    assert len(country_codes()) > 240


def test_ports():
    codes, unknown = read("port", "VNHPH", "vn hph", "VNHP1", "XXHPH", "HPH", None, "VNHP2")
    assert codes == ["VNHPH", "VNHPH", None, None, None, None, "VNHP2"]
    assert unknown == [False, False, True, True, True, False, False]


def test_containers():
    codes, unknown = read(
        "container", "CSQU3054383", "csqu 305438-3", "CSQU3054384", "", None, "HÀNG1234567", "١٢٣"
    )
    assert codes == ["CSQU3054383", "CSQU3054383", None, None, None, None, None]
    assert unknown == [False, False, True, True, False, True, True]


@pytest.mark.parametrize("system", ["other", None])
def test_commodities_of_other_systems_are_kept(system):
    assert read("commodity", "RACA", "84", "8471.30", system=system) == (
        ["RACA", "84", "8471.30"],
        [False, False, False],
    )


def test_commodities_of_the_harmonised_system():
    given = ("8471.30.00", "0101", "847", "12345678901", "RACA", None)
    codes, unknown = read("commodity", *given, system="HS")
    assert codes == ["84713000", "0101", None, None, None, None]
    assert unknown == [False, False, True, True, True, False]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.from_regex(r"[A-Z]{3}[UJZR][0-9]{7}", fullmatch=True), max_size=20))
def test_check_digit_agrees_with_stdnum(numbers):
    """The vectorised check digit is the one of python-stdnum, on numbers of any check digit."""
    numbers += [number[:10] + iso6346.calc_check_digit(number[:10]) for number in numbers]
    _, known = check_containers(pd.Series(numbers, dtype="str"))
    assert known.tolist() == [iso6346.is_valid(number) for number in numbers]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=14), max_size=20))
def test_any_text_is_answered(values):
    for kind in ("country", "port", "container", "commodity"):
        codes, unknown = read_codes(pd.Series(values, dtype="str"), kind, "HS")
        assert (codes.isna() == unknown).all()
