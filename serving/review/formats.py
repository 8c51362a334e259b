"""Numbers, money, times and shares as the pages show them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal

from riskml.config import settings
from riskml.reports.formatting import (
    format_count,
    format_day,
    format_number,
    format_percent,
    format_time,
)
from serving.review.language import Language

__all__ = ["Formats"]

MISSING = "–"


class Formats:
    """Writes values in one language and zone; a missing value is a dash.

    Parameters
    ----------
    language : {"vi", "en"}
    zone : ZoneInfo
        In which times are shown.
    """

    def __init__(self, language: Language, zone: ZoneInfo) -> None:
        self._language: Language = language
        self._zone = zone

    def count(self, value: int | None) -> str:
        """Return a whole number."""
        return MISSING if value is None else format_count(value, self._language)

    def number(self, value: float | None, decimals: int = 2) -> str:
        """Return a number with at most so many decimals."""
        return MISSING if value is None else format_number(value, self._language, decimals)

    def signed(self, value: float, decimals: int = 2) -> str:
        """Return a number with its sign and fixed decimals: colour alone must not tell."""
        sign = "+" if value > 0 else "−" if value < 0 else ""
        text = format_decimal(abs(value), format=f"#,##0.{'0' * decimals}", locale=self._language)
        return f"{sign}{text}"

    def percent(self, share: float | None, decimals: int = 1) -> str:
        """Return a share of one; small probabilities keep two significant digits."""
        if share is None:
            return MISSING
        if 0 < share < 0.01 and decimals < 2:
            decimals = 2
        return format_percent(share, self._language, decimals)

    def money(self, value: float | None) -> str:
        """Return an amount in whole units of the reporting currency."""
        if value is None:
            return MISSING
        return f"{format_count(round(value), self._language)} {settings().reporting_currency}"

    def day(self, instant: datetime | None) -> str:
        """Return the local day of an instant."""
        if instant is None:
            return MISSING
        return format_day(instant.astimezone(self._zone).date(), self._language)

    def time(self, instant: datetime | None) -> str:
        """Return local day and minute of an instant."""
        if instant is None:
            return MISSING
        return format_time(instant, self._language)

    def iso(self, instant: datetime | None) -> str:
        """Return an instant for machines."""
        return "" if instant is None else instant.astimezone(UTC).isoformat(timespec="seconds")

    def hours(self, since: datetime | None, now: datetime) -> str:
        """Return how many hours ago something was."""
        if since is None:
            return MISSING
        return format_number(max(0.0, (now - since).total_seconds() / 3600), self._language, 1)
