"""The quick way through a body: decoders that check everything but what cannot be wrong.

Two checks cost more than all the others together. That a text holds no control character is a
regular expression for each text; but JSON can spell such a character only as an escape (or, for
one of them, as it is), and whether a body has any is found at once. And which ``x_*`` columns a
service adds to its rows is known only from what it sends, so they would need a detour through
plain objects; but once a set of them has been met, there can be a decoder for it.

What these decoders do not take goes the long way, which knows what to say of it
(:mod:`serving.payloads`).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from serving.tables import PRINTABLE_ROWS

__all__ = ["LONGEST_EXTRA", "MOST_SETS", "QuickDecoders", "extra_of", "may_hold_controls"]

LONGEST_EXTRA = 500
"""Characters of an extra column's value."""
MOST_SETS = 32
"""Sets of extra columns that decoders are kept for; whoever makes up more goes the long way."""

_Extra = Annotated[str, Meta(max_length=LONGEST_EXTRA)] | bool | int | float | None
_ESCAPES = re.compile(rb"\\(?:[bfnrt]|u00[017])")
_BACKSLASH, _DELETE = ord("\\"), 0x7F


def may_hold_controls(content: bytes) -> bool:
    r"""Say whether a text of this JSON could hold a control character.

    Examples
    --------
    >>> may_hold_controls(b'{"a": "\\u1ea3"}'), may_hold_controls(b'{"a": "\\u0000"}')
    (False, True)
    """
    if _DELETE in content:
        return True
    return _BACKSLASH in content and _ESCAPES.search(content) is not None


class QuickDecoders:
    """Decoders of one kind of item, by the extra columns that its rows may have.

    Parameters
    ----------
    item : type of Struct
        The item; its fields ``manifest`` and ``declaration_lines`` hold rows, and what else it
        has is checked as it says.
    most_lines : int
        Most declaration lines of an item.
    """

    def __init__(self, item: type[Struct], most_lines: int) -> None:
        self._item = item
        self._most_lines = most_lines
        self._made: dict[frozenset[str], msgspec.json.Decoder[Any]] = {}

    def decode(self, content: bytes, names: frozenset[str]) -> Any:
        """Return the decoded item, or None if it is faulty or there is no decoder for it.

        Parameters
        ----------
        content : bytes
            JSON that holds no control character.
        names : frozenset of str
            The extra columns in it.
        """
        decoder = self._made.get(names)
        if decoder is None:
            if len(self._made) >= MOST_SETS:
                return None
            decoder = self._made[names] = msgspec.json.Decoder(self._kind(names))
        try:
            return decoder.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def _kind(self, names: frozenset[str]) -> type[Struct]:
        extra = [(name, _Extra, None) for name in sorted(names)]
        rows = {
            table: _extended(PRINTABLE_ROWS[table], extra)
            for table in ("manifests", "declarations")
        }
        line: Any = rows["declarations"]
        lines: Any = Annotated[list[line], Meta(max_length=self._most_lines)]
        manifest: Any = rows["manifests"]
        fields = [
            ("manifest", manifest | None, None),
            ("declaration_lines", lines | None, None),
        ]
        return _extended(self._item, fields)


def _extended(kind: type[Struct], fields: list[tuple[str, Any, Any]]) -> type[Struct]:
    return msgspec.defstruct(
        kind.__name__, fields, bases=(kind,), kw_only=True, forbid_unknown_fields=True
    )


def extra_of(row: Struct | None, names: frozenset[str]) -> Mapping[str, Any]:
    """Return the extra columns that a decoded row has a value in."""
    if row is None or not names:
        return {}
    found = ((name, getattr(row, name)) for name in names)
    return {name: value for name, value in found if value is not None}
