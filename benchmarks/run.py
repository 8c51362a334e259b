"""Run every benchmark that needs no data beyond this repository, then those whose data is there."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
ALWAYS = (
    "history.py",
    "reference_quarter.py",
    "explain.py",
    "reasons.py",
    "similar.py",
    "queue.py",
    "serving.py",
)
LEMIS = FOLDER.parents[1] / "shared" / "data" / "lemis"


def main() -> int:
    """Return the number of benchmarks that failed."""
    names = [*ALWAYS, *(["lemis.py"] if LEMIS.is_dir() else [])]
    failed = 0
    for name in names:
        print(f"== {name}", flush=True)
        failed += (
            subprocess.call(
                [sys.executable, "-m", f"benchmarks.{Path(name).stem}"], cwd=FOLDER.parent
            )
            != 0
        )
    if not LEMIS.is_dir():
        print("== lemis.py left out: see data/README.md for the data set")
    return failed


if __name__ == "__main__":
    sys.exit(main())
