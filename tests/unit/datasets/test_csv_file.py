"""CSV as customs systems write it: encodings, quotes, blanks, lines out of form."""

import pytest

from riskml.datasets.csv_file import read_csv
from riskml.datasets.mapping import SourceSpec
from riskml.errors import EmptyTableError, MissingColumnError, UnreadableFileError


def read(folder, content, needed=None, **spec):
    path = folder / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_csv(path, "a.csv", SourceSpec(files="*", **spec), needed)


def test_values_stand_as_they_are(tmp_path):
    frame, row, malformed = read(tmp_path, 'a,b\n007,NA\n" x ","1,5"\n,null\n')
    assert frame["a"].tolist() == ["007", " x ", ""]
    assert frame["b"].tolist() == ["NA", "1,5", "null"]
    assert row.tolist() == [1, 2, 3]
    assert malformed.empty


def test_only_needed_columns_are_read_whatever_their_order_and_blanks(tmp_path):
    frame, _, _ = read(tmp_path, " b ,c,a\n1,2,3\n", needed={"a", "b"})
    assert frame.to_dict("list") == {"b": ["1"], "a": ["3"]}


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("utf-8", b"\xef\xbb\xbfa,b\ncaf\xc3\xa9,1\n"),
        ("latin-1", "a,b\ncaf\u00e9,1\n".encode("latin-1")),
        ("utf-16", "a,b\ncaf\u00e9,1\n".encode("utf-16")),
    ],
)
def test_encodings(tmp_path, encoding, content):
    frame, _, _ = read(tmp_path, content, encoding=encoding)
    assert frame["a"].tolist() == ["caf\u00e9"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "ascii"])
def test_another_encoding_is_named(tmp_path, encoding):
    content = b"a,b\n" + b"1,2\n" * 50_000 + b"caf\xe9,1\n"
    with pytest.raises(UnreadableFileError, match=f"a.csv is not {encoding} text"):
        read(tmp_path, content, encoding=encoding)


def test_lines_out_of_form_are_set_aside_with_their_row(tmp_path):
    content = 'a,b\n1,2\n\n"x\ny",3\n4\n5,6,7\n8,9\n'
    frame, row, malformed = read(tmp_path, content)
    assert frame["a"].tolist() == ["1", "x\ny", "8"]
    assert row.tolist() == [1, 2, 5]
    assert malformed["row"].tolist() == [3, 4]
    assert malformed["rule"].unique().tolist() == ["wrong_field_count"]
    assert malformed["value"].tolist() == [
        "1 fields instead of 2: 4",
        "3 fields instead of 2: 5,6,7",
    ]


def test_delimiter_and_quote(tmp_path):
    assert read(tmp_path, "a;b\n'1;2';3\n", delimiter=";", quote="'")[0]["a"].tolist() == ["1;2"]
    inches = read(tmp_path, 'a,b\n4" pipe,"6" pipe\n', quote="")[0]
    assert inches.iloc[0].tolist() == ['4" pipe', '"6" pipe']
    assert read(tmp_path, 'a,b\n4" pipe,2\n')[0]["a"].tolist() == ['4" pipe']


def test_a_quotation_mark_that_is_never_closed_is_refused(tmp_path):
    with pytest.raises(UnreadableFileError, match="never closed"):
        read(tmp_path, 'a,b\n1,2\n3,"open\n5,6\n7,8\n')


def test_a_missing_column_is_named_with_its_neighbour(tmp_path):
    with pytest.raises(MissingColumnError, match=r"a\.csv has no column 'Office'.*'office'"):
        read(tmp_path, "office,b\n1,2\n", needed={"Office"})


def test_a_column_that_stands_twice(tmp_path):
    with pytest.raises(UnreadableFileError, match="two columns 'a'"):
        read(tmp_path, "a,b,a \n1,2,3\n", needed={"a"})
    frame, _, _ = read(tmp_path, "a,b,a\n1,2,3\n", needed={"b"})
    assert frame["b"].tolist() == ["2"]


def test_an_empty_file_and_a_bare_header(tmp_path):
    with pytest.raises(EmptyTableError, match="is empty"):
        read(tmp_path, "")
    frame, row, _ = read(tmp_path, "a,b\n", needed={"a"})
    assert list(frame) == ["a"]
    assert len(row) == 0


def test_binary_content_is_refused(tmp_path):
    with pytest.raises(UnreadableFileError):
        read(tmp_path, bytes(range(256)) * 20)


def test_many_rows_over_several_blocks_keep_their_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr("riskml.datasets.csv_file._BLOCK", 1 << 12)
    lines = [f"{number},x" if number % 1000 else f"{number}" for number in range(1, 5001)]
    frame, row, malformed = read(tmp_path, "a,b\n" + "\n".join(lines) + "\n")
    assert row.tolist() == [int(value) for value in frame["a"]]
    assert malformed["row"].tolist() == [1000, 2000, 3000, 4000, 5000]
