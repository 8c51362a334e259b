"""Batch scoring and explanation on many workers, with the same result.

Chunks of the feature frame travel to the workers, few at once, and come back scored. The model
travels as the files of its bundle, which a worker verifies and loads once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from riskml.bundle import Bundle
from riskml.cluster import Cluster
from riskml.explanation import ReasonBook
from riskml.history import Progress
from riskml.scoring.batch import check_frame, chunks_of, score_frame, score_rows

__all__ = ["Scoring", "score_distributed", "scoring_on"]

Scoring = Callable[..., pd.DataFrame]
"""`score_frame`, here or on a cluster."""


@dataclass(frozen=True)
class _Packed:
    """The files of a bundle; two are the same if their models are."""

    digest: str
    files: dict[str, bytes] = field(compare=False, repr=False)


def score_distributed(
    cluster: Cluster,
    bundle: Bundle,
    frame: pd.DataFrame,
    *,
    explain: bool = False,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Score a feature frame on the workers of a cluster.

    Parameters
    ----------
    cluster : Cluster
        Where to score; its workers have this version of riskml.
    bundle, frame, explain, progress
        See `riskml.scoring.score_frame`.

    Returns
    -------
    DataFrame
        What `riskml.scoring.score_frame` returns.

    Raises
    ------
    EmptyTableError, MissingColumnError, BundleError
        See `riskml.scoring.score_frame`.
    ClusterError
        If too many workers were lost.
    """
    check_frame(bundle, frame)
    model = cluster.put(_packed(bundle))
    chunks, count = chunks_of(bundle, frame)
    scored: Iterable[pd.DataFrame] = cluster.map(_score_chunk, chunks, model, explain)
    if progress is not None:
        scored = progress(scored, "scoring", count)
    return pd.concat(list(scored))


def scoring_on(cluster: Cluster | None) -> Scoring:
    """Return the function that scores on a cluster, or in this process if there is none."""
    return score_frame if cluster is None else partial(score_distributed, cluster)


def _packed(bundle: Bundle) -> _Packed:
    with TemporaryDirectory() as folder:
        saved = bundle.save(Path(folder) / "bundle")
        files = {path.name: path.read_bytes() for path in sorted(saved.iterdir())}
    return _Packed(bundle.manifest.model_digest, files)


@lru_cache(maxsize=2)
def _loaded(packed: _Packed) -> tuple[Bundle, ReasonBook]:
    """Return a bundle, verified, and its reasons; a worker does this once for each model."""
    with TemporaryDirectory() as folder:
        for name, content in packed.files.items():
            (Path(folder) / name).write_bytes(content)
        bundle = Bundle.load(folder)
    return bundle, ReasonBook.of(bundle.feature_set)


def _score_chunk(rows: pd.DataFrame, packed: _Packed, explain: bool) -> pd.DataFrame:
    bundle, book = _loaded(packed)
    return score_rows(bundle, rows, book if explain else None)
