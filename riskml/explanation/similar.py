"""Similar past cases: inspected consignments that the model itself takes for alike.

Similarity is the share of trees that put both into the same leaf (Breiman 2001); see
`riskml.explanation.leaf_scan` for how the nearest are found exactly. The cases are those a model
was trained on; they lie in its bundle as ``cases.npz``, and each counts only for decisions after
its outcome was known.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.bundle import Bundle
from riskml.errors import BundleError
from riskml.explanation.leaf_scan import BLOCK, FEW, nearest

__all__ = ["MOST_LEAVES", "SimilarCase", "SimilarCases", "pack_cases"]

MOST_LEAVES = 256
"""Leaves of a tree that a byte can name; models with larger trees carry no cases."""
FORMAT = 1
AT_ONCE = 50_000
"""Rows whose leaves are asked for at once."""
QUICK = 1
"""Level of compression."""
SPARE = 8
"""Nearest looked for beyond those asked for, because some may be the consignment itself."""
_TEXTS = ("bill_no", "container_no", "declaration_id", "office")
_NUMBERS = ("label", "suspicious", "revenue_recovered", "severity")


@dataclass(frozen=True)
class SimilarCase:
    """A past inspected consignment.

    Attributes
    ----------
    similarity : float
        Share of the trees that put it into the same leaf, 0 to 1.
    bill_no, container_no, declaration_id, office : str or None
    decision_time, known_at : datetime
        Aware; when it was decided, and when its outcome was known.
    violation : bool
    verified : bool
        Whether a container was opened to see; a clear, unopened scan is not verified.
    suspicious : bool or None
        What the scan showed, where it is known.
    revenue_recovered, severity : float or None
    """

    similarity: float
    bill_no: str | None
    container_no: str | None
    declaration_id: str | None
    office: str | None
    decision_time: datetime
    known_at: datetime
    violation: bool
    verified: bool
    suspicious: bool | None
    revenue_recovered: float | None
    severity: float | None


def pack_cases(bundle: Bundle, matrix: npt.NDArray[np.float64], rows: pd.DataFrame) -> bytes:
    """Return the cases of a training set as the bundle's part ``cases.npz``.

    Parameters
    ----------
    bundle : Bundle
        The model.
    matrix : ndarray of float64, shape (n, p)
        Encoded features of the rows.
    rows : DataFrame
        A feature frame's identifiers and labels; every row has a label.

    Returns
    -------
    bytes
        Empty if a tree has more than 256 leaves. The same inputs give the same bytes.
    """
    known_at = _micros(rows["label_known_at"])
    order = np.argsort(known_at, kind="stable")
    leaves = _leaves(bundle, matrix, order)
    if leaves is None:
        return b""
    parts: dict[str, np.ndarray] = {
        "format": np.array([FORMAT]),
        "leaves": leaves,
        "known_at": known_at[order],
        "decision_time": _micros(rows["decision_time"])[order],
        "verified": rows["label_verified"].to_numpy(dtype=bool)[order],
    }
    for name in _TEXTS:
        parts[name] = _encoded(rows[name])[order]
    for name in _NUMBERS:
        given = rows[name] if name in rows else pd.Series(np.nan, index=rows.index)
        parts[name] = given.to_numpy(dtype=np.float64, na_value=np.nan)[order]
    return _packed(parts)


def _leaves(
    bundle: Bundle, matrix: npt.NDArray[np.float64], order: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint8] | None:
    """Return the leaf of each row in each tree, shape (trees, n); None if a byte cannot name it."""
    if not len(matrix):
        return None
    found = np.empty((bundle.booster.num_trees(), len(matrix)), dtype=np.uint8)
    for start in range(0, len(matrix), AT_ONCE):
        # Part by part: LightGBM answers in eight bytes for each leaf.
        part = slice(start, start + AT_ONCE)
        leaves = np.asarray(bundle.booster.predict(matrix[part], pred_leaf=True))
        if leaves.max(initial=0) >= MOST_LEAVES:
            return None
        found[:, part] = leaves.reshape(len(matrix[part]), -1).T
    in_order = bool((order == np.arange(len(order))).all())
    return found if in_order else np.take(found, order, axis=1)


def _packed(parts: Mapping[str, np.ndarray]) -> bytes:
    """Return arrays as an ``.npz`` archive, compressed quickly: leaves are mostly noise."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in parts.items():
            file = io.BytesIO()
            np.lib.format.write_array(file, part, allow_pickle=False)
            # Information of our own: the archive's would name the time of writing.
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy"), file.getbuffer(), zipfile.ZIP_DEFLATED, QUICK
            )
    return buffer.getvalue()


