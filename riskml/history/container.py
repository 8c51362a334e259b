"""One file for a tree of arrays and plain values: written whole or not at all, mapped to read.

Arrays lie one behind the other, each at a multiple of 64 bytes; then come a table of contents
(JSON) and a trailer with its length and digest. Every array has a SHA-256 of its own. Nothing in
such a file is ever executed: there are numbers, texts and Arrow tables in it, no objects.
"""

import hashlib
import json
import mmap
import struct
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from riskml.errors import HistoryError
from riskml.history.arrays import Array

__all__ = ["FORMAT", "SnapshotError", "read_tree", "write_tree"]

FORMAT = 1
"""Version of the layout; a file of another one is refused."""

_MAGIC = b"riskhist"
_TRAILER = struct.Struct("<Q32s8s")
_ALIGNED = 64
_DIGESTING = 2  # threads that work out digests: hashing leaves the interpreter to others
_TABLE, _ARRAY = "table", "array"

Tree = Mapping[str, Any]
"""Names to arrays, Arrow tables, plain values (of JSON), and further trees."""


class SnapshotError(HistoryError):
    """A snapshot is absent, truncated, altered, of another kind, or being written."""


def write_tree(file: BinaryIO, tree: Tree) -> None:
    """Write a tree to an open, empty file.

    Parameters
    ----------
    file : binary file
        At its beginning.
    tree : mapping
        What to write; it must not change meanwhile.
    """
    leaves: dict[str, Array] = {}
    values = _taken_apart(tree, leaves, "")
    sections = {}
    with ThreadPoolExecutor(_DIGESTING) as pool:
        digests = pool.map(_digest, leaves.values())
        for name, array in leaves.items():
            file.write(bytes(-file.tell() % _ALIGNED))
            sections[name] = [array.dtype.str, list(array.shape), file.tell()]
            file.write(_bytes(array))
        for section, digest in zip(sections.values(), digests, strict=True):
            section.append(digest)
    contents = json.dumps({"format": FORMAT, "sections": sections, "values": values}).encode()
    file.write(contents)
    file.write(_TRAILER.pack(len(contents), hashlib.sha256(contents).digest(), _MAGIC))


def read_tree(path: Path) -> dict[str, Any]:
    """Return the tree of a file, its arrays mapped: writable, but writes never reach the file.

    Raises
    ------
    SnapshotError
        If the file is absent, truncated, altered or of another format.
    """
    memory = _mapped(path)
    contents = _contents(path, memory)
    with ThreadPoolExecutor(_DIGESTING) as pool:
        found = pool.map(lambda section: _section(memory, *section), contents["sections"].values())
        arrays = dict(zip(contents["sections"], found, strict=True))
    altered = [name for name, array in arrays.items() if array is None]
    if altered:
        raise _refused(path, f"section {altered[0]} is altered")
    return dict(_put_together(contents["values"], arrays, ""))


def _taken_apart(tree: Tree, leaves: dict[str, Array], above: str) -> dict[str, Any]:
    """Return the plain values of a tree; its arrays go to ``leaves``."""
    values: dict[str, Any] = {}
    for name, value in tree.items():
        place = f"{above}/{name}"
        if isinstance(value, np.ndarray):
            leaves[place], values[name] = np.ascontiguousarray(value), [_ARRAY]
        elif isinstance(value, pa.Table):
            leaves[place], values[name] = _as_array(value), [_TABLE]
        elif isinstance(value, Mapping):
            values[name] = _taken_apart(value, leaves, place)
        else:
            values[name] = ["", value]
    return values


def _put_together(
    values: Tree, arrays: Mapping[str, Array], above: str
) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        place = f"{above}/{name}"
        if isinstance(value, dict):
            yield name, dict(_put_together(value, arrays, place))
        elif value[0] == _ARRAY:
            yield name, arrays[place]
        else:
            yield name, _as_table(arrays[place]) if value[0] == _TABLE else value[1]


def _as_array(table: pa.Table) -> Array:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return np.frombuffer(sink.getvalue(), np.uint8)


def _as_table(array: Array) -> pa.Table:
    return pa.ipc.open_file(pa.BufferReader(pa.py_buffer(array))).read_all()


def _bytes(array: Array) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _digest(array: Array) -> str:
    return hashlib.sha256(_bytes(array)).hexdigest()


def _section(
    memory: mmap.mmap, dtype: str, shape: list[int], offset: int, digest: str
) -> Array | None:
    """Return an array of a mapped file; None if it is not what was written."""
    count = int(np.prod(shape, dtype=np.int64))
    if count == 0:
        return np.zeros(shape, dtype)
    if offset + count * np.dtype(dtype).itemsize > len(memory):
        return None
    array: Array = np.frombuffer(memory, dtype, count, offset).reshape(shape)
    return array if _digest(array) == digest else None


def _mapped(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except FileNotFoundError as cause:
        raise SnapshotError(f"there is no snapshot {path.name}", "history is rebuilt") from cause
    except (OSError, ValueError) as cause:  # an empty file cannot be mapped
        raise _refused(path, "it cannot be read") from cause


def _contents(path: Path, memory: mmap.mmap) -> dict[str, Any]:
    """Return the table of contents, if it is whole and of this format."""
    if len(memory) < _TRAILER.size:
        raise _refused(path, "it is truncated")
    end = len(memory) - _TRAILER.size
    size, digest, magic = _TRAILER.unpack(memory[end:])
    if magic != _MAGIC or size > end:
        raise _refused(path, "it is truncated, or no snapshot")
    text = memory[end - size : end]
    if hashlib.sha256(text).digest() != digest:
        raise _refused(path, "its table of contents is altered")
    contents: dict[str, Any] = json.loads(text)
    if contents["format"] != FORMAT:
        raise _refused(path, f"it has format {contents['format']}, not {FORMAT}")
    return contents


def _refused(path: Path, why: str) -> SnapshotError:
    return SnapshotError(
        f"snapshot {path.name} is not used: {why}", "history is rebuilt; the file can be deleted"
    )
