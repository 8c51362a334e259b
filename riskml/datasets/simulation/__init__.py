"""The simulated world: trade with known truth, inspected by a legacy policy.

Real outcomes exist only where someone chose to look. Here every consignment has a true
probability of violation, so that what a policy missed can be counted. The default world is fitted
to the published reference quarter (Viet Nam, 2020-07-01 to 2020-09-30).

What to rely on
---------------
- The true probability is drawn before the coin, and every observable column is independent of the
  coin given the causes behind that probability: nothing ranks better than it.
- Selection depends on observable columns, the office and chance alone, and every selected row
  carries its exact inclusion probability; every arrival has a positive one.
- A week is the same whatever span it is part of; only what officers and fraudsters have learned by
  then differs. Fraudsters learn from what the legacy policy caught, once it is closed.
- Same parameters, span, scale and seed: the same bytes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskml.datasets.simulation.configuration import build_config, load_config
from riskml.datasets.simulation.parameters import WorldConfig

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DEFAULT_DAYS",
    "DEFAULT_SEED",
    "SimulatedWorld",
    "WorldConfig",
    "build_config",
    "default_start",
    "load_config",
    "simulate",
    "write_world",
]


DEFAULT_DAYS = 762
"""Two years up to 2020-09-30 and one month more, so that the reference quarter is complete by
submission of the manifests too."""
DEFAULT_SEED = 7

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]
"""Called with items, what is done with them, and their number; yields the items."""


def default_start(config: WorldConfig) -> date:
    """Return where a world begins unless told otherwise: two years before its quarter is over."""
    after = config.reference.last + timedelta(days=1)
    return after.replace(year=after.year - 2)


@dataclass(frozen=True)
class SimulatedWorld:
    """The tables of a world in normal form, and its truth.

    Attributes
    ----------
    manifests, declarations, inspections : DataFrame
        As in ``data/README.md``.
    truth : DataFrame
        One row per consignment: ``bill_no, container_no, declaration_id, office, decision_time,
        probability`` (of a violation, before the coin), ``violation`` (0 or 1),
        ``violation_type, revenue, importer_party`` (a number of the real party that imports,
        whatever tax codes it hops to). Training never reads it.
    """

    manifests: "pd.DataFrame"
    declarations: "pd.DataFrame"
    inspections: "pd.DataFrame"
    truth: "pd.DataFrame"


def simulate(
    config: WorldConfig | None = None,
    *,
    start: date | None = None,
    days: int = DEFAULT_DAYS,
    scale: float = 1.0,
    seed: int = DEFAULT_SEED,
    progress: Progress | None = None,
) -> SimulatedWorld:
    """Simulate a world in memory.

    Parameters
    ----------
    config : WorldConfig, optional
        Parameters; by default the default world.
    start : date, optional
        First business day of the daily lists; see `default_start`.
    days : int
        Number of days.
    scale : float
        Factor on arrivals, scans and parties; 1 is the published volume.
    seed : int
        Seed, not negative.
    progress : callable, optional
        Wraps the weeks, for a progress bar.

    Returns
    -------
    SimulatedWorld

    Raises
    ------
    UsageError
        If the span, scale or seed is impossible.

    See Also
    --------
    write_world : the same, streamed to Parquet files.
    """
    from riskml.datasets.simulation.engine import TABLE_NAMES, check_span, run_weeks
    from riskml.datasets.simulation.frames import to_frame

    config = config or load_config()
    span = check_span(start or default_start(config), days, scale, seed)
    weeks: Iterable[Any] = run_weeks(config, span)
    if progress is not None:
        weeks = progress(weeks, "Simulating", len(span.weeks))
    parts = list(weeks)
    return SimulatedWorld(**{name: to_frame([p[name] for p in parts]) for name in TABLE_NAMES})


def write_world(
    folder: Path | str,
    config: WorldConfig | None = None,
    *,
    start: date | None = None,
    days: int = DEFAULT_DAYS,
    scale: float = 1.0,
    seed: int = DEFAULT_SEED,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Simulate a world into ``manifests, declarations, inspections, truth`` ``.parquet``.

    Parameters are those of :func:`simulate`. Memory holds a few weeks at a time.

    Parameters
    ----------
    folder : Path or str
        Made if it is not there; files in it are replaced only when all four are complete.

    Returns
    -------
    dict of int
        Rows written of each table.

    Raises
    ------
    UsageError
        If the span, scale or seed is impossible, or ``folder`` is a file.
    DataError
        If the files cannot be written.
    """
    from riskml.datasets.simulation.engine import TABLE_NAMES, check_span, run_weeks
    from riskml.datasets.simulation.writing import write_tables

    config = config or load_config()
    span = check_span(start or default_start(config), days, scale, seed)
    weeks: Iterable[Any] = run_weeks(config, span)
    if progress is not None:
        weeks = progress(weeks, "Simulating", len(span.weeks))
    return write_tables(weeks, TABLE_NAMES, Path(folder))
