import json
from typing import Any

import pytest

from serving import payloads
from serving.errors import ApiError
from serving.normal import normal_row
from serving.payloads import (
    MAX_EVENTS,
    MAX_ITEMS,
    decode_events,
    decode_item,
    decode_row,
    split_items,
)
from serving.quick import MOST_SETS

MANIFEST = {
    "bill_no": "B1",
    "container_no": "CSQU3054383",
    "submitted_at": "2020-07-01T08:00:00Z",
    "office": "HP",
    "mode": "sea",
}


def item(**changes: Any) -> bytes:
    manifest = {k: v for k, v in {**MANIFEST, **changes}.items() if v != "ABSENT"}
    return json.dumps({"stage": "pre_arrival", "manifest": manifest}).encode()


def refused(content: bytes) -> ApiError:
    with pytest.raises(ApiError) as caught:
        decode_item(content)
    return caught.value


def test_a_good_item_passes() -> None:
    decoded = decode_item(item(gross_mass_kg=12))
    assert decoded.item.manifest.gross_mass_kg == 12.0
    assert decoded.item.decision_time is None


@pytest.mark.parametrize(
    ("changes", "code", "field", "words"),
    [
        ({"gros_mass_kg": 1}, "unknown_field", "manifest.gros_mass_kg", "gross_mass_kg"),
        ({"office": "ABSENT"}, "missing_field", "manifest.office", "send"),
        ({"gross_mass_kg": "12"}, "invalid_value", "manifest.gross_mass_kg", ""),
        ({"gross_mass_kg": True}, "invalid_value", "manifest.gross_mass_kg", ""),
        ({"gross_mass_kg": -1}, "invalid_value", "manifest.gross_mass_kg", ""),
        ({"gross_mass_kg": 1e13}, "invalid_value", "manifest.gross_mass_kg", ""),
        ({"mode": "teleport"}, "invalid_value", "manifest.mode", ""),
        ({"submitted_at": "2020-02-30T00:00:00Z"}, "invalid_value", "manifest.submitted_at", "+07"),
        ({"submitted_at": "2020-02-20T00:00:00"}, "invalid_value", "manifest.submitted_at", "+07"),
        ({"submitted_at": 1593590400}, "invalid_value", "manifest.submitted_at", ""),
        ({"bill_no": "B\u0000"}, "invalid_value", "manifest.bill_no", ""),
        ({"bill_no": "B" * 201}, "invalid_value", "manifest.bill_no", ""),
        ({"revision": 1.5}, "invalid_value", "manifest.revision", ""),
        ({"shipper_id": {"a": [1]}}, "invalid_value", "manifest.shipper_id", ""),
        ({"x_own": [1]}, "invalid_value", "manifest.x_own", ""),
    ],
)
def test_a_bad_field_is_named(changes: dict[str, Any], code: str, field: str, words: str) -> None:
    error = refused(item(**changes))
    assert (error.code, error.field) == (code, field)
    assert words in error.remedy
    assert error.remedy


@pytest.mark.parametrize("written", ["3", "3.0", "3e0"])
def test_a_whole_number_may_be_written_with_a_fraction(written: str) -> None:
    content = json.dumps(MANIFEST)[:-1] + f', "revision": {written}}}'
    row, extra = decode_row("manifests", content.encode())
    revision = normal_row("manifests", row, extra)["revision"]
    assert revision == 3
    assert type(revision) is int


@pytest.mark.parametrize("changes", [{"bill_no": "B1\n"}, {"office": "HP\n"}])
def test_a_newline_at_the_end_is_a_control_character_too(changes: dict[str, Any]) -> None:
    assert refused(item(**changes)).code == "invalid_value"


def test_rows_are_counted_by_table() -> None:
    rows = {table: [{}] * MAX_EVENTS for table in ("manifests", "declarations")}
    assert len(decode_events(json.dumps(rows).encode())) == 2 * MAX_EVENTS
    rows["declarations"].append({})
    with pytest.raises(ApiError) as caught:
        decode_events(json.dumps(rows).encode())
    assert (caught.value.code, caught.value.field) == ("too_many_items", "declarations")


def test_no_error_repeats_what_was_sent() -> None:
    for changes in ({"mode": "SECRET"}, {"gross_mass_kg": "SECRET"}, {"submitted_at": "SECRET"}):
        error = refused(item(**changes))
        assert "SECRET" not in json.dumps(error.to_dict())


