"""Numbers and dates as a reader of the language expects them.

Vietnamese writes ``6.198`` and ``2,32 %``, English ``6,198`` and ``2.32 %``. The space before
the percent sign is a plain one in both, so that a figure can be searched for; the style sheet
keeps it from breaking.
"""

from datetime import date, datetime

from babel.dates import format_date
from babel.numbers import format_decimal

from riskml.config import settings
from riskml.reports.content import Cell, Estimate, Kind, Missing, RankRange, Rate
from riskml.reports.wording import Language, Message

__all__ = [
    "format_cell",
    "format_count",
    "format_day",
    "format_interval",
    "format_month",
    "format_number",
    "format_percent",
    "format_period",
    "format_time",
]

UNKNOWN = Message(en="unknown", vi="không rõ")
NOT_APPLICABLE = Message(en="n/a", vi="không áp dụng")
PERIOD = Message(en="{first} to {last}", vi="{first} đến {last}")
_DAY_PATTERN: dict[Language, str] = {"en": "d MMMM y", "vi": "dd/MM/y"}
_MONTH_PATTERN: dict[Language, str] = {"en": "MMMM y", "vi": "MM/y"}


def format_count(count: int, language: Language) -> str:
    """Return a whole number with the thousands separator of the language.

    Examples
    --------
    >>> format_count(6198, "en"), format_count(6198, "vi")
    ('6,198', '6.198')
    """
    return str(format_decimal(count, format="#,##0", locale=language))


def format_percent(share: float, language: Language, decimals: int = 2) -> str:
    """Return a share of one as a percentage with so many decimals.

    Examples
    --------
    >>> format_percent(144 / 6198, "en"), format_percent(144 / 6198, "vi")
    ('2.32 %', '2,32 %')
    """
    pattern = f"#,##0.{'0' * decimals}"
    return f"{format_decimal(100 * share, format=pattern, locale=language)} %"


def format_interval(low: float, high: float, language: Language, decimals: int = 2) -> str:
    """Return two bounds, shares of one, as a range of percentages.

    Examples
    --------
    >>> format_interval(0.003525, 0.007092, "en")
    '0.35 – 0.71 %'
    """
    lower = format_percent(low, language, decimals).removesuffix(" %")
    return f"{lower} – {format_percent(high, language, decimals)}"


def format_number(number: float, language: Language, decimals: int = 3) -> str:
    """Return a number with at most so many decimals.

    Examples
    --------
    >>> format_number(3.14159, "en"), format_number(1200.5, "vi")
    ('3.142', '1.200,5')
    """
    return str(format_decimal(number, format=f"#,##0.{'#' * decimals}", locale=language))


def format_day(day: date, language: Language) -> str:
    """Return a date in words of the language.

    Examples
    --------
    >>> format_day(date(2020, 7, 1), "en"), format_day(date(2020, 7, 1), "vi")
    ('1 July 2020', '01/07/2020')
    """
    return str(format_date(day, format=_DAY_PATTERN[language], locale=language))


def format_time(instant: datetime, language: Language) -> str:
    """Return an aware instant as local day and minute (``RISKML_TIMEZONE``)."""
    local = instant.astimezone(settings().zone())
    return f"{format_day(local.date(), language)} {local:%H:%M}"


def format_month(month: date, language: Language) -> str:
    """Return the month that a day lies in."""
    return str(format_date(month, format=_MONTH_PATTERN[language], locale=language))


def format_period(first: date, last: date, language: Language) -> str:
    """Return a period by its first and last day."""
    if first == last:
        return format_day(first, language)
    return PERIOD(language, first=format_day(first, language), last=format_day(last, language))


def format_cell(cell: Cell, kind: Kind, language: Language) -> str:
    """Return a cell as text; what is missing is named, never printed as zero.

    Raises
    ------
    TypeError
        If the value is not of the column's kind.
    """
    if isinstance(cell, Missing):
        return (UNKNOWN if cell is Missing.UNKNOWN else NOT_APPLICABLE)(language)
    if cell == "":
        return ""
    match kind, cell:
        case "text" | "prose", str():
            return cell
        case "count", int():
            return format_count(cell, language)
        case "share", int() | float():
            return format_percent(cell, language)
        case "number", int() | float():
            return format_number(cell, language)
        case "estimate" | "estimated_share", Estimate():
            return _format_estimate(cell, language, share=kind == "estimated_share")
        case "rate", Rate():
            return format_percent(cell.value, language)
        case "interval", Rate():
            return format_interval(cell.low, cell.high, language)
        case "rank", RankRange():
            return str(cell.best) if cell.best == cell.worst else f"{cell.best} – {cell.worst}"
        case "month", date():
            return format_month(cell, language)
        case "day", date():
            return format_day(cell, language)
    raise TypeError(f"a column of kind {kind!r} cannot show {cell!r}")


def _format_estimate(found: Estimate, language: Language, *, share: bool) -> str:
    """Return value and bounds in one cell, a digit shorter than where each has its own."""
    low, high = found.low, found.high
    if share:
        value = format_percent(found.value, language, 1)
        bounds = "" if low is None or high is None else format_interval(low, high, language, 1)
    else:
        value = format_number(found.value, language)
        numbers = [format_number(bound, language) for bound in (low, high) if bound is not None]
        bounds = " – ".join(numbers) if len(numbers) == 2 else ""
    return f"{value} ({bounds})" if bounds else value
