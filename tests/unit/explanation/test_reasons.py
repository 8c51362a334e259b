import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.explanation import ReasonBook, reasons_of, sentences
from riskml.explanation import reasons as reasons_module
from riskml.explanation.numbers import format_number
from tests.support.tiny_bundle import random_columns, small_set

FEATURES = small_set()
BOOK = ReasonBook.of(FEATURES)
# hits, count, port rate, container, lead time, cargo type


def _reasons(contributions: list[float], **values: object) -> tuple:
    columns = random_columns(FEATURES, 1, 5)
    for name, value in values.items():
        columns[name] = np.array([value], dtype=object if isinstance(value, str) else None)
    return reasons_of(BOOK, np.array([contributions]), columns)[0]


def test_the_strongest_group_comes_first_and_says_its_value_in_both_languages() -> None:
    reasons = _reasons([1.5, 0.0, -0.4, 0.0, 0.2, 0.0], consignee_id__hits__365d=3.0)
    first = reasons[0]
    assert [r.code for r in reasons] == ["R-PARTY-HISTORY", "R-ROUTE-HISTORY", "R-TIMING"]
    assert (first.direction, first.value, first.contribution) == ("raises", 3.0, 1.5)
    assert first.text_en.endswith("Consignee: 3 violations found in 365 days.")
    assert "raises the risk (+1.50)" in first.text_en
    assert first.text_vi.endswith("Người nhận hàng: phát hiện 3 vi phạm trong 365 ngày.")
    assert "làm tăng rủi ro (+1,50)" in first.text_vi
    assert reasons[1].direction == "lowers"
    assert "làm giảm rủi ro (−0,40)" in reasons[1].text_vi


def test_a_missing_value_is_said_aloud_and_null_in_json() -> None:
    reason = _reasons([0.0, 0.7, 0.0, 0.0, 0.0, 0.0], consignee_id__count__365d=np.nan)[0]
    assert reason.value is None
    assert "not named in the documents" in reason.text_en
    assert "không có trong chứng từ" in reason.text_vi
    assert reason.to_dict()["features"][0]["value"] is None


def test_a_category_shows_its_text() -> None:
    reason = _reasons([0.0, 0.0, 0.0, 0.0, 0.0, 0.7], cargo_type="LCL")[0]
    assert reason.code == "R-CARRIER"
    assert reason.value == "LCL"


def test_evidence_points_in_the_direction_of_its_group() -> None:
    # Transport and cargo are one group here: its sum raises, one member lowers.
    book = ReasonBook.of(FEATURES)
    columns = random_columns(FEATURES, 1, 5)
    reasons = reasons_of(book, np.array([[0.0, -0.2, 0.0, 0.0, 0.0, 0.0]]), columns)[0]
    assert [e.contribution for e in reasons[0].features] == [-0.2]


def test_no_contribution_gives_no_reason() -> None:
    assert _reasons([0.0] * 6) == ()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.floats(-5, 5, allow_nan=False), min_size=6, max_size=6), min_size=1, max_size=8
    )
)
def test_reasons_sum_at_most_to_what_moved_and_keep_their_limits(rows: list[list[float]]) -> None:
    contributions = np.array(rows)
    columns = random_columns(FEATURES, len(rows), 9)
    for row, reasons in zip(contributions, reasons_of(BOOK, contributions, columns), strict=True):
        assert len([r for r in reasons if r.contribution > 0]) <= 4
        assert len([r for r in reasons if r.contribution < 0]) <= 2
        strengths = [abs(r.contribution) for r in reasons]
        assert strengths == sorted(strengths, reverse=True)
        for reason in reasons:
            own = row[BOOK.membership[:, BOOK.codes.index(reason.code)] == 1]
            assert reason.contribution == pytest.approx(own.sum(), abs=1e-12)
            assert all((e.contribution > 0) == (own.sum() > 0) for e in reason.features)
            assert reason.features


@pytest.mark.parametrize(
    ("value", "english", "vietnamese"),
    [
        (0.0, "0", "0"),
        (3.0, "3", "3"),
        (0.02345, "0.02345", "0,02345"),
        (999.96, "1000", "1000"),
        (12345.6, "12,346", "12.346"),
        (-1500.0, "-1,500", "-1.500"),
        (1e16, "1e+16", "1e+16"),
    ],
)
def test_numbers_are_written_as_the_language_does(
    value: float, english: str, vietnamese: str
) -> None:
    assert format_number(value, "en") == english
    assert format_number(value, "vi") == vietnamese


def test_a_remembered_wording_is_the_one_that_would_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sentences, "MOST_REMEMBERED", 3)
    monkeypatch.setattr(reasons_module, "MOST_HEADS", 3)
    book, rng = ReasonBook.of(FEATURES), np.random.default_rng(8)
    contributions = rng.choice([-0.5, 0.1, 0.7], (40, len(FEATURES.features)))
    columns = random_columns(FEATURES, 40, 5)
    columns["consignee_id__count__365d"] = rng.choice([0.0, -0.0, 1.0, np.nan], 40)
    together = [
        *reasons_of(book, contributions, columns),
        *reasons_of(book, contributions, columns),
    ]
    for row, reasons in enumerate(together):
        one = {name: column[row % 40 : row % 40 + 1] for name, column in columns.items()}
        fresh = reasons_of(ReasonBook.of(FEATURES), contributions[[row % 40]], one)
        assert repr(reasons) == repr(fresh[0])
