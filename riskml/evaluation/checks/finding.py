"""What a check says: a stable code, a title, a sentence, and whether it applied at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Finding", "Status"]

Status = Literal["ok", "found", "not_applicable"]


@dataclass(frozen=True)
class Finding:
    """The answer of one coded check.

    Attributes
    ----------
    code : str
        ``RK001`` and so on; never reused for another meaning.
    title : str
        What the check looks for.
    status : {"ok", "found", "not_applicable"}
        ``found`` means trouble; a check that could not look says ``not_applicable`` and why, so
        that silence never reads as a pass.
    sentence : str
        What was found, with its numbers.
    details : mapping
        The same as data.
    """

    code: str
    title: str
    status: Status
    sentence: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "code": self.code,
            "title": self.title,
            "status": self.status,
            "sentence": self.sentence,
            "details": dict(self.details),
        }
