import json
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from riskml.errors import LedgerError
from riskml.ledger import Answer, EncodedJson, Ledger, LedgerConflictError, Submission, new_id
from riskml.ledger.canonical import canonical_json
from riskml.ledger.chain import chained_json
from riskml.ledger.scores import prepare
from riskml.ledger.tables import scores
from tests.unit.ledger.support import MOMENT, score


def test_a_score_reads_back_as_it_was_written(ledger: Ledger) -> None:
    written = score(declaration_id="Đ/1", idempotency_key="k")
    ledger.append_scores([written], writer="w")
    assert ledger.score(written.score_id) == written


def test_features_keep_every_bit(ledger: Ledger) -> None:
    bits = struct.pack("<4d", float("nan"), -0.0, 5e-324, 1.7976931348623157e308)
    written = score(features=bits, contributions=b"")
    ledger.append_scores([written], writer="w")
    found = ledger.score(written.score_id)
    assert found is not None
    assert (found.features, found.contributions) == (bits, b"")


def test_optional_identifiers_stay_missing(ledger: Ledger) -> None:
    written = score(bill_no=None, container_no=None, office=None)
    ledger.append_scores([written], writer="w")
    assert ledger.score(written.score_id) == written


def test_json_that_is_encoded_already_is_taken_as_it_is(ledger: Ledger) -> None:
    written = score(reasons='[{"code":"Ế"}]'.encode(), request=b'{"a":1}')
    ledger.append_scores([written], writer="w")
    found = ledger.score(written.score_id)
    assert found is not None
    assert (found.reasons, found.request) == ([{"code": "Ế"}], {"a": 1})
    assert ledger.verify().ok


def test_a_score_is_encoded_to_the_bytes_that_its_chain_says() -> None:
    texts = {"bill_no": 'q"\\', "office": "Hải Phòng", "idempotency_key": None}
    encoded = '[{"code":"Ế\\n"}]'.encode()
    quoted = json.dumps(encoded.decode())[1:-1]
    for record in (
        score(**texts, degraded=True, reasons=EncodedJson(encoded, quoted)),
        score(**texts, degraded=True, reasons=encoded),
        score(raw_score=-0.0, probability=1e-300, base_value=1e16, features=b"", request={"a": 1}),
    ):
        (given, _) = prepare([Submission((record,))])[0]
        row = {**given[0].values, "position": 7, "writer": 'w"'}
        found = f"{given[0].before}7{given[0].after}{canonical_json(row['writer'])}}}"
        assert found == chained_json("scores", row)
        columns = {column.name for column in scores.c} - {"prev_hash", "row_hash"}
        assert columns == set(row)


@pytest.mark.parametrize("score_id", ["", "absent", "a\0b", "\ud800", "x" * 5000])
def test_an_unknown_score_is_none(ledger: Ledger, score_id: str) -> None:
    assert ledger.score(score_id) is None


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"probability": float("nan")}, "probability is nan"),
        ({"raw_score": float("inf")}, "raw_score is inf"),
        ({"decision_time": datetime(2020, 1, 1)}, "decision_time has no time zone"),  # noqa: DTZ001
        ({"bill_no": "a\0"}, "bill_no holds a NUL"),
        ({"score_id": ""}, "no score_id"),
        ({"stage": None}, "stage is a NoneType"),
        ({"features": [1.0]}, "a list stands where bytes belong"),
        ({"request": {"x": float("nan")}}, "cannot be written as JSON"),
        ({"reasons": b"\xff"}, "no UTF-8"),
    ],
)
def test_one_bad_score_leaves_nothing_behind(
    ledger: Ledger, changes: dict[str, Any], what: str
) -> None:
    with pytest.raises(LedgerError, match=what):
        ledger.append_scores([score(), score(**changes)], writer="w")
    assert ledger.count_scores() == 0
    assert ledger.verify().chains == ()


def test_a_repeated_identifier_is_refused_and_leaves_the_chain_whole(ledger: Ledger) -> None:
    written = score()
    ledger.append_scores([written], writer="w")
    with pytest.raises(LedgerError, match="already recorded"):
        ledger.append_scores([score(), replace(written, raw_score=1.0)], writer="w")
    assert ledger.count_scores() == 1
    ledger.append_scores([score()], writer="w")
    assert ledger.verify().ok


def test_no_scores_and_no_writer(ledger: Ledger) -> None:
    ledger.append_scores([], writer="w")
    assert ledger.append_submissions([], writer="w") == []
    with pytest.raises(LedgerError, match="writer"):
        ledger.append_scores([score()], writer="w\0")


