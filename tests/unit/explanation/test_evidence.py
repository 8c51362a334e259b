"""Evidence: what it says, what it compares with, in both languages."""

import math
import re
import unicodedata
from collections.abc import Mapping

import numpy as np
import pytest

from riskml.explanation import REASON_CODES, ReasonBook, code_of, reasons_of
from riskml.explanation.catalogue import LANGUAGES, LOCALES, catalogue
from riskml.explanation.evidence import KINDS, sentence_of
from riskml.explanation.sentences import Places, Value
from riskml.features import Feature
from riskml.features.catalogue import feature_set

STAGES = ("pre_arrival", "declaration")
FEATURES = {f.name: f for stage in STAGES for f in feature_set(stage).features}
_GAPS = re.compile(r"%\(\w+\)s|%%")


def said(
    feature: Feature | str, value: Value, others: Mapping[str, float] | None = None,
    language: str = "en",
) -> str:  # fmt: skip
    """Write the evidence of a value beside others; what is not among them is not in the model."""
    if isinstance(feature, str):
        feature = FEATURES[feature]
    row = {feature.name: value, **{n: v for n, v in (others or {}).items() if n != feature.name}}
    numbers = {name: j for j, name in enumerate(row)}
    return "".join(sentence_of(feature, Places(0, numbers), language)([*row.values(), None]))


PRICE = "commodity_code.origin_country__price_{}_unit_price__365d__min"


def test_a_price_stands_beside_its_peers() -> None:
    others = {
        PRICE.format("log_ratio"): math.log(3.2 / 8.4),
        PRICE.format("percentile"): 0.02,
        "log_unit_price_min": math.log(3.2),
        "commodity_code.origin_country__count__365d": 412.0,
        "lines": 1.0,
    }
    for kind in ("log_ratio", "percentile"):
        name = PRICE.format(kind)
        assert said(name, others[name], others) == (
            "unit price 3.2 USD/kg; median of 412 declaration lines of this commodity code x "
            "country of origin in the last year: 8.4; lower than 98 % of them"
        )
        vietnamese = said(name, others[name], others, "vi")
        assert "trung vị của 412 dòng tờ khai" in vietnamese
        assert "3,2 USD/kg" in vietnamese


def test_a_price_without_its_peers_number_says_less() -> None:
    name = PRICE.format("log_ratio")
    assert said(name, math.log(0.5)) == (
        "unit price −50 % from the median of this commodity code x country of origin"
    )
    assert "no earlier prices" in said(name, None)
    several = {"lines": 2.0, "log_unit_price_min": 1.0}
    assert "declaration lines" not in said(name, 0.1, several)
    assert said(PRICE.format("percentile"), 0.9, several) == (
        "unit price higher than 90 % of the earlier ones of this commodity code x country of origin"
    )


