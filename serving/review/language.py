"""The language of the pages: gettext catalogues, read with Babel.

The English text is the key. A text that Vietnamese lacks is shown in English rather than not at
all; a test keeps the catalogue complete.
"""

import logging
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Literal

from serving.logs import log

__all__ = ["CATALOGUE", "LANGUAGES", "Language", "chosen_language", "gettext_of", "ngettext_of"]

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")
CATALOGUE = Path(__file__).parent / "locale" / "vi" / "LC_MESSAGES" / "review.po"


def chosen_language(given: str | None, accepted: str | None) -> Language:
    """Return the language that was asked for; Vietnamese when nothing tells.

    Parameters
    ----------
    given : str or None
        What the visitor chose.
    accepted : str or None
        The browser's ``Accept-Language``.

    Examples
    --------
    >>> chosen_language(None, "en-GB,en;q=0.9"), chosen_language("vi", "en")
    ('en', 'vi')
    """
    if given in LANGUAGES:
        return given
    for part in (accepted or "")[:200].split(","):
        language = part.split(";")[0].strip().lower().split("-")[0]
        if language in LANGUAGES:
            return language
    return "vi"


def gettext_of(language: Language) -> Callable[[str], str]:
    """Return the function that translates a text."""
    known = _texts() if language == "vi" else {}

    def gettext(text: str) -> str:
        return known.get(text, (text,))[0] or text

    return gettext


def ngettext_of(language: Language) -> Callable[[str, str, int], str]:
    """Return the function that translates a text with a number in it."""
    known = _texts() if language == "vi" else {}

    def ngettext(one: str, many: str, number: int) -> str:
        found = known.get(one)
        if found and found[0]:
            return found[0]  # Vietnamese has one form
        return one if number == 1 else many

    return ngettext


@lru_cache(maxsize=1)
def _texts() -> dict[str, tuple[str, ...]]:
    from babel.messages.pofile import PoFileError, read_po

    try:
        with CATALOGUE.open("rb") as file:
            catalogue = read_po(file, locale="vi", abort_invalid=True)
    except (OSError, ValueError, PoFileError) as error:
        log("catalogue_unreadable", level=logging.ERROR, reason=type(error).__name__)
        return {}
    return {
        _first(message.id): _forms(message.string)
        for message in catalogue
        if message.id and not message.fuzzy
    }


def _first(text: object) -> str:
    return str(text[0]) if isinstance(text, list | tuple) else str(text)


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text),)
