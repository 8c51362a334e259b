"""The text model: what earlier descriptions say of a heading, and nothing later."""

from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import HashingVectorizer

from riskml.features import descriptions as module
from riskml.features.descriptions import Descriptions, headings_of
from riskml.features.plain import plain_text
from riskml.features.wordbook import BINS, ngrams_of
from tests.oracles.descriptions import plausibility
from tests.support.rows import declarations

WORDS = ["telephone", "điện thoại", "frozen fish", "cá đông lạnh", "laptop computer", "parts"]
HEADINGS = ["8517", "0302", "8471", "8473"]
FIRST = pd.Timestamp("2020-01-01", tz="UTC")


def random_rows(seed: int, size: int = 80) -> pd.DataFrame:
    """Return lines of five months: revisions, late records, missing words and codes."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(size):
        day = FIRST + pd.Timedelta(hours=int(rng.integers(0, 150 * 24)))
        row = {
            "declaration_id": f"D{number}",
            "lodged_at": day,
            "recorded_at": day + pd.Timedelta(days=int(rng.integers(0, 20))),
            "revision": 0,
            "commodity_code": f"{rng.choice(HEADINGS)}30",
            "goods_description": None if rng.random() < 0.1 else str(rng.choice(WORDS)),
        }
        rows.append(row)
        if rng.random() < 0.3:
            later = row["recorded_at"] + pd.Timedelta(days=int(rng.integers(0, 30)))
            code = "FROG" if rng.random() < 0.2 else f"{rng.choice(HEADINGS)}30"
            rows.append({**row, "revision": 1, "recorded_at": later, "commodity_code": code})
    return declarations(*rows)


def asked(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every word with every heading, and an unseen one, at each month's turn and between."""
    times = [FIRST + pd.Timedelta(days=days) for days in (0, 20, 31, 59.99, 60, 130, 400)]
    found = [(w, h, t) for w in [*WORDS, "?"] for h in [*HEADINGS, "8599", "9900"] for t in times]
    texts, headings, when = zip(*found, strict=True)
    return (
        np.array(texts, dtype=object),
        np.array(headings, dtype=object),
        np.array([t.value // 1000 for t in when]),
    )


def of(rows: pd.DataFrame) -> Descriptions:
    found = Descriptions("declarations")
    found.append(rows)
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_plausibility_is_that_of_the_definition(seed: int) -> None:
    rows = random_rows(seed)
    plain = [
        {
            "id": r["declaration_id"], "revision": r["revision"], "heading": h,
            "known": max(r["lodged_at"], r["recorded_at"]),
            "text": r["goods_description"] if h and pd.notna(r["goods_description"]) else None,
        }
        for r, h in zip(rows.to_dict("records"), headings_of(rows["commodity_code"]), strict=True)
    ]  # fmt: skip
    texts, headings, times = asked(rows)
    found = of(rows).plausibility(texts, headings, times)
    expected = [
        plausibility(plain, text, heading, pd.Timestamp(time, unit="us", tz="UTC"))
        for text, heading, time in zip(texts, headings, times.tolist(), strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert 0.2 < np.isnan(expected).mean() < 0.8


def test_any_order_and_any_company_give_the_same_bits() -> None:
    rows = random_rows(3)
    texts, headings, times = asked(rows)
    at_once = of(rows).plausibility(texts, headings, times)
    piecewise = Descriptions("declarations")
    turned = rows.sample(frac=1, random_state=1)
    for start in range(0, len(turned), 7):
        # Asked in between: what was counted too early must not stay.
        piecewise.plausibility(texts[:5], headings[:5], times[:5])
        piecewise.append(turned.iloc[start : start + 7])
    one_by_one = [
        piecewise.plausibility(texts[[i]], headings[[i]], times[[i]])[0] for i in range(len(texts))
    ]
    np.testing.assert_array_equal(np.array(one_by_one).view(np.int64), at_once.view(np.int64))


def test_of_too_many_the_same_ones_are_counted_in_any_order(monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    rows = random_rows(4)
    texts, headings, times = asked(rows)
    few = of(rows).plausibility(texts, headings, times)
    turned = of(rows.sample(frac=1, random_state=2)).plausibility(texts, headings, times)
    np.testing.assert_array_equal(few, turned)
    monkeypatch.undo()
    assert not np.array_equal(few, of(rows).plausibility(texts, headings, times), equal_nan=True)


def test_fitting_words_are_more_plausible_than_others() -> None:
    rows = declarations(
        *(
            {"declaration_id": f"D{i}", "lodged_at": FIRST, "commodity_code": code,
             "goods_description": text}
            for i, (code, text) in enumerate([("851713", "điện thoại"), ("030289", "cá")] * 20)
        )
    )  # fmt: skip
    texts = np.array(["DIEN THOAI mới", "dien thoai", "xyzzy", None], dtype=object)
    at = np.full(4, (FIRST + pd.Timedelta(days=40)).value // 1000)
    phones = of(rows).plausibility(texts, np.array(["8517"] * 4, dtype=object), at)
    fish = of(rows).plausibility(texts, np.array(["0302"] * 4, dtype=object), at)
    assert (phones[:2] > 0.53).all()
    assert (fish[:2] < 0.3).all()
    assert phones[1] > phones[0]  # words never seen tell nothing, and the rest tells less
    assert phones[2] == fish[2] == 0.5
    assert np.isnan(phones[3])


def test_codes_of_another_system_have_no_heading() -> None:
    assert headings_of(["851713", "8517", "FROG", "85", "85A7", None, float("nan")]) == [
        "8517", "8517", None, None, None, None, None,
    ]  # fmt: skip


def test_trigrams_are_those_of_scikit_learn() -> None:
    analyse = HashingVectorizer(
        preprocessor=plain_text, analyzer="char_wb", ngram_range=(3, 3)
    ).build_analyzer()
    for text in ["Điện thoại  loại A, 12", "x", "NO.5 (new)", ""]:
        bins = {crc32(gram.encode()) % BINS for gram in analyse(text) if gram.strip()}
        assert ngrams_of([text]).bins.tolist() == sorted(bins)


def test_what_a_late_row_changes_is_counted_before_look_ups_see_it(monkeypatch) -> None:
    rows = random_rows(5)
    texts, headings, times = asked(rows)
    late = rows["lodged_at"] < FIRST + pd.Timedelta(days=25)
    found = of(rows[~late])
    now = times == times[-1]
    before = found.plausibility(texts[now], headings[now], times[now])
    told = found.prepare(rows[late])
    seen = found.plausibility(texts[now], headings[now], times[now])
    np.testing.assert_array_equal(before, seen)
    monkeypatch.setattr(Descriptions, "_counted", None)
    found.apply(told)
    after = found.plausibility(texts[now], headings[now], times[now])
    monkeypatch.undo()
    np.testing.assert_array_equal(
        after, of(rows).plausibility(texts[now], headings[now], times[now])
    )
    assert not np.array_equal(before, after, equal_nan=True)


def test_a_month_can_be_counted_before_it_is_asked_for(monkeypatch) -> None:
    rows = random_rows(6)
    texts, headings, times = asked(rows)
    expected = of(rows).plausibility(texts[:7], headings[:7], times[:7])
    found = of(rows)
    for time in times[:7].tolist():
        found.count(time)
    monkeypatch.setattr(Descriptions, "_counted", None)
    np.testing.assert_array_equal(found.plausibility(texts[:7], headings[:7], times[:7]), expected)
