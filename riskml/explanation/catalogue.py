"""The wording of reasons: gettext catalogues in both languages, by stable identifiers.

Neither language is the key of the other: a text may be mended without touching code, and an
identifier without either language fails a test.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Literal

__all__ = ["LANGUAGES", "LOCALES", "Fragments", "Language", "Phrase", "catalogue", "say"]

Language = Literal["en", "vi"]
LANGUAGES: tuple[Language, ...] = ("en", "vi")
LOCALES = Path(__file__).parent / "locale"


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: Language) -> Mapping[str, tuple[str, ...]]:
    """Return every text of a language by its identifier: one form, or singular and plural."""
    from babel.messages.pofile import read_po

    with (LOCALES / language / "LC_MESSAGES" / "reasons.po").open("rb") as file:
        found = read_po(file, locale=language, abort_invalid=True)
    texts = {}
    for message in found:
        if message.id:
            name = message.id[0] if isinstance(message.id, list | tuple) else message.id
            text = message.string
            texts[str(name)] = tuple(text) if isinstance(text, list | tuple) else (str(text),)
    return texts


def say(language: Language, name: str, count: float | None = None, /, **gaps: str) -> str:
    """Return a text with its gaps filled.

    Parameters
    ----------
    language : {"en", "vi"}
    name : str
        Identifier in the catalogue.
    count : float, optional
        What decides between singular and plural.
    **gaps : str
        What to fill in.

    Examples
    --------
    >>> say("en", "evidence.count", 1, key="importer", number="1", days="30")
    'importer: 1 earlier line in 30 days'
    >>> say("vi", "R-PRICE")
    'Trị giá khai báo so với hàng tương tự'
    """
    forms = catalogue(language)[name]
    text = forms[0] if count is None or count == 1 else forms[-1]
    return text % gaps if gaps else text


Fragments = tuple[str, ...]
"""A text in parts, most of which come again: those of the catalogue, and small numbers."""


class Phrase:
    """A text whose lasting gaps are filled once, and the others for each consignment.

    Parameters
    ----------
    language : {"en", "vi"}
    name : str
        Identifier in the catalogue.
    *gaps : str
        Names of the gaps that stay open, in the order in which they will be filled.
    **fixed : str
        What to fill in now.

    Examples
    --------
    >>> phrase = Phrase("en", "evidence.count", "number", key="importer", days="30")
    >>> phrase("1")
    ('importer: ', '1', ' earlier line in 30 days')
    >>> "".join(phrase.counting(2, "2"))
    'importer: 2 earlier lines in 30 days'
    """

    __slots__ = ("_many", "_one")

    def __init__(self, language: Language, name: str, *gaps: str, **fixed: str) -> None:
        forms = catalogue(language)[name]
        # No text of the catalogue holds NUL.
        filled = {**fixed, **{gap: f"\0{place}\0" for place, gap in enumerate(gaps)}}
        self._one, self._many = (
            _filling(form % filled if filled else form, len(gaps)) for form in (forms[0], forms[-1])
        )

    def __call__(self, *values: str) -> Fragments:
        """Fill the open gaps."""
        return self._one(values)

    def counting(self, count: float, *values: str) -> Fragments:
        """Fill the open gaps in the singular or the plural."""
        return (self._one if count == 1 else self._many)(values)


def _filling(text: str, gaps: int) -> Callable[[Sequence[str]], Fragments]:
    """Return what fills the gaps of a text, which are written as their numbers between NULs."""
    parts = text.split("\0")
    lasting = tuple(part for part in parts[::2] if part)
    if len(parts) == 1:
        return lambda _values: lasting
    # Where each fragment stands among the values and, behind them, what lasts.
    places, behind = [], gaps
    for number, part in enumerate(parts):
        if number % 2:
            places.append(int(part))
        elif part:
            places.append(behind)
            behind += 1
    if len(places) == 1:
        return lambda values: (values[places[0]],)
    taken = itemgetter(*places)
    return lambda values: taken((*values, *lasting))