@pytest.mark.parametrize(
    "content",
    [
        b'{"stage": "pre_arrival", "manifest": {"gross_mass_kg": NaN}}',
        b'{"stage": "pre_arrival", "manifest": {"gross_mass_kg": Infinity}}',
        b'{"stage": "pre_arrival"',
        b'{"stage": "\xff"}',
        b'{"stage": "pre_arrival", "manifest": {"x_a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    ],
)
def test_what_is_no_json_is_malformed(content: bytes) -> None:
    assert refused(content).code == "malformed_json"


def test_numbers_that_no_float_holds_are_refused() -> None:
    assert refused(item().replace(b'"sea"', b'"sea", "gross_mass_kg": 1e999')).code == (
        "invalid_value"
    )
    assert refused(item().replace(b'"sea"', b'"sea", "x_a": 1e999')).code == "invalid_value"


def test_extra_columns_are_taken_apart_by_row() -> None:
    line = {
        "declaration_id": "D1", "line_no": 1, "lodged_at": "2020-07-01T08:00:00Z", "office": "HP",
        "mode": "sea", "commodity_code": "8703",
    }  # fmt: skip
    body = {
        "stage": "declaration",
        "manifest": {**MANIFEST, "x_m": "a"},
        "declaration_lines": [{**line, "x_l": 1}, {**line, "line_no": 2}],
    }
    decoded = decode_item(json.dumps(body).encode())
    assert decoded.manifest_extra == {"x_m": "a"}
    assert list(decoded.lines_extra) == [{"x_l": 1}, {}]
    assert decode_row("manifests", json.dumps({**MANIFEST, "x_m": 2}).encode())[1] == {"x_m": 2}


def test_item_counts_are_bounded() -> None:
    def body(count: int) -> bytes:
        return b'{"consignments": [' + b",".join([b"{}"] * count) + b"]}"

    assert len(split_items(body(MAX_ITEMS))) == MAX_ITEMS
    for count, code in ((0, "invalid_request"), (MAX_ITEMS + 1, "too_many_items")):
        with pytest.raises(ApiError) as caught:
            split_items(body(count))
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"[]", "invalid_value"),
        (b'{"consignment": []}', "unknown_field"),
        (b'{"consignments": 3}', "invalid_value"),
        (b"{}", "missing_field"),
        (b"[" * 200_000, "invalid_value"),
        (b'{"consignments": [' + b"[" * 200_000, "malformed_json"),
    ],
)
def test_a_body_of_another_form_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        split_items(body)
    assert caught.value.code == code


def test_events_come_apart_by_table_in_order() -> None:
    body = b'{"declarations": [{"a": 1}], "manifests": [{"b": 1}, {"c": 1}]}'
    rows = decode_events(body)
    assert [(table, bytes(raw)) for table, raw in rows] == [
        ("manifests", b'{"b": 1}'),
        ("manifests", b'{"c": 1}'),
        ("declarations", b'{"a": 1}'),
    ]
    with pytest.raises(ApiError):
        decode_events(body, outcomes=True)
    with pytest.raises(ApiError):
        decode_events(b"{}")


CHARACTERS = ["\0", "\x1f", "\x7f", "\n", "\t", "\b", "\\", '"', "/", "ả", "é", "a"]


def answer_of(content: bytes) -> Any:
    """Return everything that decoding an item gives, or the error that it ends with."""
    try:
        decoded = decode_item(content)
    except ApiError as error:
        return error.to_dict()
    row = normal_row("manifests", decoded.item.manifest, decoded.manifest_extra)
    return type(decoded.item).__name__, repr(row), decoded.manifest_extra


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("extra", [{}, {"x_own": 4}, {"x_own": "a", "x_text": None}, {"x_f": True}])
def test_the_quick_way_takes_and_refuses_what_the_long_way_does(
    extra: dict[str, Any], ascii_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for character in CHARACTERS:
        for field in ("bill_no", "vessel"):
            manifest = {**MANIFEST, **extra, field: f"B{character}1"}
            plain = {"stage": "pre_arrival", "manifest": manifest}
            content = json.dumps(plain, ensure_ascii=ascii_only).encode()
            quick = answer_of(content)
            with monkeypatch.context() as patch:
                patch.setattr(payloads, "may_hold_controls", lambda _: True)
                assert answer_of(content) == quick


def test_whoever_makes_up_columns_is_answered_all_the_same() -> None:
    for number in range(2 * MOST_SETS):
        decoded = decode_item(item(**{f"x_{number}": number}))
        assert decoded.manifest_extra == {f"x_{number}": number}
