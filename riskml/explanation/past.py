"""Evidence of history features: what was seen before, found before, paid before."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from riskml.config import settings
from riskml.explanation.catalogue import Fragments, Language, Phrase, say
from riskml.explanation.numbers import amount, change, format_number, share
from riskml.explanation.sentences import Places, Sentence, Values, exponential, number
from riskml.features.wording import describe_key

__all__ = ["PAST", "past_sentence"]

_HISTORY = re.compile(
    r"(?P<key>[a-z_.]+?)__(?P<kind>count|known|hits|hit_rate|suspicious_rate|suspicious|"
    r"days_since_last_hit|days_since_last|first_seen|distinct|share|price_percentile|price_log_ratio)"
    r"(?:_(?P<column>[a-z_]+?))?(?:__(?P<days>[0-9.]+)d)?(?:__(?P<how>min|mean))?"
)


@dataclass(frozen=True)
class _Past:
    """A history feature, taken apart by its name (DESIGN 5), and the language to speak of it."""

    key: str
    kind: str
    column: str
    days: str | None
    how: str
    language: Language

    def named(self, key: str | None = None) -> str:
        """Return the name of the key, or of another."""
        names = (self.key if key is None else key).split(".")
        return describe_key(tuple(names), 0 if self.language == "en" else 1)

    def other(self, kind: str, key: str | None = None) -> str:
        """Return the name of another statistic, of this key or another, over this window."""
        name = f"{key or self.key}__{kind}"
        return name if self.days is None else f"{name}__{self.days}d"

    def window(self) -> str:
        """Return over which time it counts."""
        if self.days is None:
            return say(self.language, "window.all")
        return say(self.language, "window.days", days=self.days)

    def phrase(self, name: str, *gaps: str, **fixed: str) -> Phrase:
        """Return a phrase about the key."""
        return Phrase(self.language, f"evidence.{name}", *gaps, **{"key": self.named(), **fixed})


def past_sentence(name: str, places: Places, language: Language) -> Sentence | None:
    """Return what writes the evidence of a history feature; None if it is none by its name."""
    found = _HISTORY.fullmatch(name)
    if found is None:
        return None
    past = _Past(
        found["key"], found["kind"], found["column"] or "", found["days"], found["how"] or "",
        language,
    )  # fmt: skip
    build = PAST[past.kind]
    write = build(past, places)
    if build is _price or not past.how:
        return write
    ending = f" {say(language, f'how.{past.how}')}"
    return lambda values: (*write(values), ending)


def _count(past: _Past, places: Places) -> Sentence:
    own, language = places.own, past.language
    missing = past.phrase("no_key")()
    plain = past.phrase(past.kind, "number", days=past.days or "")
    of_known = past.phrase("hits_of", "number", "known", "share", window=past.window())
    known = places.of(past.other("known")) if past.kind == "hits" else -1

    def write(values: Values) -> Fragments:
        value, inspected = number(values[own]), number(values[known])
        if value is None:
            return missing
        if inspected:
            shown = share(value / inspected, language)
            return of_known.counting(
                value, amount(value, language), amount(inspected, language), shown
            )
        return plain.counting(value, amount(value, language))

    return write


def _rate(past: _Past, places: Places) -> Sentence:
    """Write a rate with the counts behind it, and with the rate of a wider key beside it."""
    own, language = places.own, past.language
    missing = past.phrase("no_key")()
    start = past.phrase(past.kind, "share", window=past.window())
    counted = past.phrase("counted", "hits", "known")
    leaning = past.phrase("leaning")()
    known = places.of(past.other("known")) if past.kind == "hit_rate" else -1
    hits = places.of(past.other("hits"))
    beside = [
        (places.of(past.other(past.kind, key)), past.phrase("beside", "share", key=past.named(key)))
        for key in _wider(past.key)
    ]

    def write(values: Values) -> Fragments:
        value = number(values[own])
        if value is None:
            return missing
        inspected, found = number(values[known]), number(values[hits])
        text = start(share(value, language))
        if inspected is not None and found is not None:
            text += counted.counting(
                inspected, amount(found, language), amount(inspected, language)
            )
        for place, phrase in beside:
            compared = number(values[place])
            if compared is not None:
                return text + phrase(share(compared, language))
        return text + leaning

    return write


def _wider(key: str) -> tuple[str, ...]:
    """Return keys to compare a key with, the nearest first."""
    columns = key.split(".")
    if len(columns) > 1:
        return tuple(reversed(columns))
    return ("chapter",) if key == "commodity_code" else ()


def _since(past: _Past, places: Places) -> Sentence:
    own, ago = places.own, _ago(past.language)
    missing = past.phrase(f"no_{past.kind}")()
    phrase = past.phrase(past.kind, "ago")
    # The gap is filled with fragments in the end.
    parts = phrase("\0")
    gap = parts.index("\0")
    before, after = parts[:gap], parts[gap + 1 :]

    def write(values: Values) -> Fragments:
        value = number(values[own])
        return missing if value is None else (*before, *ago(value), *after)

    return write


def _ago(language: Language) -> Callable[[float], Fragments]:
    """Return what writes a time that has passed in days, a short one in hours."""
    now = (say(language, "ago.now"),)
    in_days, in_hours = (Phrase(language, f"ago.{unit}", "number") for unit in ("days", "hours"))

    def write(days: float) -> Fragments:
        if days >= 2:
            return in_days.counting(round(days), amount(days, language))
        hours = round(24 * days)
        return now if hours < 1 else in_hours.counting(hours, str(hours))

    return write


def _first_seen(past: _Past, places: Places) -> Sentence:
    own = places.own
    missing, first, again = (past.phrase(n)() for n in ("no_key", "first_seen", "seen_before"))

    def write(values: Values) -> Fragments:
        value = values[own]
        return missing if value is None else first if value else again

    return write


def _distinct(past: _Past, places: Places) -> Sentence:
    own, language = places.own, past.language
    missing = past.phrase("no_key")()
    column = past.named(past.column)
    phrase = past.phrase("distinct", "number", column=column, days=past.days or "")

    def write(values: Values) -> Fragments:
        value = number(values[own])
        return missing if value is None else phrase.counting(value, amount(value, language))

    return write


def _share(past: _Past, places: Places) -> Sentence:
    own, language = places.own, past.language
    missing = past.phrase("no_key")()
    phrase = past.phrase("share", "share", column=past.named(past.column))

    def write(values: Values) -> Fragments:
        value = number(values[own])
        return missing if value is None else phrase(share(value, language))

    return write


def _price(past: _Past, places: Places) -> Sentence:
    """Write where a unit price stands among its peers: the price, their median, their number."""
    own, language = places.own, past.language
    suffix = f"__{past.how}" if past.how else ""
    log_ratio, percentile = (
        places.of(f"{past.key}__{kind}_{past.column}__{past.days}d{suffix}")
        for kind in ("price_log_ratio", "price_percentile")
    )
    if past.kind == "price_log_ratio":
        log_ratio = own
    else:
        percentile = own
    lowest, lines = places.of("log_unit_price_min"), places.of("lines")
    count = places.of(past.other("count"))
    missing = past.phrase("no_peers")()
    priced = past.phrase("price", "price", currency=settings().reporting_currency)
    median_of = past.phrase("median_of", "number", "median")
    median = past.phrase("median", "median")
    differing = past.phrase("price_ratio", "change")
    side = {
        (low, named): past.phrase(name, "share")
        for low, named, name in (
            (True, True, "lower_of_them"), (True, False, "lower_than"),
            (False, True, "higher_of_them"), (False, False, "higher_than"),
        )
    }  # fmt: skip

    def write(values: Values) -> Fragments:
        if values[own] is None:
            return missing
        ratio, below = exponential(number(values[log_ratio])), number(values[percentile])
        # Of several lines the cheapest need not be the one furthest below its peers.
        price = exponential(number(values[lowest])) if values[lines] == 1 else None
        parts: list[Fragments] = []
        if price is not None:
            parts.append(priced(format_number(price, language)))
        if price is not None and ratio is not None:
            written, peers = format_number(price / ratio, language), number(values[count])
            if peers is None:
                parts.append(median(written))
            else:
                parts.append(median_of.counting(peers, amount(peers, language), written))
        elif ratio is not None:
            parts.append(differing(change(ratio - 1, language)))
        if below is not None:
            phrase = side[below < 0.5, price is not None and ratio is not None]
            parts.append(phrase(share(max(below, 1 - below), language, 0)))
        found: Fragments = ()
        for part in parts:
            found = (*found, "; ", *part) if found else part
        return found or missing

    return write


PAST: Mapping[str, Callable[[_Past, Places], Sentence]] = {
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
    "share": _share,
    "price_percentile": _price,
    "price_log_ratio": _price,
}
"""What writes each kind of statistic."""
