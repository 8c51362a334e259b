import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from riskml.ledger import Principal
from riskml.scoring.replay import normal_values
from serving.errors import ApiError
from serving.items import Asked, asked_of, plain_content
from serving.payloads import decode_item
from serving.settings import ServiceSettings

NOW = datetime(2024, 5, 6, tzinfo=UTC)
MANIFEST = {"bill_no": "B1", "container_no": "CSQU3054383", "office": "HP", "mode": "sea",
            "submitted_at": "2024-05-01T00:00:00Z", "gross_mass_kg": 5.5}  # fmt: skip
LINE = {"declaration_id": "D1", "line_no": 1, "bill_no": "B1", "office": "HP", "mode": "sea",
        "lodged_at": "2024-05-02T00:00:00Z", "commodity_code": "620342"}  # fmt: skip


def ask(office: str | None = None, **item: Any) -> Asked:
    decoded = decode_item(json.dumps(item).encode())
    return asked_of(decoded, Principal("k", "engine", office), NOW, ServiceSettings())


def refused(**item: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        ask(**item)
    return caught.value


def test_a_line_without_container_belongs_to_that_of_its_manifest() -> None:
    asked = ask(stage="declaration", manifest=MANIFEST, declaration_lines=[LINE])
    assert asked.keys == {
        "bill_no": "B1", "container_no": "CSQU3054383", "declaration_id": "D1",
    }  # fmt: skip
    other = {**MANIFEST, "bill_no": "B2"}
    asked = ask(stage="declaration", manifest=other, declaration_lines=[LINE])
    assert asked.keys["container_no"] is None


def test_a_line_without_container_follows_another_line_of_its_bill() -> None:
    lines = [LINE, {**LINE, "line_no": 2, "container_no": "CSQU3054383"}]
    asked = ask(stage="declaration", declaration_lines=lines)
    assert asked.item is not None
    assert [line["container_no"] for line in asked.item.lines] == ["CSQU3054383"] * 2


def test_the_decision_time_is_receipt_unless_given() -> None:
    assert ask(stage="pre_arrival", manifest=MANIFEST).decision_time == NOW
    given = ask(stage="pre_arrival", manifest=MANIFEST, decision_time="2024-05-05T07:00:00+07:00")
    assert given.decision_time == datetime(2024, 5, 5, tzinfo=UTC)
    soon = (NOW + timedelta(seconds=3)).isoformat()
    assert ask(stage="pre_arrival", manifest=MANIFEST, decision_time=soon).decision_time > NOW


@pytest.mark.parametrize(
    ("item", "code", "field"),
    [
        ({"stage": "pre_arrival"}, "missing_field", "manifest"),
        ({"stage": "declaration"}, "missing_field", "declaration_lines"),
        ({"stage": "declaration", "declaration_lines": []}, "missing_field", "declaration_lines"),
        ({"stage": "declaration", "manifest": MANIFEST}, "missing_field", "declaration_lines"),
        ({"stage": "pre_arrival", "manifest": MANIFEST, "declaration_lines": [LINE]},
         "invalid_request", "declaration_lines"),
        ({"stage": "pre_arrival", "manifest": MANIFEST, "bill_no": "B1"},
         "invalid_request", "bill_no"),
        ({"stage": "pre_arrival", "declaration_id": "D1"}, "missing_field", "bill_no"),
        ({"stage": "pre_arrival", "container_no": "C"}, "missing_field", "manifest"),
        ({"stage": "declaration", "declaration_lines": [LINE, LINE]},
         "invalid_request", "declaration_lines[1].line_no"),
        ({"stage": "declaration",
          "declaration_lines": [LINE, {**LINE, "line_no": 2, "bill_no": "B9"}]},
         "mixed_consignment", "declaration_lines[1].bill_no"),
        ({"stage": "pre_arrival", "manifest": MANIFEST, "decision_time": "2024-05-07T00:00:00Z"},
         "future_decision_time", "decision_time"),
        ({"stage": "pre_arrival", "manifest": MANIFEST, "decision_time": "0001-01-01T00:00:00Z"},
         "invalid_value", "decision_time"),
        ({"stage": "pre_arrival", "manifest": {**MANIFEST, "office": " "}},
         "missing_field", "manifest.office"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_item_names_its_field(item: dict, code: str, field: str) -> None:
    error = refused(**item)
    assert (error.code, error.field) == (code, field)
    assert error.remedy


def test_an_office_scope_binds_items() -> None:
    ask("HP", stage="pre_arrival", manifest=MANIFEST)
    with pytest.raises(ApiError, match="another office"):
        ask("SG", stage="pre_arrival", manifest=MANIFEST)


def test_what_is_kept_of_an_item_gives_the_same_rows_back() -> None:
    manifest = {**MANIFEST, "container_no": "bad", "x_own": 4, "x_text": "ươ"}
    lines = [{**LINE, "origin_country": "XX", "customs_value": 0.1}]
    asked = ask(stage="declaration", manifest=manifest, declaration_lines=lines)
    assert asked.item is not None
    kept = msgspec.json.decode(msgspec.json.encode(plain_content(asked.item)))
    again = normal_values("manifests", kept["manifest"])
    assert repr(sorted(again.items())) == repr(sorted(asked.item.manifest.items()))
    (line,) = kept["lines"]
    own = asked.item.lines[0]
    assert repr(sorted(normal_values("declarations", line).items())) == repr(sorted(own.items()))