class SimilarCases:
    """The cases of a bundle, ready to be searched; may be shared by threads.

    Parameters
    ----------
    bundle : Bundle
        Its part ``cases.npz`` is read; without it nothing is ever found.

    Raises
    ------
    BundleError
        If the part cannot be read, or does not fit the model.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._parts = _read(bundle.cases) if bundle.cases else None
        trees = bundle.booster.num_trees()
        if self._parts is not None and self._parts["leaves"].shape[0] != trees:
            raise BundleError("cases.npz has leaves of another model", "train the model again")
        # How many cases each leaf holds: the leaves a query shares with few are compared first.
        self._held = np.stack([np.bincount(tree, minlength=MOST_LEAVES) for tree in self.leaves])

    def __len__(self) -> int:
        return 0 if self._parts is None else len(self._parts["known_at"])

    @property
    def leaves(self) -> npt.NDArray[np.uint8]:
        """The leaf of each case in each tree, shape (trees, cases)."""
        return np.empty((1, 0), np.uint8) if self._parts is None else self._parts["leaves"]

    def lookup(
        self,
        row: npt.NDArray[np.float64],
        decision_time: datetime,
        *,
        k: int = 5,
        exclude: Mapping[str, str | None] | None = None,
    ) -> list[SimilarCase]:
        """Return the nearest cases whose outcome was known before a decision.

        Parameters
        ----------
        row : ndarray of float64, shape (p,)
            Encoded features, in feature-set order.
        decision_time : datetime
            Aware; only cases known strictly before it count.
        k : int
            Most cases to return.
        exclude : mapping, optional
            ``bill_no``, ``container_no``, ``declaration_id`` of the consignment itself: it never
            counts as similar to itself.

        Returns
        -------
        list of SimilarCase
            The most similar first; of equally similar ones the one known last.
        """
        parts = self._parts
        if parts is None or k < 1:
            return []
        end = int(np.searchsorted(parts["known_at"], _instant(decision_time), side="left"))
        found = np.asarray(self._bundle.booster.predict(row.reshape(1, -1), pred_leaf=True))
        query, own = found.reshape(-1).astype(np.uint8), exclude or {}
        order = np.argsort(self._held[np.arange(len(query)), query], kind="stable")
        # The consignment itself may stand there several times, once for each inspection.
        wanted = k + SPARE
        while True:
            nearest_ones = _nearest(parts["leaves"], query, order, end, min(wanted, end))
            others = [c for c, _ in nearest_ones if not _is_itself(parts, c, own)]
            if len(others) >= k or wanted >= end:
                break
            wanted *= 4
        trees, common = len(query), dict(nearest_ones)
        return [self._case(parts, case, common[case] / trees) for case in others[:k]]

    @staticmethod
    def _case(parts: Mapping[str, np.ndarray], at: int, similarity: float) -> SimilarCase:
        texts = {name: parts[name][at].decode() or None for name in _TEXTS}
        numbers = {name: _known(parts[name][at]) for name in _NUMBERS}
        suspicious = numbers["suspicious"]
        return SimilarCase(
            similarity=similarity,
            **texts,
            decision_time=_aware(parts["decision_time"][at]),
            known_at=_aware(parts["known_at"][at]),
            violation=numbers["label"] == 1.0,
            verified=bool(parts["verified"][at]),
            suspicious=None if suspicious is None else suspicious == 1.0,
            revenue_recovered=numbers["revenue_recovered"],
            severity=numbers["severity"],
        )


def _nearest(
    leaves: npt.NDArray[np.uint8],
    query: npt.NDArray[np.uint8],
    order: npt.NDArray[np.int64],
    end: int,
    k: int,
) -> list[tuple[int, int]]:
    """Return the nearest cases and how many trees each has in common."""
    if not k:
        return []
    best, which = np.empty(k, dtype=np.int64), np.empty(k, dtype=np.int64)
    counts, racing = np.empty(BLOCK, dtype=np.uint16), np.empty(FEW, dtype=np.int64)
    nearest(leaves, query, order, end, counts, racing, best, which)
    return list(zip(which.tolist(), best.tolist(), strict=True))


def _is_itself(parts: Mapping[str, np.ndarray], case: int, own: Mapping[str, str | None]) -> bool:
    """Say whether a case is the consignment asked about, at whatever stage."""

    def same(name: str) -> bool:
        return bool(parts[name][case].decode() == (own.get(name) or ""))

    if own.get("bill_no") is not None and same("bill_no") and same("container_no"):
        return True
    return own.get("declaration_id") is not None and same("declaration_id")


_ARRAYS = ("leaves", "known_at", "decision_time", "verified", *_TEXTS, *_NUMBERS)


def _read(content: bytes) -> dict[str, np.ndarray]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            parts = {name: found[name] for name in ("format", *_ARRAYS)}
    except (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError("cases.npz cannot be read", "train the model again") from error
    lengths = {len(parts[name]) for name in _ARRAYS if name != "leaves"}
    fits = parts["leaves"].dtype == np.uint8 and lengths == {parts["leaves"].shape[-1]}
    if int(parts["format"][0]) != FORMAT or not fits:
        raise BundleError("cases.npz is of another format", "train the model again")
    return parts


def _encoded(column: "pd.Series[str]") -> npt.NDArray[np.bytes_]:
    """Return texts as UTF-8 of one width; a missing one is empty."""
    import pyarrow as pa

    texts = pa.array(column, type=pa.large_string(), from_pandas=True).fill_null("")
    _, offsets, content = texts.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[texts.offset :][: len(texts) + 1]
    width = max(int(np.diff(ends).max(initial=0)), 1)
    found = np.zeros((len(texts), width), dtype=np.uint8)
    # Row by row the bytes of all texts fill the places that each text has.
    places = np.arange(width) < np.diff(ends)[:, np.newaxis]
    if content is not None:
        found[places] = np.frombuffer(content, dtype=np.uint8)[ends[0] : ends[-1]]
    return found.view(f"S{width}").reshape(len(texts))


def _micros(times: "pd.Series[pd.Timestamp]") -> npt.NDArray[np.int64]:
    stamps = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return stamps.to_numpy(dtype="datetime64[us]").astype(np.int64)


def _instant(moment: datetime) -> int:
    seconds = int(moment.replace(microsecond=0).timestamp())
    return seconds * 1_000_000 + moment.microsecond


def _aware(micros: np.int64) -> datetime:
    whole, rest = divmod(int(micros), 1_000_000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest)


def _known(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)
