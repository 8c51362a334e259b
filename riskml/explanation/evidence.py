"""Evidence in words: what a feature's value says, and what it is compared with.

A sentence rests on the recorded feature vector alone: the feature itself, and others of the same
consignment that tell what it is to be compared with. So it can be written again from the ledger,
and it costs no further look into history.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from riskml.config import settings
from riskml.explanation.catalogue import Language, say
from riskml.explanation.numbers import amount, change, format_number, share
from riskml.features import Feature
from riskml.features.wording import describe_key

__all__ = ["KINDS", "Known", "Sentence", "sentence_of"]

Known = Callable[[str], float | None]
"""Returns a number of the same consignment by feature name; None if missing or not there."""

Sentence = Callable[[float | str | None, Known, Language], str]
"""Writes the evidence of one feature from its value."""

_HISTORY = re.compile(
    r"(?P<key>[a-z_.]+?)__(?P<kind>count|known|hits|hit_rate|suspicious_rate|suspicious|"
    r"days_since_last_hit|days_since_last|first_seen|distinct|price_percentile|price_log_ratio)"
    r"(?:_(?P<column>[a-z_]+?))?(?:__(?P<days>[0-9.]+)d)?(?:__(?P<how>min|mean))?"
)


@dataclass(frozen=True)
class _Past:
    """A history feature, taken apart by its name (DESIGN 5)."""

    key: str
    kind: str
    column: str
    days: str | None
    how: str

    def named(self, language: Language, key: str | None = None) -> str:
        """Return the name of the key."""
        return _named(self.key if key is None else key, language)

    def other(self, kind: str, key: str | None = None) -> str:
        """Return the name of another statistic, of this key or another, over this window."""
        return _other(key or self.key, kind, self.days)

    def window(self, language: Language) -> str:
        """Return over which time it counts."""
        return _window(self.days, language)


# The same few names are wanted for every request.


@lru_cache(maxsize=4096)
def _named(key: str, language: Language) -> str:
    return describe_key(tuple(key.split(".")), 0 if language == "en" else 1)


@lru_cache(maxsize=4096)
def _other(key: str, kind: str, days: str | None) -> str:
    return f"{key}__{kind}" if days is None else f"{key}__{kind}__{days}d"


@lru_cache(maxsize=256)
def _window(days: str | None, language: Language) -> str:
    if days is None:
        return say(language, "window.all")
    return say(language, "window.days", days=days)


def sentence_of(feature: Feature) -> Sentence:
    """Return what writes the evidence of a feature; prepared once per model."""
    found = _HISTORY.fullmatch(feature.name)
    if found is not None and feature.kind == "number":
        past = _Past(
            found["key"], found["kind"], found["column"] or "", found["days"], found["how"] or ""
        )
        write = _PAST[past.kind]
        reduced = past.how if write is not _price else ""

        def told(value: float | str | None, known: Known, language: Language) -> str:
            text = write(past, _number(value), known, language)
            return f"{text} {say(language, f'how.{reduced}')}" if reduced else text

        return told
    if feature.name in _OWN:
        own = _OWN[feature.name]
        return lambda value, known, language: own(_number(value), known, language)
    return _plain(feature)


def _number(value: float | str | None) -> float | None:
    return None if value is None or isinstance(value, str) else value


def _count(past: _Past, value: float | None, known: Known, language: Language) -> str:
    if value is None:
        return say(language, "evidence.no_key", key=past.named(language))
    if past.kind == "hits":
        inspected = known(past.other("known"))
        if inspected:
            return say(
                language, "evidence.hits_of", value, key=past.named(language),
                number=amount(value, language), known=amount(inspected, language),
                share=share(value / inspected, language), window=past.window(language),
            )  # fmt: skip
    return say(
        language, f"evidence.{past.kind}", value, key=past.named(language),
        number=amount(value, language), days=past.days or "",
    )  # fmt: skip


def _rate(past: _Past, value: float | None, known: Known, language: Language) -> str:
    """Write a rate with the counts behind it, and with the rate of a wider key beside it."""
    if value is None:
        return say(language, "evidence.no_key", key=past.named(language))
    text = say(
        language, f"evidence.{past.kind}", key=past.named(language),
        share=share(value, language), window=past.window(language),
    )  # fmt: skip
    inspected, hits = known(past.other("known")), known(past.other("hits"))
    if past.kind == "hit_rate" and inspected is not None and hits is not None:
        text += say(
            language, "evidence.counted", inspected,
            hits=amount(hits, language), known=amount(inspected, language),
        )  # fmt: skip
    for wider in _wider(past.key):
        compared = known(past.other(past.kind, wider))
        if compared is not None:
            name = past.named(language, wider)
            return text + say(
                language, "evidence.beside", key=name, share=share(compared, language)
            )
    return text + say(language, "evidence.leaning")


@lru_cache(maxsize=1024)
def _wider(key: str) -> tuple[str, ...]:
    """Return keys to compare a key with, the nearest first."""
    columns = key.split(".")
    if len(columns) > 1:
        return tuple(reversed(columns))
    return ("chapter",) if key == "commodity_code" else ()


def _since(past: _Past, value: float | None, _known: Known, language: Language) -> str:
    name = past.named(language)
    if value is None:
        return say(language, f"evidence.no_{past.kind}", key=name)
    return say(language, f"evidence.{past.kind}", key=name, ago=_ago(value, language))


def _ago(days: float, language: Language) -> str:
    """Write a time that has passed in days, a short one in hours."""
    if days >= 2:
        return say(language, "ago.days", round(days), number=amount(days, language))
    hours = round(24 * days)
    if hours < 1:
        return say(language, "ago.now")
    return say(language, "ago.hours", hours, number=str(hours))


def _first_seen(past: _Past, value: float | None, _known: Known, language: Language) -> str:
    name = "missing" if value is None else "first_seen" if value else "seen"
    wording = {"missing": "no_key", "first_seen": "first_seen", "seen": "seen_before"}[name]
    return say(language, f"evidence.{wording}", key=past.named(language))


def _distinct(past: _Past, value: float | None, _known: Known, language: Language) -> str:
    if value is None:
        return say(language, "evidence.no_key", key=past.named(language))
    return say(
        language, "evidence.distinct", value, key=past.named(language),
        number=amount(value, language), column=past.named(language, past.column),
        days=past.days or "",
    )  # fmt: skip


def _price(past: _Past, value: float | None, known: Known, language: Language) -> str:
    """Write where a unit price stands among its peers: the price, their median, their number."""
    name = past.named(language)
    if value is None:
        return say(language, "evidence.no_peers", key=name)
    suffix = f"__{past.how}" if past.how else ""
    window = f"_{past.column}__{past.days}d{suffix}"
    log_ratio = known(f"{past.key}__price_log_ratio{window}")
    below = known(f"{past.key}__price_percentile{window}")
    if past.kind == "price_log_ratio":
        log_ratio = value
    else:
        below = value
    ratio = _exp(log_ratio)
    # Of several lines the cheapest need not be the one furthest below its peers.
    price = _exp(known("log_unit_price_min")) if known("lines") == 1 else None
    peers = known(past.other("count"))
    parts = []
    if price is not None:
        currency = settings().reporting_currency
        written = format_number(price, language)
        parts.append(say(language, "evidence.price", price=written, currency=currency))
    if price is not None and ratio is not None:
        median = format_number(price / ratio, language)
        if peers is not None:
            parts.append(
                say(language, "evidence.median_of", peers, number=amount(peers, language),
                    key=name, median=median)
            )  # fmt: skip
        else:
            parts.append(say(language, "evidence.median", key=name, median=median))
    elif ratio is not None:
        times = change(ratio - 1, language)
        parts.append(say(language, "evidence.price_ratio", key=name, change=times))
    if below is not None:
        place = "lower" if below < 0.5 else "higher"
        told = share(max(below, 1 - below), language, 0)
        peers_named = price is not None and ratio is not None
        ending = "_of_them" if peers_named else "_than"
        parts.append(say(language, f"evidence.{place}{ending}", share=told, key=name))
    return "; ".join(parts) or say(language, "evidence.no_peers", key=name)


_PAST: Mapping[str, Callable[[_Past, float | None, Known, Language], str]] = {
    "count": _count,
    "known": _count,
    "hits": _count,
    "suspicious": _count,
    "hit_rate": _rate,
    "suspicious_rate": _rate,
    "days_since_last": _since,
    "days_since_last_hit": _since,
    "first_seen": _first_seen,
    "distinct": _distinct,
    "price_percentile": _price,
    "price_log_ratio": _price,
}

Own = Callable[[float | None, Known, Language], str]


def _exp(value: float | None) -> float | None:
    return None if value is None or abs(value) > 50 else math.exp(value)


def _logged(kind: str, *, plus_one: bool = True, decimals: int | None = 0) -> Own:
    """Return what writes a logarithm as the quantity it stands for."""

    def write(value: float | None, _known: Known, language: Language) -> str:
        if value is None or value > 700:
            return say(language, f"evidence.no_{kind}")
        number = math.expm1(value) if plus_one else math.exp(value)
        shown = amount(number, language) if decimals == 0 else format_number(number, language)
        currency = settings().reporting_currency
        return say(language, f"evidence.{kind}", number, number=shown, currency=currency)

    return write


def _ratio(kind: str, declared: str) -> Own:
    """Return what writes a ratio of declaration to manifest with both numbers."""

    def write(value: float | None, known: Known, language: Language) -> str:
        if value is None or abs(value) > 50:
            return say(language, f"evidence.no_{kind}_ratio")
        differs = change(math.exp(value) - 1, language)
        logged = known(declared)
        if logged is None or logged > 700:
            return say(language, f"evidence.{kind}_change", change=differs)
        number = math.expm1(logged)
        return say(
            language, f"evidence.{kind}_ratio", manifest=amount(number / math.exp(value), language),
            declared=amount(number, language), change=differs,
        )  # fmt: skip

    return write


def _flag(kind: str) -> Own:
    """Return what writes a yes or no as a sentence of its own."""

    def write(value: float | None, _known: Known, language: Language) -> str:
        answer = "unknown" if value is None else "yes" if value else "no"
        return say(language, f"evidence.{kind}.{answer}")

    return write


def _percent(kind: str) -> Own:
    def write(value: float | None, _known: Known, language: Language) -> str:
        if value is None:
            return say(language, f"evidence.no_{kind}")
        return say(language, f"evidence.{kind}", share=share(value / 100, language, 0))

    return write


def _weekday(value: float | None, _known: Known, language: Language) -> str:
    if value is None:
        return say(language, "evidence.no_time")
    return say(language, "evidence.weekday", day=say(language, f"weekday.{int(value) % 7}"))


def _measured(kind: str) -> Own:
    def write(value: float | None, _known: Known, language: Language) -> str:
        if value is None:
            return say(language, f"evidence.no_{kind}")
        return say(language, f"evidence.{kind}", value, number=format_number(value, language))

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
    "same_heading": _flag("same_heading"),
    "transshipped": _flag("transshipped"),
    "origin_not_departure": _flag("origin_not_departure"),
    "departure_not_loading": _flag("departure_not_loading"),
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

KINDS = (*_PAST, *_OWN)
"""What has a sentence of its own; every other feature is written as description and value."""


def _plain(feature: Feature) -> Sentence:
    def write(value: float | str | None, _known: Known, language: Language) -> str:
        english = language == "en"
        description = feature.description_en if english else feature.description_vi
        if value is None:
            shown = say(language, "value.missing")
        elif isinstance(value, str):
            shown = value
        else:
            shown = f"{format_number(value, language)} {feature.unit}".rstrip()
        return f"{description or feature.name}: {shown}"

    return write
