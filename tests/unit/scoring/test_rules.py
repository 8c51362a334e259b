import math

import numpy as np
import pytest

from riskml.explanation import REASON_CODES
from riskml.scoring import RULE_BASE, RULES, rule_score

CLEAN = {
    "consignee_id": "P1",
    "goods_description": "cotton shirts",
    "cargo_type": "FCL",
    "invalid_container_no": False,
    "transshipment_port": None,
}


def test_every_rule_has_a_code_and_both_languages() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.code in REASON_CODES
        assert rule.text_en
        assert rule.text_vi
        assert rule.points != 0


def test_a_clean_consignment_has_the_base_rate() -> None:
    score = rule_score(CLEAN, [])
    assert score.raw_score == RULE_BASE
    assert score.probability == pytest.approx(0.02)
    assert score.reasons == ()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"invalid_container_no": True}, "rule_invalid_container"),
        ({"consignee_id": None}, "rule_no_party"),
        ({"transshipment_port": "SGSIN"}, "rule_transshipped"),
        ({"goods_description": "goods"}, "rule_vague"),
        ({"goods_description": None}, "rule_vague"),
        ({"cargo_type": "LCL"}, "rule_groupage"),
        ({"cargo_type": "empty"}, "rule_empty"),
    ],
)
def test_each_sign_gives_its_points_alone(changes: dict, rule: str) -> None:
    score = rule_score({**CLEAN, **changes}, [])
    names = [RULES[j].name for j in np.flatnonzero(score.flags)]
    assert names == [rule]
    points = next(r.points for r in RULES if r.name == rule)
    assert score.raw_score == pytest.approx(RULE_BASE + points)
    assert score.contributions.sum() == pytest.approx(points)
    (reason,) = score.reasons
    assert reason.direction == ("raises" if points > 0 else "lowers")


def test_lines_speak_too_and_points_add_up() -> None:
    lines = [
        {"importer_id": "P1", "origin_country": "CN", "departure_country": "SG",
         "preference_code": "E", "trusted_trader": "yes", "goods_description": "two words"},
    ]  # fmt: skip
    score = rule_score(None, lines)
    names = {RULES[j].name for j in np.flatnonzero(score.flags)}
    assert names == {"rule_indirect", "rule_preference", "rule_trusted"}
    assert score.raw_score == pytest.approx(RULE_BASE + 0.4 + 0.2 - 1.0)
    assert score.probability == pytest.approx(1 / (1 + math.exp(-score.raw_score)))
    assert [abs(r.contribution) for r in score.reasons] == [1.0, 0.4, 0.2]


def test_missing_numbers_are_no_signs() -> None:
    assert rule_score({"cargo_type": float("nan")}, []).raw_score == RULE_BASE
