"""Labels: late, selective, never a zero for what nobody looked at."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from riskml.datasets import Tables
from riskml.datasets.consignments import roll_up
from riskml.labels import label_consignments, maturity_gap
from tests.support.rows import at, inspections, manifests


def labels_of(looked: pd.DataFrame, as_of: pd.Timestamp | None = None, count: int = 3):
    ships = manifests(
        *(
            {"bill_no": f"B{n}", "container_no": f"C{n}", "submitted_at": at(n)}
            for n in range(count)
        )
    )
    tables = Tables(manifests=ships, inspections=looked)
    return label_consignments(roll_up(tables, "pre_arrival"), tables, as_of)


def look(number: int, **more):
    base = {
        "inspection_id": f"I{number}",
        "bill_no": f"B{number}",
        "container_no": f"C{number}",
        "selected_at": at(number + 0.5),
    }
    return {**base, **more}


def test_an_uninspected_consignment_has_no_label():
    labels = labels_of(inspections(look(0, closed_at=at(3), result="violation")))
    assert labels["label"].tolist()[0] == 1.0
    assert labels["label"].isna().tolist() == [False, True, True]
    assert labels["inspected"].tolist() == [True, False, False]


def test_a_clear_unopened_scan_is_a_zero_that_nobody_verified():
    labels = labels_of(
        inspections(
            look(0, scanned_at=at(1), scan_finding="clear", closed_at=at(1)),
            look(
                1,
                scanned_at=at(2),
                scan_finding="clear",
                opened_at=at(2),
                closed_at=at(3),
                result="no_violation",
            ),
        )
    )
    assert labels["label"].tolist()[:2] == [0.0, 0.0]
    assert labels["label_verified"].tolist() == [False, True, False]


def test_a_label_counts_strictly_after_it_was_known():
    looked = inspections(
        look(0, scanned_at=at(1), scan_finding="suspicious", closed_at=at(5), result="violation")
    )
    assert np.isnan(labels_of(looked, at(5))["label"][0])
    assert labels_of(looked, at(5))["suspicious"][0] == 1.0
    assert np.isnan(labels_of(looked, at(1))["suspicious"][0])
    assert labels_of(looked, at(5.01))["label"][0] == 1.0


def test_a_late_record_is_known_when_recorded():
    looked = inspections(look(0, closed_at=at(2), recorded_at=at(9), result="violation"))
    assert np.isnan(labels_of(looked, at(8))["label"][0])
    assert labels_of(looked, at(10))["label_known_at"][0] == at(9)


def test_an_outcome_is_never_known_before_its_decision():
    looked = inspections({**look(2, closed_at=at(1), result="violation"), "selected_at": at(0)})
    assert labels_of(looked)["label_known_at"][2] == at(2)


def test_the_latest_revision_known_counts_alone():
    looked = inspections(
        look(0, revision=0, closed_at=at(2), recorded_at=at(2), result="violation"),
        look(0, revision=1, closed_at=at(2), recorded_at=at(6), result="no_violation"),
    )
    assert labels_of(looked, at(5))["label"][0] == 1.0
    assert labels_of(looked, at(7))["label"][0] == 0.0


def test_any_inspection_that_found_a_violation_makes_one():
    looked = inspections(
        look(0, closed_at=at(2), result="violation"),
        {**look(0, closed_at=at(4), result="no_violation"), "inspection_id": "again"},
    )
    labels = labels_of(looked)
    assert labels["label"][0] == 1.0
    assert labels["label_known_at"][0] == at(2)


def test_the_gap_covers_nine_in_ten_delays():
    decided = pd.Series([at(0)] * 10)
    known = pd.Series([at(n) for n in range(1, 11)])
    assert maturity_gap(decided, known) == timedelta(days=9, hours=2, minutes=24)


def test_young_decisions_have_not_matured():
    looked = inspections(*(look(n, closed_at=at(n + 10), result="no_violation") for n in range(20)))
    labels = labels_of(looked, at(25), count=20)
    # Every delay is ten days, so decisions before day 15 have matured, later ones have not.
    assert labels["matured"].tolist() == [n < 15 for n in range(20)]


@pytest.mark.parametrize("as_of", [None, at(1)])
def test_without_inspections_nothing_is_labelled(as_of):
    ships = manifests({"bill_no": "B", "container_no": "C", "submitted_at": at(0)})
    tables = Tables(manifests=ships)
    labels = label_consignments(roll_up(tables, "pre_arrival"), tables, as_of)
    assert labels["label"].isna().all()
    assert not labels["matured"].any()
