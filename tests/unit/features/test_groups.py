"""Parties behind their numbers: linked once, by what was known before, in any order."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskml.datasets.consignments import known_at
from riskml.features import kinship
from riskml.features.groups import PartyGroups
from riskml.features.kinship import GROUPS, Stated, StatedFrame, stated
from riskml.features.names import address_key, likeness, name_key
from tests.oracles.groups import group_as_of, groups, plain_rows
from tests.support.rows import at, declarations

KINSHIP = GROUPS["declaration"]
FIRMS = ["Công ty TNHH Thương Mại Thành {} Hà Nội", "DAI {} QUOC TE FOOD CO., LTD", "Kim {} Ltd"]
SECOND = ["Phát", "Long", "Dương", "An"]


def random_rows(seed: int, size: int = 40) -> pd.DataFrame:
    """Return rows of numbers that follow each other, late records and missing values included."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(size):
        firm, life = int(rng.integers(3)), int(rng.integers(4))
        day = 30.0 * life + float(rng.integers(0, 20))
        partner = firm if rng.random() < 0.7 else int(rng.integers(3))
        rows.append(
            {
                "declaration_id": f"D{number}",
                "lodged_at": at(day),
                "recorded_at": at(day + float(rng.integers(0, 30)) * (rng.random() < 0.3)),
                "revision": 0,
                "office": f"O{firm}",
                "importer_id": None if rng.random() < 0.05 else f"T{firm}{life}",
                "importer_name": FIRMS[firm].format(rng.choice(SECOND)),
                "x_importer_address": None
                if rng.random() < 0.5
                else f"Số {firm}, đường {life % 2}",
                "exporter_id": None if rng.random() < 0.1 else f"S{partner}",
                "declarant_id": f"B{partner}",
                "commodity_code": f"{8470 + partner}30",
            }
        )
    return declarations(*rows)


def registry(rows: pd.DataFrame) -> PartyGroups:
    found = PartyGroups(KINSHIP)
    found.append(rows)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_groups_are_those_of_the_definition(seed: int) -> None:
    rows = random_rows(seed)
    plain = plain_rows(rows, KINSHIP, known_at(rows, "lodged_at"))
    found = registry(rows)
    assert found.links() == groups(plain, KINSHIP)
    assert 1 < len(set(found.links().values())) < len(found.links())
    asked = [{**row, "importer_id": number} for row in plain[:12] for number in ("new", "T12")]
    times = [row["known"] + later for row in plain[:12] for later in (0, 40 * 86_400_000_000)]
    columns = {n: np.array([a[n] for a in asked], dtype=object) for n in KINSHIP.columns}
    expected = [group_as_of(plain, KINSHIP, a, t) for a, t in zip(asked, times, strict=True)]
    assert found.as_of(columns, np.array(times)).tolist() == expected


@pytest.mark.parametrize("seed", [4, 5])
def test_any_order_gives_the_same_groups_and_says_when_a_link_changed(seed: int) -> None:
    rows = random_rows(seed)
    whole, piecewise = registry(rows), PartyGroups(KINSHIP)
    turned = rows.sample(frac=1, random_state=seed)
    changes = 0
    for start in range(0, len(turned), 3):
        before = piecewise.links()
        changed = piecewise.append(turned.iloc[start : start + 3])
        now = piecewise.links()
        moved = any(now[number] != group for number, group in before.items())
        assert changed or not moved
        changes += changed
    assert piecewise.links() == whole.links()
    assert changes > 0
    in_time = rows.assign(known=known_at(rows, "lodged_at")).sort_values("known", kind="stable")
    orderly = PartyGroups(KINSHIP)
    # What becomes known later never changes a link.
    assert not any(orderly.append(day) for _, day in in_time.groupby("known"))
    assert orderly.links() == whole.links()


def test_a_new_number_under_a_similar_name_with_the_same_partners_is_linked() -> None:
    common = {"exporter_id": "S1", "declarant_id": "B1", "commodity_code": "847130"}
    rows = declarations(
        {"declaration_id": "1", "lodged_at": at(0), "importer_id": "old",
         "importer_name": "Công ty TNHH Thương Mại Thành Phát Hà Nội", **common},
        {"declaration_id": "2", "lodged_at": at(9), "importer_id": "new",
         "importer_name": "THANH LONG HA NOI TRADING CO., LTD", **common},
        {"declaration_id": "3", "lodged_at": at(9), "importer_id": "stranger",
         "importer_name": "THANH LONG HA NOI TRADING CO., LTD", "exporter_id": "S9",
         "declarant_id": "B9", "commodity_code": "030289"},
    )  # fmt: skip
    assert registry(rows).links() == {"old": "old", "new": "old", "stranger": "stranger"}


def test_an_address_kept_makes_up_for_a_partner_that_changed() -> None:
    rows = declarations(
        {"declaration_id": "1", "lodged_at": at(0), "importer_id": "old", "exporter_id": "S1",
         "importer_name": "Kim Phát", "declarant_id": "B1", "commodity_code": "847130",
         "x_importer_address": "Số 12, đường Lê Lợi, Quận 1"},
        {"declaration_id": "2", "lodged_at": at(9), "importer_id": "new", "exporter_id": "S1",
         "importer_name": "KIM LONG CO LTD", "declarant_id": "B2", "commodity_code": "030289",
         "x_importer_address": "12 DUONG LE LOI QUAN 1"},
    )  # fmt: skip
    strict = replace(KINSHIP, enough=11.0)
    found = PartyGroups(strict)
    found.append(rows)
    assert found.links()["new"] == "old"
    alone = PartyGroups(strict)
    alone.append(rows.drop(columns="x_importer_address"))
    assert alone.links()["new"] == "new"


def test_without_names_or_partners_nobody_is_linked() -> None:
    rows = random_rows(6)
    bare = rows[["declaration_id", "line_no", "lodged_at", "importer_id", "commodity_code"]]
    found = registry(bare).links()
    assert all(number == group for number, group in found.items())
    assert registry(rows.drop(columns="importer_id")).links() == {}


def test_names_are_compared_without_marks_legal_forms_and_language() -> None:
    names = ["Công ty TNHH Xuất Nhập Khẩu Đại Dương", "DAI DUONG IMPORT EXPORT CO., LTD"]
    assert name_key(names[0]) == name_key(names[1]) == "dai duong impex"
    assert likeness(name_key(names[0]), name_key("Kim Long JSC")) < 0.6
    assert address_key("Số 12 Lê Lợi") == address_key("le loi, so 12")


@pytest.mark.parametrize("seed", [5, 6])
def test_a_large_frame_says_what_its_rows_say(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = random_rows(seed, 300)
    rows = pd.concat([rows, rows.iloc[:50].assign(declaration_id="A1")], ignore_index=True)
    one_by_one = stated(rows, KINSHIP)
    monkeypatch.setattr(kinship, "MANY", 0)
    at_once = stated(rows, KINSHIP)
    assert (type(one_by_one), type(at_once)) == (Stated, StatedFrame)
    assert at_once.firsts("importer_id") == one_by_one.firsts("importer_id")
    columns = KINSHIP.columns
    for names in ([columns[0], c] for c in columns[1:]):
        assert at_once.first(names) == one_by_one.first(names)
    three = ["importer_id", "exporter_id", "office"]
    assert at_once.first(three) == one_by_one.first(three)
