"""What reports say, in English and in Vietnamese: a sentence cannot exist in one language only."""

from dataclasses import dataclass
from string import Formatter
from typing import Literal, get_args

from riskml.errors import UsageError

__all__ = ["LANGUAGES", "Language", "Message", "check_language"]

Language = Literal["en", "vi"]
"""The languages a report can be written in."""

LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, slots=True)
class Message:
    """One wording in every language, with the same named gaps in each.

    Attributes
    ----------
    en, vi : str
        The wording; ``{name}`` is a gap that the caller fills.

    Raises
    ------
    ValueError
        If a wording is blank, or the languages disagree about their gaps.

    Examples
    --------
    >>> greeting = Message(en="{n} scans", vi="{n} lượt soi chiếu")
    >>> greeting("vi", n="6.198")
    '6.198 lượt soi chiếu'
    """

    en: str
    vi: str

    def __post_init__(self) -> None:
        if not (self.en.strip() and self.vi.strip()):
            raise ValueError(f"a language is missing: {self!r}")
        if _gaps(self.en) != _gaps(self.vi):
            raise ValueError(f"the languages disagree about their gaps: {self!r}")

    def __call__(self, language: Language, **values: str) -> str:
        """Return the wording in ``language`` with its gaps filled."""
        wording = self.en if language == "en" else self.vi
        return wording.format(**values)


def check_language(language: str) -> Language:
    """Return ``language`` if reports are written in it.

    Raises
    ------
    UsageError
        If they are not.
    """
    if language not in LANGUAGES:
        raise UsageError(f"unknown language {language!r}", f"use one of {', '.join(LANGUAGES)}")
    return language


def _gaps(wording: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(wording) if name is not None}
