"""People and clocks for the tests of cases."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["Clock", "Person"]


@dataclass(frozen=True)
class Person:
    """Somebody who acts."""

    name: str
    role: str
    office: str | None = None


class Clock:
    """A clock that goes on by a minute each time it is looked at."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def skip(self, hours: float) -> None:
        """Let hours pass."""
        self.now += timedelta(hours=hours)
