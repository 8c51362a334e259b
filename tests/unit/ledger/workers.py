"""What the processes do that the tests start, kill and wait for.

``python -m tests.unit.ledger.workers DEED URL WRITER COUNT`` runs one of the functions below;
each prints one line whenever something has become durable, at once.
"""

import subprocess
import sys
from collections.abc import Callable

from riskml.ledger import Answer, Ledger, Submission
from tests.unit.ledger.support import manifest, score

__all__ = ["start"]


def open_only(url: str, writer: str, count: int) -> None:
    """Open the ledger, together with others that do the same."""
    Ledger.open(url).close()
    print(writer, count, flush=True)  # noqa: T201 - the parent reads it


def append_scores(url: str, writer: str, count: int) -> None:
    """Append groups of scores; print their identifiers once they are durable."""
    with Ledger.open(url, lock_timeout=60) as ledger:
        print("open", flush=True)  # noqa: T201
        for number in range(count):
            records = tuple(score() for _ in range(number % 4 + 1))
            answer = Answer("p", f"{writer}-{records[0].score_id}", "d", b"answer")
            ledger.append_submissions([Submission(records, answer)], writer=writer)
            print(answer.key, *(record.score_id for record in records), flush=True)  # noqa: T201


def append_events(url: str, writer: str, count: int) -> None:
    """Append events: one row of the writer's own and one that all writers send."""
    with Ledger.open(url, lock_timeout=60) as ledger:
        print("open", flush=True)  # noqa: T201
        for number in range(count):
            rows = [manifest(number, bill_no=f"{writer}-{number}"), manifest(number)]
            receipts = ledger.append_events("manifests", rows, writer=writer)
            print(*(receipt.seq for receipt in receipts if receipt.new), flush=True)  # noqa: T201


def answer_same(url: str, writer: str, count: int) -> None:
    """Submit requests under keys that all writers use, all in one group."""
    with Ledger.open(url, lock_timeout=60) as ledger:
        print("open", flush=True)  # noqa: T201
        for number in range(count):
            keys = [f"{number}-{part}" for part in range(3)]
            # Every writer names the keys in another order: that must not end in a deadlock.
            turn = int(writer[1:]) % 3
            keys = keys[turn:] + keys[:turn]
            group = [
                Submission((score(bill_no=key),), Answer("p", key, "d", writer.encode()))
                for key in keys
            ]
            ledger.append_submissions(group, writer=writer)


DEEDS: dict[str, Callable[[str, str, int], None]] = {
    deed.__name__: deed for deed in (open_only, append_scores, append_events, answer_same)
}


def start(deed: str, url: str, writer: str, count: int) -> "subprocess.Popen[str]":
    """Start a process that does a deed."""
    run = [sys.executable, "-m", "tests.unit.ledger.workers", deed, url, writer, str(count)]
    return subprocess.Popen(run, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    DEEDS[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