@pytest.mark.parametrize(
    ("name", "value", "others", "text"),
    [
        ("importer_id__hits__365d", 3.0, {"importer_id__known__365d": 17.0},
         "importer: 3 violations in 17 closed inspections in 365 days (17.6 %)"),
        ("importer_id__hits__365d", 1.0, {}, "importer: 1 violation found in 365 days"),
        ("importer_id__hits__365d", 0.0, {"importer_id__known__365d": 143.0},
         "importer: 0 violations in 143 closed inspections in 365 days (0 %)"),
        ("importer_id__known__30d", 1.0, {}, "importer: 1 closed inspection in 30 days"),
        ("importer_id__count__30d", 1234.0, {}, "importer: 1,234 earlier lines in 30 days"),
        ("importer_id__hit_rate__365d", 0.05,
         {"importer_id__known__365d": 17.0, "importer_id__hits__365d": 3.0},
         "importer: expected violation rate 5 % in 365 days (3 found in 17 inspections), leaning "
         "on the average where inspections are few"),
        ("importer_id.commodity_code__hit_rate__365d", 0.18,
         {"commodity_code__hit_rate__365d": 0.02},
         "importer x commodity code: expected violation rate 18 % in 365 days, beside 2 % of the "
         "commodity code"),
        ("commodity_code__suspicious_rate", 0.004, {},
         "commodity code: expected rate of suspicious scans 0.4 % in all its history, leaning on "
         "the average where inspections are few"),
        ("importer_id__days_since_last", 412.3, {}, "importer: last seen 412 days ago"),
        ("importer_id__days_since_last", 0.0833, {}, "importer: last seen 2 hours ago"),
        ("importer_id__days_since_last", 0.01, {}, "importer: last seen less than an hour ago"),
        ("importer_id__days_since_last", None, {}, "importer: not seen before, or not named"),
        ("importer_id__days_since_last_hit", None, {}, "importer: no violation is known"),
        ("importer_id__first_seen", 1.0, {}, "importer: seen for the first time"),
        ("importer_id__first_seen", 0.0, {}, "importer: seen before"),
        ("commodity_code__count__365d__min", 3.0, {},
         "commodity code: 3 earlier lines in 365 days (lowest among the lines)"),
        ("gross_mass_log_ratio", math.log(9800 / 12400), {"log_gross_mass": math.log1p(9800)},
         "gross mass: manifest 12,400 kg, declaration 9,800 kg (−21 %)"),
        ("gross_mass_log_ratio", math.log(2.0), {},
         "gross mass declared +100 % from the manifest's"),
        ("log_duty_at_stake", math.log1p(810.0), {}, "duty at stake 810 USD"),
        ("log_packages", math.log1p(1.0), {}, "1 package"),
        ("party_name_similarity", 43.0, {}, "names of importer and consignee alike by 43 %"),
        ("departure_not_loading", 1.0, {},
         "port of loading lies outside the country of departure"),
        ("invalid_container", None, {}, "container number not known"),
        ("decision_weekday", 6.0, {}, "decided on a Sunday (UTC)"),
        ("lane__value", "red", {}, "Lane given by the declaration system: red"),
        ("duty_rate_max", 12.5, {}, "highest duty rate 12.5 %"),
    ],
)  # fmt: skip
def test_evidence_in_english(
    name: str, value: float | str | None, others: dict[str, float], text: str
) -> None:
    assert said(name, value, others) == text


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_every_feature_speaks_both_languages(name: str) -> None:
    """Missing, zero, one, large, negative: a sentence without an open gap, in its own language."""
    feature = FEATURES[name]
    values = [None, 0.0, 1.0, 2.5, -1.0, 1e6] if feature.kind == "number" else [None, "X"]
    everything = dict.fromkeys(FEATURES, 2.0)
    for value in values:
        for known in (everything, {}):
            english, vietnamese = (said(name, value, known, x) for x in ("en", "vi"))
            for text in (english, vietnamese):
                assert text
                assert "%(" not in text
                assert "log" not in text.lower() or name == "log"
            assert english != vietnamese
            assert unicodedata.is_normalized("NFC", vietnamese)


def test_no_feature_is_left_to_description_and_value_but_categories() -> None:
    plain = [name for name, feature in FEATURES.items()
             if ": not known" in said(feature, None)]  # fmt: skip
    assert all(FEATURES[name].kind == "category" for name in plain)


def test_both_catalogues_are_complete() -> None:
    texts = {language: catalogue(language) for language in LANGUAGES}
    assert set(texts["en"]) == set(texts["vi"])
    for name, forms in texts["en"].items():
        for form in (*forms, *texts["vi"][name]):
            assert form.strip(), name
            assert sorted(set(_GAPS.findall(form))) == sorted(set(_GAPS.findall(forms[0]))), name
    assert len(KINDS) == len(set(KINDS))


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogues_hold_nothing_fuzzy_or_obsolete(language: str) -> None:
    from babel.messages.pofile import read_po

    with (LOCALES / language / "LC_MESSAGES" / "reasons.po").open("rb") as file:
        found = read_po(file, locale=language, abort_invalid=True)
    assert not found.obsolete
    assert not any(message.fuzzy for message in found if message.id)


@pytest.mark.parametrize("code", sorted(REASON_CODES))
def test_every_code_has_a_title_in_both_languages(code: str) -> None:
    entry = REASON_CODES[code]
    assert entry.title_en
    assert entry.title_vi
    assert entry.title_en != entry.title_vi


def test_an_unknown_feature_is_written_as_description_and_value() -> None:
    feature = Feature("x_score", "number", "own", "Own score", "Điểm riêng", unit="points")
    assert said(feature, 3.0) == "Own score: 3 points"
    assert said(feature, None, language="vi") == "Điểm riêng: không rõ"
    assert code_of(feature) in REASON_CODES


def test_two_features_of_one_meaning_say_it_once() -> None:
    features = feature_set("declaration")
    book = ReasonBook.of(features)
    position = {name: j for j, name in enumerate(features.names)}
    contributions = np.zeros((1, len(features.names)))
    columns = {f.name: np.array([2.0 if f.kind == "number" else None], dtype=object)
               for f in features.features}  # fmt: skip
    columns["lines"] = np.array([1.0])
    for kind in ("log_ratio", "percentile"):
        contributions[0, position[PRICE.format(kind)]] = 0.4
    (reason,) = reasons_of(book, contributions, columns)[0]
    assert reason.code == "R-PRICE"
    assert reason.text_en.count("median") == 1
    assert len(reason.features) == 2
