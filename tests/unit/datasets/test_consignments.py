"""Who is scored, when, and on which lines."""

import pandas as pd
import pytest

from riskml.datasets import Tables
from riskml.datasets.consignments import match_inspections, roll_up, with_manifests
from riskml.errors import UsageError
from tests.support.rows import at, declarations, inspections, manifests


def test_a_manifest_row_is_a_consignment_decided_when_submitted():
    rows = manifests(
        {"bill_no": "B2", "container_no": "C2", "submitted_at": at(2)},
        {"bill_no": "B1", "container_no": "C1", "submitted_at": at(1)},
    )
    rolled = roll_up(Tables(manifests=rows), "pre_arrival")
    assert rolled.consignments["consignment_id"].tolist() == ["B1|C1", "B2|C2"]
    assert rolled.consignments["decision_time"].tolist() == [at(1), at(2)]
    assert rolled.owner.tolist() == [0, 1]


def test_without_a_valid_container_the_bill_is_the_consignment():
    rows = manifests(
        {"bill_no": "B1", "container_no": None, "container_no_raw": "??1", "submitted_at": at(1)},
        {"bill_no": "B1", "container_no": None, "container_no_raw": "??2", "submitted_at": at(3)},
    )
    rolled = roll_up(Tables(manifests=rows), "pre_arrival")
    assert rolled.consignments["consignment_id"].tolist() == ["B1"]
    assert rolled.consignments["decision_time"].tolist() == [at(1)]
    assert rolled.lines["container_no_raw"].tolist() == ["??1", "??2"]


def test_content_is_the_latest_revision_known_at_the_decision():
    base = {"bill_no": "B1", "container_no": "C1", "submitted_at": at(1)}
    rows = manifests(
        {**base, "revision": 0, "recorded_at": at(0.5), "vessel": "first"},
        {**base, "revision": 1, "recorded_at": at(1), "vessel": "corrected in time"},
        {**base, "revision": 2, "recorded_at": at(5), "vessel": "corrected later"},
    )
    rolled = roll_up(Tables(manifests=rows), "pre_arrival")
    assert rolled.lines["vessel"].tolist() == ["corrected in time"]


def test_a_late_record_is_decided_on_its_first_known_revision():
    base = {"bill_no": "B1", "container_no": "C1", "submitted_at": at(1)}
    rows = manifests(
        {**base, "revision": 0, "recorded_at": at(3), "vessel": "late"},
        {**base, "revision": 1, "recorded_at": at(5), "vessel": "later"},
    )
    rolled = roll_up(Tables(manifests=rows), "pre_arrival")
    assert rolled.lines["vessel"].tolist() == ["late"]
    assert rolled.consignments["decision_time"].tolist() == [at(1)]


def test_a_line_without_container_applies_to_every_container_known_by_then():
    lines = declarations(
        {"declaration_id": "D1", "line_no": 1, "bill_no": "B1", "lodged_at": at(5)},
        {
            "declaration_id": "D1",
            "line_no": 2,
            "bill_no": "B1",
            "container_no": "C1",
            "lodged_at": at(5),
        },
    )
    ships = manifests(
        {"bill_no": "B1", "container_no": "C1", "submitted_at": at(1)},
        {"bill_no": "B1", "container_no": "C2", "submitted_at": at(2)},
        {"bill_no": "B1", "container_no": "C3", "submitted_at": at(6)},
    )
    rolled = roll_up(Tables(manifests=ships, declarations=lines), "declaration")
    assert rolled.consignments["consignment_id"].tolist() == ["B1|C1", "B1|C2"]
    assert rolled.lines["line_no"].tolist() == [1, 2, 1]
    assert rolled.owner.tolist() == [0, 0, 1]


