"""Pieces of JSON that are kept, each as it reads in JSON and in a string of JSON."""

import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Encode", "Kept", "Laid", "Pieces", "quoted"]

Encode = Callable[[Any], bytes]
"""Writes JSON in UTF-8 without spaces; a number that is none becomes null."""


def quoted(content: bytes) -> str:
    r"""Return JSON as it reads in a string of ASCII JSON, without the quotation marks.

    Examples
    --------
    >>> print(quoted('["ả"]'.encode()))
    [\"\u1ea3\"]
    """
    text: str = encode_basestring_ascii(content.decode())
    return text[1:-1]


class Laid:
    """Sequences one behind the other; who holds it goes on seeing what it had.

    Parameters
    ----------
    kind : type
        Of their elements.

    Attributes
    ----------
    content : ndarray
        Their elements, and room for more.
    ends : ndarray of int64
        Where each ends; the first entry is zero. Room for more follows.
    """

    def __init__(self, kind: type[np.generic]) -> None:
        self.content = np.empty(1 << 12, kind)
        self.ends = np.zeros(1 << 8, np.int64)
        self._count = 0

    def grown(self, lengths: Iterable[int], content: np.ndarray) -> "Laid":
        """Return the same with more sequences, of which the elements and lengths are given."""
        stops = self.ends[self._count] + np.cumsum(np.fromiter(lengths, np.int64))
        start, count = int(self.ends[self._count]), self._count + len(stops)
        grown = Laid.__new__(Laid)
        grown.content = _with_room(self.content, start, start + len(content))
        grown.ends = _with_room(self.ends, self._count + 1, count + 1)
        grown.content[start : start + len(content)] = content
        grown.ends[self._count + 1 : count + 1] = stops
        grown._count = count
        return grown


class Kept(NamedTuple):
    """All pieces and texts at one moment.

    Attributes
    ----------
    plain, quoted : Laid
        The bytes of each piece, as they read in JSON and in a string of JSON.
    texts : Laid
        The pieces of each text, behind the one that it may begin with instead.
    """

    plain: Laid
    quoted: Laid
    texts: Laid


class Pieces:
    """Pieces, and texts made of them, by number; any number of threads may add to them.

    Parameters
    ----------
    encode : callable
        Writes a text as JSON.
    """

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._lock = threading.Lock()
        self._parts: dict[str, int] = {}
        self._fresh: list[bytes] = []
        self._fresh_texts: list[Sequence[int]] = []
        self._laid = Kept(Laid(np.uint8), Laid(np.uint8), Laid(np.int64))
        self._count = 0
        self._text_count = 0

    def __len__(self) -> int:
        """Return the number of pieces."""
        return self._count

    def add(self, contents: Sequence[bytes]) -> int:
        """Keep pieces of JSON; return the number of the first, behind which the others follow."""
        with self._lock:
            first = self._count
            self._fresh += contents
            self._count += len(contents)
            return first

    def add_texts(self, texts: Iterable[Sequence[str]]) -> int:
        """Keep texts given in parts; return the number of the first.

        The first piece of each is its first part with a capital letter; the text follows it.
        """
        known = self._parts
        made = []
        for text in texts:
            pieces = [self._part(text[0][:1].upper() + text[0][1:])]
            for part in text:
                piece = known.get(part)
                pieces.append(self._part(part) if piece is None else piece)
            made.append(pieces)
        with self._lock:
            first = self._text_count
            self._fresh_texts += made
            self._text_count += len(made)
            return first

    def _part(self, text: str) -> int:
        """Keep a part of a string."""
        number = self._parts.get(text)
        if number is None:
            number = self._parts[text] = self.add([self._encode(text)[1:-1]])
        return number

    def laid(self) -> Kept:
        """Return all that was added, side by side."""
        with self._lock:
            if self._fresh:
                fresh, self._fresh = self._fresh, []
                other = [quoted(each).encode() for each in fresh]
                self._laid = self._laid._replace(
                    plain=_with_bytes(self._laid.plain, fresh),
                    quoted=_with_bytes(self._laid.quoted, other),
                )
            if self._fresh_texts:
                texts, self._fresh_texts = self._fresh_texts, []
                content = np.fromiter(chain.from_iterable(texts), np.int64)
                grown = self._laid.texts.grown(map(len, texts), content)
                self._laid = self._laid._replace(texts=grown)
            return self._laid


def _with_bytes(laid: Laid, fresh: Sequence[bytes]) -> Laid:
    return laid.grown(map(len, fresh), np.frombuffer(b"".join(fresh), np.uint8))


def _with_room(array: np.ndarray, used: int, needed: int) -> np.ndarray:
    if needed <= len(array):
        return array
    larger = np.empty(2 * needed, array.dtype)
    larger[:used] = array[:used]
    return larger
