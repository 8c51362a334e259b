"""Text made plain: one spelling for what people write in many."""

import unicodedata

__all__ = ["plain_text"]

_STROKED = str.maketrans({"đ": "d", "Đ": "D"})


def plain_text(text: str) -> str:
    """Return text in small letters, without marks, its white space single.

    Vietnamese is written with its marks in one paper and without them in the next.

    >>> plain_text("Công ty  TNHH Đại Dương")
    'cong ty tnhh dai duong'
    """
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", text.translate(_STROKED))
        text = "".join(letter for letter in parts if not unicodedata.combining(letter))
    return " ".join(text.casefold().split())