def test_scores_are_found_by_time_stage_and_office(ledger: Ledger) -> None:
    made = [
        score(scored_at=MOMENT + timedelta(hours=hour), office=office, stage=stage)
        for hour, office, stage in (
            (2, "HPH", "declaration"),
            (0, "HPH", "pre_arrival"),
            (1, "DAD", "declaration"),
        )
    ]
    ledger.append_scores(made, writer="w")
    late, early, middle = made
    assert ledger.scores_since() == [early, middle, late]
    assert ledger.scores_since(limit=2) == [early, middle]
    assert ledger.scores_since(MOMENT + timedelta(hours=1)) == [middle, late]
    # The end is exclusive.
    assert ledger.scores_since(until=MOMENT + timedelta(hours=2)) == [early, middle]
    assert ledger.scores_since(stage="declaration", office="HPH") == [late]
    assert ledger.count_scores(MOMENT, stage="declaration") == 2
    assert ledger.count_scores(office="SGN") == 0


def answer(
    key: str = "k", digest: str = "d1", body: bytes = b"\x00first", who: str = "p"
) -> Answer:
    return Answer(who, key, digest, body)


def test_a_repeated_request_gets_the_first_answer_and_writes_nothing(ledger: Ledger) -> None:
    assert ledger.append_scores([score()], writer="w", answer=answer()) is None
    again = ledger.append_scores([score()], writer="w", answer=answer(body=b"second"))
    assert again == answer()
    assert ledger.count_scores() == 1
    assert ledger.recall_answer("p", "k") == ("d1", b"\x00first")


def test_a_key_used_for_another_request_is_a_conflict(ledger: Ledger) -> None:
    ledger.append_scores([score()], writer="w", answer=answer())
    with pytest.raises(LedgerConflictError, match="'k' was used for another request"):
        ledger.append_scores([score()], writer="w", answer=answer(digest="d2"))
    with pytest.raises(LedgerConflictError):
        ledger.remember_answer("k", "p", "d2", b"")
    assert ledger.count_scores() == 1


def test_two_principals_may_use_one_key(ledger: Ledger) -> None:
    assert ledger.append_scores([score()], writer="w", answer=answer()) is None
    assert ledger.append_scores([score()], writer="w", answer=answer(who="q")) is None
    assert ledger.recall_answer("q", "k") == ("d1", b"\x00first")


def test_a_group_commit_keeps_requests_apart(ledger: Ledger) -> None:
    """New, without key, twice the same key, a replay and a conflict in one transaction."""
    ledger.append_scores([score()], writer="w", answer=answer("old"))
    group = [
        Submission((score(), score()), answer("new")),
        Submission((score(),)),
        Submission((score(),), answer("new", body=b"later")),
        Submission((score(),), answer("old", body=b"later")),
        Submission((score(),), answer("old", digest="other")),
    ]
    earlier = ledger.append_submissions(group, writer="w")
    assert earlier == [None, None, answer("new"), answer("old"), answer("old")]
    kept = {record.score_id for each in group[:2] for record in each.records}
    assert {found.score_id for found in ledger.scores_since()} >= kept
    assert ledger.count_scores() == 1 + 3
    assert ledger.verify().ok


def test_one_answer_given_twice_in_a_group_counts_once(ledger: Ledger) -> None:
    same = answer()
    group = [Submission((score(),), same), Submission((score(),), same)]
    assert ledger.append_submissions(group, writer="w") == [None, same]
    assert ledger.count_scores() == 1


def test_old_answers_may_be_forgotten_but_not_their_scores(ledger: Ledger) -> None:
    ledger.append_scores([score()], writer="w", answer=answer())
    now = datetime.now(UTC)
    assert ledger.forget_answers(now - timedelta(days=7)) == 0
    assert ledger.recall_answer("p", "k") is not None
    assert ledger.forget_answers(now + timedelta(seconds=5)) == 1
    assert ledger.recall_answer("p", "k") is None
    assert ledger.count_scores() == 1


def test_answers_without_scores_are_remembered(ledger: Ledger) -> None:
    assert ledger.remember_answer("k", "p", "d1", b"\x00first") is None
    assert ledger.remember_answer("k", "p", "d1", b"again") == answer()
    assert ledger.recall_answer("p", "k") == ("d1", b"\x00first")
    assert ledger.recall_answer("p", "other") is None
    assert ledger.recall_answer("p", "\0") is None


@pytest.mark.slow
def test_a_thousand_scores_are_written_at_once(ledger: Ledger) -> None:
    """A bound on the shape, not on the machine: one insert, not a thousand commits."""
    import time

    many = [score(score_id=new_id()) for _ in range(1000)]
    start = time.perf_counter()
    ledger.append_scores(many, writer="w")
    assert time.perf_counter() - start < 1.0
    assert ledger.count_scores() == 1000
