"""Prometheus metrics. BentoML sets ``PROMETHEUS_MULTIPROC_DIR`` before this is imported."""

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client import REGISTRY as DEFAULT_REGISTRY

__all__ = [
    "CONTENT_TYPE",
    "DEGRADED",
    "HISTORY_LAG",
    "HISTORY_LEFT_OUT",
    "HISTORY_ROWS",
    "HISTORY_WATERMARK",
    "IN_FLIGHT",
    "ITEMS",
    "LATENCY",
    "LEDGER_COMMIT",
    "LEDGER_FAILURES",
    "LEDGER_GROUP",
    "MEMORY",
    "MODEL_INFO",
    "MODEL_REFUSED",
    "MODEL_SWAPS",
    "PHASE",
    "PROBABILITY",
    "REQUESTS",
    "SHED",
    "SNAPSHOT_WATERMARK",
    "exposition",
    "note_memory",
]

CONTENT_TYPE = CONTENT_TYPE_LATEST
_FAST = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

REQUESTS = Counter("riskml_requests", "Requests answered", ["route", "status"])
LATENCY = Histogram("riskml_request_seconds", "Time to answer", ["route"], buckets=_FAST)
PHASE = Histogram("riskml_phase_seconds", "Time per phase", ["phase"], buckets=_FAST)
IN_FLIGHT = Gauge("riskml_requests_in_flight", "Requests in work", multiprocess_mode="livesum")
SHED = Counter("riskml_requests_shed", "Requests told to come back later", ["reason"])
ITEMS = Counter("riskml_items", "Rows and consignments answered", ["route", "outcome"])
DEGRADED = Counter("riskml_degraded_answers", "Scores given by the rule profile", ["cause"])
PROBABILITY = Histogram(
    "riskml_probability",
    "Probabilities answered",
    ["stage"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0),
)
LEDGER_COMMIT = Histogram("riskml_ledger_commit_seconds", "Time of a commit", buckets=_FAST)
LEDGER_GROUP = Histogram(
    "riskml_ledger_group_requests", "Requests per commit", buckets=(1, 2, 4, 8, 16, 32, 64)
)
LEDGER_FAILURES = Counter("riskml_ledger_failures", "Commits that failed")
MODEL_INFO = Gauge(
    "riskml_model_info",
    "The model that serves (1) or served (0)",
    ["stage", "name", "version", "digest"],
    multiprocess_mode="livemin",
)
MODEL_SWAPS = Counter("riskml_model_swaps", "Champions taken over", ["stage"])
MODEL_REFUSED = Counter("riskml_model_refused", "Bundles refused as broken", ["stage"])
HISTORY_ROWS = Gauge(
    "riskml_history_rows", "Rows appended to history", ["table"], multiprocess_mode="livemax"
)
HISTORY_WATERMARK = Gauge(
    "riskml_history_watermark", "Last event in history", multiprocess_mode="livemin"
)
SNAPSHOT_WATERMARK = Gauge(
    "riskml_snapshot_watermark",
    "Last event in the snapshot that workers start from",
    multiprocess_mode="livemax",
)
HISTORY_LAG = Gauge(
    "riskml_history_lag_events", "Events not yet in history", multiprocess_mode="livemax"
)
MEMORY = Gauge("riskml_memory_bytes", "Memory that a worker holds", multiprocess_mode="liveall")
PRIVATE_MEMORY = Gauge(
    "riskml_memory_private_bytes",
    "Memory of a worker without what is mapped from files, which workers share",
    multiprocess_mode="liveall",
)
HISTORY_LEFT_OUT = Counter("riskml_history_left_out", "Events that history could not take")


def note_memory() -> None:
    """Take down how much memory this process holds, and how much of it nobody shares."""
    resident, shared = map(int, Path("/proc/self/statm").read_text().split()[1:3])
    MEMORY.set(resident * os.sysconf("SC_PAGE_SIZE"))
    PRIVATE_MEMORY.set((resident - shared) * os.sysconf("SC_PAGE_SIZE"))


def exposition() -> bytes:
    """Return the metrics of all workers in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(DEFAULT_REGISTRY)
    _forget_the_dead(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_the_dead(folder: Path) -> None:
    """Drop the live gauges of workers that were killed; nobody else does it for them."""
    numbers = {path.stem.rpartition("_")[2] for path in folder.glob("gauge_live*.db")}
    for number in numbers:
        if number.isdigit() and not _lives(int(number)):
            multiprocess.mark_process_dead(int(number))  # type: ignore[no-untyped-call]


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there, and another user's
        pass
    return True
