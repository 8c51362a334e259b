"""Evidence in words: what a feature's value says, and what it is compared with.

A sentence rests on the recorded feature vector alone: the feature itself, and others of the same
consignment that tell what it is to be compared with. So it can be written again from the ledger,
and it costs no further look into history. What does not change from one consignment to the next
is worked out once per model and language.
"""

import math
from collections.abc import Callable, Mapping

from riskml.config import settings
from riskml.explanation.catalogue import Fragments, Language, Phrase, say
from riskml.explanation.numbers import amount, change, format_number, share
from riskml.explanation.past import PAST, past_sentence
from riskml.explanation.sentences import Places, Sentence, Values, number
from riskml.features import Feature

__all__ = ["KINDS", "sentence_of"]


def sentence_of(feature: Feature, places: Places, language: Language) -> Sentence:
    """Return what writes the evidence of a feature; prepared once per model.

    Parameters
    ----------
    feature : Feature
        What to speak of.
    places : Places
        Where its value stands, and those it is compared with.
    language : {"en", "vi"}
    """
    if feature.kind != "number":
        return _plain(feature, places, language)
    if feature.name in _OWN:
        return _OWN[feature.name](places, language)
    return past_sentence(feature.name, places, language) or _plain(feature, places, language)


Own = Callable[[Places, Language], Sentence]


def _logged(kind: str, *, plus_one: bool = True, decimals: int | None = 0) -> Own:
    """Return what writes a logarithm as the quantity it stands for."""
    back = math.expm1 if plus_one else math.exp
    written = amount if decimals == 0 else format_number

    def build(places: Places, language: Language) -> Sentence:
        own = places.own
        missing = (say(language, f"evidence.no_{kind}"),)
        currency = settings().reporting_currency
        phrase = Phrase(language, f"evidence.{kind}", "number", currency=currency)

        def write(values: Values) -> Fragments:
            value = number(values[own])
            if value is None or value > 700:
                return missing
            quantity = back(value)
            return phrase.counting(quantity, written(quantity, language))

        return write

    return build


def _ratio(kind: str, declared: str) -> Own:
    """Return what writes a ratio of declaration to manifest with both numbers."""

    def build(places: Places, language: Language) -> Sentence:
        own, other = places.own, places.of(declared)
        missing = (say(language, f"evidence.no_{kind}_ratio"),)
        differing = Phrase(language, f"evidence.{kind}_change", "change")
        both = Phrase(language, f"evidence.{kind}_ratio", "manifest", "declared", "change")

        def write(values: Values) -> Fragments:
            value, logged = number(values[own]), number(values[other])
            if value is None or abs(value) > 50:
                return missing
            ratio = math.exp(value)
            differs = change(ratio - 1, language)
            if logged is None or logged > 700:
                return differing(differs)
            stated = math.expm1(logged)
            return both(amount(stated / ratio, language), amount(stated, language), differs)

        return write

    return build


def _flag(kind: str) -> Own:
    """Return what writes a yes or no as a sentence of its own."""

    def build(places: Places, language: Language) -> Sentence:
        own = places.own
        unknown, yes, no = (
            (say(language, f"evidence.{kind}.{answer}"),) for answer in ("unknown", "yes", "no")
        )

        def write(values: Values) -> Fragments:
            value = values[own]
            return unknown if value is None else yes if value else no

        return write

    return build


def _measured(
    kind: str, gap: str = "number", written: Callable[[float, Language], str] = format_number
) -> Own:
    """Return what writes a quantity."""

    def build(places: Places, language: Language) -> Sentence:
        own = places.own
        missing = (say(language, f"evidence.no_{kind}"),)
        phrase = Phrase(language, f"evidence.{kind}", gap)

        def write(values: Values) -> Fragments:
            value = number(values[own])
            return missing if value is None else phrase.counting(value, written(value, language))

        return write

    return build


def _percent(kind: str) -> Own:
    return _measured(kind, "share", lambda value, language: share(value / 100, language, 0))


def _weekday(places: Places, language: Language) -> Sentence:
    own = places.own
    missing = (say(language, "evidence.no_time"),)
    names = [say(language, f"weekday.{day}") for day in range(7)]
    days = [(say(language, "evidence.weekday", day=name),) for name in names]

    def write(values: Values) -> Fragments:
        value = number(values[own])
        return missing if value is None else days[int(value) % 7]

    return write


_OWN: Mapping[str, Own] = {
    "log_customs_value": _logged("customs_value"),
    "log_duty_at_stake": _logged("duty_at_stake"),
    "log_unit_price_min": _logged("lowest_price", plus_one=False, decimals=None),
    "log_unit_price_max": _logged("highest_price", plus_one=False, decimals=None),
    "log_gross_mass": _logged("gross_mass"),
    "log_net_mass": _logged("net_mass"),
    "log_quantity": _logged("quantity"),
    "log_packages": _logged("packages"),
    "log_mass_per_package": _logged("mass_per_package", decimals=None),
    "gross_mass_log_ratio": _ratio("mass", "log_gross_mass"),
    "packages_log_ratio": _ratio("packages", "log_packages"),
    "party_name_similarity": _percent("name_similarity"),
    "goods_similarity": _percent("goods_similarity"),
    "description_plausibility": _measured("plausibility", "share", share),
    "manifest_description_plausibility": _measured("manifest_plausibility", "share", share),
    "same_heading": _flag("same_heading"),
    "transshipped": _flag("transshipped"),
    "origin_not_departure": _flag("origin_not_departure"),
    "departure_not_loading": _flag("departure_not_loading"),
    "origin_not_loading": _flag("origin_not_loading"),
    "container_type_mismatch": _flag("container_type_mismatch"),
    "invalid_container": _flag("invalid_container"),
    "no_container": _flag("no_container"),
    "decision_weekday": _weekday,
    "decision_hour": _measured("hour"),
    "lead_time_hours": _measured("lead_time"),
    "lodged_before_arrival_hours": _measured("lodged_before"),
    "duty_rate_max": _measured("duty_rate"),
    "value_roundness": _measured("roundness"),
    "distinct_commodities": _measured("commodities"),
    "lines": _measured("lines"),
}

KINDS = (*PAST, *_OWN)
"""What has a sentence of its own; every other feature is written as description and value."""


def _plain(feature: Feature, places: Places, language: Language) -> Sentence:
    own = places.own
    description = feature.description_en if language == "en" else feature.description_vi
    start = f"{description or feature.name}: "
    missing = (start + say(language, "value.missing"),)
    unit = (f" {feature.unit}",) if feature.unit.strip() else ()

    def write(values: Values) -> Fragments:
        value = values[own]
        if value is None:
            return missing
        if isinstance(value, str):
            return (start, value)
        return (start, format_number(value, language), *unit)

    return write
