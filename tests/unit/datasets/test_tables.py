import subprocess
import sys

import pandas as pd
import pytest

from riskml.datasets import Tables, load_tables, write_table
from riskml.errors import DataError, EmptyTableError, MissingColumnError, UnreadableFileError
from tests.unit.datasets.exports import declarations


def stored(folder, frame=None):
    write_table(declarations(3) if frame is None else frame, folder / "declarations.parquet")
    return folder


def test_reads_normal_form(tmp_path):
    tables = load_tables(stored(tmp_path), need=["declarations"])
    frame = tables.require("declarations")
    assert frame["lodged_at"].dtype == pd.DatetimeTZDtype("us", "UTC")
    assert frame["line_no"].dtype == "int64"
    assert frame["invalid_origin_country"].tolist() == [False] * 3
    assert tables.manifests is None
    assert tables.quarantined == {}


def test_what_was_written_is_read_back_unchanged(tmp_path):
    first = load_tables(stored(tmp_path)).declarations
    write_table(first, tmp_path / "declarations.parquet")
    pd.testing.assert_frame_equal(load_tables(tmp_path).declarations, first)


def test_naive_and_nanosecond_times_become_utc_microseconds(tmp_path):
    frame = declarations(1).assign(lodged_at=pd.to_datetime(["2020-01-01T05:00"]).as_unit("ns"))
    found = load_tables(stored(tmp_path, frame)).declarations["lodged_at"]
    assert found.tolist() == [pd.Timestamp("2020-01-01T05:00", tz="UTC")]
    assert found.dt.unit == "us"


def test_bad_rows_are_left_out_and_counted(tmp_path):
    frame = declarations(3)
    frame.loc[1, "mode"] = "camel"
    tables = load_tables(stored(tmp_path, frame))
    assert tables.declarations["declaration_id"].tolist() == ["D0", "D2"]
    line = tables.quarantined["declarations"].iloc[0]
    assert (line["file"], line["row"], line["rule"]) == ("declarations.parquet", 2, "not_a_choice")


def test_a_missing_folder_or_file_is_named(tmp_path):
    with pytest.raises(UnreadableFileError, match="no data folder"):
        load_tables(tmp_path / "nowhere")
    with pytest.raises(
        UnreadableFileError, match=r"no inspections\.parquet.*declarations\.parquet"
    ):
        load_tables(stored(tmp_path), need=["inspections"])
    assert load_tables(tmp_path).inspections is None
    with pytest.raises(UnreadableFileError, match="table inspections"):
        load_tables(tmp_path).require("inspections")


@pytest.mark.parametrize("content", [b"", b"PAR1 not really", b"a,b\n1,2\n"])
def test_a_file_that_is_not_parquet_is_named(tmp_path, content):
    (tmp_path / "manifests.parquet").write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"manifests\.parquet cannot be read") as caught:
        load_tables(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_named(tmp_path):
    path = stored(tmp_path) / "declarations.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableFileError, match=r"declarations\.parquet"):
        load_tables(tmp_path)


def test_a_missing_column_is_named_with_its_table(tmp_path):
    frame = declarations(1).rename(columns={"office": "Office"})
    with pytest.raises(
        MissingColumnError, match=r"table declarations has no column office.*'Office'"
    ):
        load_tables(stored(tmp_path, frame))


def test_an_empty_table_is_refused_only_where_needed(tmp_path):
    stored(tmp_path, declarations(0))
    assert len(load_tables(tmp_path).declarations) == 0
    with pytest.raises(EmptyTableError, match="has no row"):
        load_tables(tmp_path, need=["declarations"])
    stored(tmp_path, declarations(2).assign(mode="camel"))
    with pytest.raises(EmptyTableError, match="all 2 rows break a rule"):
        load_tables(tmp_path, need=["declarations"])


def test_writing_leaves_nothing_else_behind(tmp_path):
    path = tmp_path / "new" / "declarations.parquet"
    write_table(declarations(1), path)
    assert [entry.name for entry in path.parent.iterdir()] == ["declarations.parquet"]


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = stored(tmp_path) / "declarations.parquet"
    before = path.read_bytes()
    with pytest.raises(Exception, match=r"[Cc]onver"):
        write_table(pd.DataFrame({"x": [object()]}), path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write"):
        write_table(declarations(1), tmp_path / "file" / "x.parquet")


def test_the_package_is_light():
    code = (
        "import sys, riskml.datasets; "
        "assert 'pandas' not in sys.modules; "
        "riskml.datasets.load_tables; "
        "assert 'pandas' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_tables_by_name():
    frame = declarations(1)
    tables = Tables(declarations=frame)
    assert tables.get("declarations") is frame
    assert tables.get("manifests") is None
    with pytest.raises(AttributeError):
        _ = __import__("riskml.datasets", fromlist=["x"]).no_such_name