def test_without_manifests_the_bill_stands_and_without_a_bill_the_declaration():
    lines = declarations(
        {"declaration_id": "D1", "bill_no": "B1", "lodged_at": at(1)},
        {"declaration_id": "D2", "lodged_at": at(2)},
    )
    rolled = roll_up(Tables(declarations=lines), "declaration")
    assert rolled.consignments["consignment_id"].tolist() == ["B1", "declaration:D2"]


def test_a_consignment_is_decided_at_its_first_lodging_and_again_at_each_later_one():
    lines = declarations(
        {"declaration_id": "D1", "bill_no": "B1", "lodged_at": at(1)},
        {"declaration_id": "D2", "bill_no": "B1", "lodged_at": at(4)},
    )
    tables = Tables(declarations=lines)
    first = roll_up(tables, "declaration")
    assert first.lines["declaration_id"].tolist() == ["D1"]
    every = roll_up(tables, "declaration", "all")
    assert every.consignments["decision_time"].tolist() == [at(1), at(4)]
    assert every.lines["declaration_id"].tolist() == ["D1", "D1", "D2"]


def test_the_manifest_beside_a_declaration_is_the_one_known_strictly_before():
    lines = declarations(
        {"declaration_id": "D1", "bill_no": "B1", "container_no": "C1", "lodged_at": at(5)}
    )
    base = {"bill_no": "B1", "container_no": "C1", "submitted_at": at(1)}
    ships = manifests(
        {**base, "revision": 0, "recorded_at": at(1), "vessel": "old"},
        {**base, "revision": 1, "recorded_at": at(4), "vessel": "known"},
        {**base, "revision": 2, "recorded_at": at(5), "vessel": "at the same instant"},
    )
    tables = Tables(manifests=ships, declarations=lines)
    rolled = with_manifests(roll_up(tables, "declaration"), tables)
    assert rolled.manifests is not None
    assert rolled.manifests["vessel"].tolist() == ["known"]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"bill_no": "B1", "container_no": "C1"}, ["B1|C1"]),
        ({"bill_no": "B1"}, ["B1|C1", "B1|C2"]),
        ({"declaration_id": "D9"}, ["B9|C9"]),
        ({"container_no": "C1"}, ["B5|C1"]),
        ({"bill_no": "B7", "container_no": "C7"}, []),
    ],
)
def test_inspections_find_their_consignments(named, expected):
    ships = manifests(
        {"bill_no": "B1", "container_no": "C1", "submitted_at": at(1)},
        {"bill_no": "B1", "container_no": "C2", "submitted_at": at(1)},
        {"bill_no": "B5", "container_no": "C1", "submitted_at": at(2)},
        {"bill_no": "B6", "container_no": "C1", "submitted_at": at(9)},
        {"bill_no": "B9", "container_no": "C9", "submitted_at": at(1)},
    )
    lines = declarations(
        {"declaration_id": "D9", "bill_no": "B9", "container_no": "C9", "lodged_at": at(2)}
    )
    looked = inspections({"inspection_id": "I1", "selected_at": at(3), **named})
    rolled = roll_up(Tables(manifests=ships), "pre_arrival")
    pairs = match_inspections(rolled, looked, lines)
    ids = rolled.consignments["consignment_id"]
    assert ids.iloc[pairs["consignment"]].tolist() == expected


def test_row_order_changes_nothing():
    lines = declarations(
        *(
            {
                "declaration_id": f"D{n % 4}",
                "line_no": n,
                "bill_no": f"B{n % 3}",
                "lodged_at": at(n % 5),
            }
            for n in range(20)
        )
    )
    straight = roll_up(Tables(declarations=lines), "declaration")
    turned = roll_up(
        Tables(declarations=lines.sample(frac=1, random_state=3).reset_index(drop=True)),
        "declaration",
    )
    pd.testing.assert_frame_equal(straight.consignments, turned.consignments)
    pd.testing.assert_frame_equal(straight.lines, turned.lines)


def test_an_unknown_stage_is_a_wrong_call():
    with pytest.raises(UsageError, match="unknown stage 'arrival'"):
        roll_up(Tables(), "arrival")
