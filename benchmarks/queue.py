"""Pages of the review queue, as the queue grows: SQLite on disk, through the library.

``python benchmarks/queue.py`` prints the time of the first page, of a page far down, and of a
search at each size, as ratios to the smallest queue; milliseconds are context only.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from riskml.cases import Worklist, WorkQuery
from riskml.ledger import Ledger, User, new_id
from tests.unit.ledger.support import score

ROUNDS = 15
NOW = datetime(2026, 3, 2, tzinfo=UTC)
USER = User("lan", "analyst", None, "", "vi", NOW)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 5_000, 50_000])
    sizes = parser.parse_args().sizes
    asked = {
        "first page": WorkQuery(),
        "page far down": WorkQuery(page=10**6),
        "one office, by revenue": WorkQuery(office="HPH", sort="revenue"),
        "search by name": WorkQuery(text="dai phat 33"),
    }
    base: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger.open(f"sqlite:///{Path(folder) / 'ledger.db'}") as ledger,
    ):
        queue = Worklist(ledger, timezone=ZoneInfo("Asia/Ho_Chi_Minh"))
        done = 0
        for size in sizes:
            _fill(ledger, done, size)
            start = time.perf_counter()
            added = queue.catch_up()
            rate = added / (time.perf_counter() - start)
            done = size
            print(f"{size:,} consignments ({rate:,.0f} brought in a second)")
            for name, query in asked.items():
                spent = _median(lambda query=query: queue.page(USER, query))  # type: ignore[misc]
                base.setdefault(name, spent)
                print(f"  {name:24} {spent / base[name]:6.1f} x  ({1e3 * spent:.1f} ms)")


def _median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def _fill(ledger: Ledger, start: int, stop: int) -> None:
    pattern = score()
    for first in range(start, stop, 1000):
        rows = [
            replace(
                pattern,
                score_id=new_id(),
                bill_no=f"BL{number:06d}",
                office=("HPH", "DNG", "SGN")[number % 3],
                probability=(number * 7919 % 100_003) / 100_003,
                decision_time=NOW + timedelta(seconds=number),
                request={"manifest": {"consignee_name": f"Công ty Đại Phát {number}"}, "lines": []},
            )
            for number in range(first, min(first + 1000, stop))
        ]
        ledger.append_scores(rows, writer="bench")


if __name__ == "__main__":
    main()
