"""The decision report, of scores in a real ledger."""

import json
import struct
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from riskml.cases import CaseBook
from riskml.cases.comparison import CODES
from riskml.cases.workflow import ACTIONS, LEVELS, STATES
from riskml.config import settings
from riskml.errors import LedgerError
from riskml.explanation.codes import code_of
from riskml.ledger import USER_ROLES, Ledger
from riskml.reports import decision_wording
from riskml.reports.decision import decision_report
from riskml.reports.decision_facts import gather
from riskml.reports.decision_proof import decision_numbers
from riskml.reports.html import render_html
from riskml.reports.text import render_text
from riskml.reports.wording import LANGUAGES, Language
from riskml.scoring.explained import MODEL_RECORD
from tests.support.tiny_bundle import small_set
from tests.unit.cases.support import Clock, Person
from tests.unit.ledger.support import score, tampering

TODAY = date(2026, 3, 3)
FEATURES = small_set()
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setenv("RISKML_HOME", str(tmp_path))
    settings.cache_clear()
    with Ledger.open(settings().ledger_url) as opened:
        described = {"model_digest": "ab" * 32, "feature_set": FEATURES.to_dict()}
        opened.append_record(MODEL_RECORD, described, "writer")
        yield opened
    settings.cache_clear()


@pytest.fixture
def score_id(ledger: Ledger) -> str:
    """Return a score with evidence for and against, of a manifest that says something hostile."""
    count = len(FEATURES.features)
    contributions = [0.5 - 0.25 * position for position in range(count)]
    reason = {
        "code": code_of(FEATURES.features[0]), "direction": "raises", "contribution": 0.5,
        "text_en": "The parties raise it.", "text_vi": "Các bên làm tăng.",
    }  # fmt: skip
    record = score(
        features=struct.pack(f"<{count}d", *range(count)),
        contributions=struct.pack(f"<{count + 1}d", *contributions, -3.5),
        raw_score=-3.5 + sum(contributions),
        reasons=[reason],
        request={"manifest": {"bill_no": "BILL1", "goods_description": HOSTILE,
                              "gross_mass_kg": 1234.5}},
    )  # fmt: skip
    ledger.append_scores((record,), writer="writer")
    return record.score_id


def text_of(ledger: Ledger, score_id: str, language: Language = "en") -> str:
    return render_text(decision_report(gather(ledger, score_id), language, TODAY))


def test_it_tells_what_was_known_and_why(ledger: Ledger, score_id: str) -> None:
    text = text_of(ledger, score_id)
    assert "a probability of 30.0 %" in text
    assert "1 July 2020 10:04" in text  # local time, UTC+7
    assert "The parties raise it." in text
    assert "1,234.5" in text
    assert "Nobody has proposed this consignment yet." in text
    assert "The model that answered is not on this machine" in text
    assert "could not be computed again: model abababababab is not in" in text
    for feature in FEATURES.features:
        assert feature.name in text


def test_base_value_and_reasons_add_up_to_the_raw_score(ledger: Ledger, score_id: str) -> None:
    numbers = decision_numbers(gather(ledger, score_id))
    contributions = [feature["contribution"] for feature in numbers["features"]]
    told = numbers["numbers"]
    assert told["base_value"] + sum(contributions) == pytest.approx(told["raw_score"])
    assert json.loads(json.dumps(numbers, allow_nan=False))["proof"]["intact"] is True


def test_it_follows_the_case(ledger: Ledger, score_id: str) -> None:
    book = CaseBook(ledger, clock=Clock())
    case = book.propose(score_id, Person("lan", "analyst"), "A new shipper.")
    book.act(case.case_id, "approve", Person("minh", "supervisor"), {}, "Agreed.",
             expected_version=1)  # fmt: skip
    book.record_access(Person("thu", "auditor"), score_id, "page")
    english, vietnamese = (text_of(ledger, score_id, language) for language in LANGUAGES)
    for told in ("lan", "A new shipper.", "minh", "Agreed.", "thu"):
        assert told in english
        assert told in vietnamese
    assert "Propose for scanning" in english
    assert "Đề xuất soi chiếu" in vietnamese
    assert "Kiểm toán viên".lower() in vietnamese


def test_a_changed_row_is_named(ledger: Ledger, score_id: str) -> None:
    assert "follows the row before it" in text_of(ledger, score_id)
    with tampering(settings().ledger_url) as connection:
        connection.execute("UPDATE scores SET probability = 0.01")
    assert "does not fit its chain" in text_of(ledger, score_id)


def test_what_was_sent_cannot_become_markup(ledger: Ledger, score_id: str) -> None:
    html = render_html(decision_report(gather(ledger, score_id), "vi", TODAY))
    assert HOSTILE not in html
    assert "&lt;script&gt;" in html


def test_nothing_is_written(ledger: Ledger, score_id: str) -> None:
    before = ledger.verify().rows
    gather(ledger, score_id)
    assert ledger.verify().rows == before
    assert not ledger.accesses(score_id)


def test_an_unknown_score_is_one_clear_error(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="there is no score 'nothing'"):
        gather(ledger, "nothing")


def test_every_code_has_words() -> None:
    assert set(decision_wording.DOCUMENTS) == set(CODES)
    for code in (*STATES, *ACTIONS, *LEVELS, *USER_ROLES, "violation", "no_violation"):
        assert decision_wording.named(code, "vi") != code
