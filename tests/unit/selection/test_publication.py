"""The public sees that a container was selected, and nothing else."""

from datetime import date

import pandas as pd
import pytest

from riskml.errors import MissingColumnError
from riskml.selection import PICK_COLUMNS, PUBLIC_COLUMNS, public_list
from riskml.selection.spreadsheet import csv_bytes, protect, unprotect


def picks() -> pd.DataFrame:
    """Return picks in rank order, in which every cell that must stay secret can be recognised."""
    count = 4
    secret = {name: [f"secret-{name}"] * count for name in PICK_COLUMNS}
    return pd.DataFrame(
        secret
        | {
            "date": [date(2020, 7, 1)] * count,
            "office": ["Hai Phong"] * count,
            "container_no": ["TEMU0000001", "MSCU0000002", None, "MSCU0000003"],
            "stage": ["pre_arrival", "pre_arrival", "pre_arrival", "declaration"],
            "channel": ["mandatory", "exploration", "model", "model"],
            "rank": range(1, count + 1),
        }
    )


def test_only_the_public_columns_get_out() -> None:
    public = public_list(picks().assign(x_party="secret-party"))
    assert tuple(public.rows.columns) == PUBLIC_COLUMNS == ("date", "office", "container_no")
    text = csv_bytes(public.rows).decode()
    assert "secret" not in text
    for word in ("mandatory", "exploration", "model", "pre_arrival"):
        assert word not in text


def test_the_order_does_not_tell_the_rank() -> None:
    assert public_list(picks()).rows["container_no"].tolist() == ["MSCU0000002", "TEMU0000001"]


def test_what_is_left_out_is_counted() -> None:
    public = public_list(picks())
    assert (public.other_stage, public.without_container) == (1, 1)


@pytest.mark.parametrize("number", ["=cmd|'/c calc'!A1", "MSCU000000", "<b>MSCU0000002</b>", ""])
def test_only_container_numbers_count_as_such(number: str) -> None:
    public = public_list(picks().assign(container_no=number))
    assert public.rows.empty
    assert public.without_container == 3


def test_one_container_stands_in_the_list_once() -> None:
    public = public_list(picks().assign(container_no="MSCU0000002"))
    assert len(public.rows) == 1


def test_a_file_that_is_no_selection_is_refused() -> None:
    with pytest.raises(MissingColumnError, match="'stage'"):
        public_list(picks().drop(columns="stage"))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "'=1", "''@", "\r=1"])
def test_formulas_are_disarmed_and_come_back(text: str) -> None:
    assert protect(text).startswith("'")
    assert unprotect(protect(text)) == text
    assert csv_bytes(pd.DataFrame({"a": [text]})).decode().startswith(("a\n'", "a\n\"'"))


@pytest.mark.parametrize("text", ["Hải Phòng", "MSCU1234566", "", "'quoted'", "O'Neill"])
def test_harmless_text_stays(text: str) -> None:
    assert protect(text) == text == unprotect(text)
