"""Laws of many writers, which hold for SQLite and PostgreSQL alike."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from subprocess import Popen

from riskml.ledger import Ledger
from tests.unit.ledger.support import manifest, score
from tests.unit.ledger.workers import start

__all__ = [
    "answers_are_given_once",
    "kills_lose_nothing",
    "opened_at_once",
    "pollers_miss_nothing",
    "scores_of_processes_are_chained",
    "threads_share_a_chain",
]


def finish(processes: Iterable["Popen[str]"]) -> list[list[str]]:
    """Return the words that each process printed, line by line behind the first."""
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    return [line.split() for output in outputs for line in output.splitlines()]


def opened_at_once(url: str) -> None:
    """Let processes open an empty database at once: all succeed."""
    processes = [start("open_only", url, f"w{number}", number) for number in range(4)]
    assert len(finish(processes)) == 4
    assert [process.returncode for process in processes] == [0] * 4
    with Ledger.open(url, create=False) as ledger:
        assert ledger.verify().ok


def scores_of_processes_are_chained(url: str) -> None:
    """Writers of their own and writers that share a name leave whole chains."""
    writers = ["a", "b", "shared", "shared"]
    lines = finish([start("append_scores", url, writer, 12) for writer in writers])
    written = [score_id for line in lines if line != ["open"] for score_id in line[1:]]
    with Ledger.open(url) as ledger:
        report = ledger.verify()
        assert report.ok, report.problems
        assert {found.score_id for found in ledger.scores_since()} == set(written)
    rows = {chain.writer: chain.rows for chain in report.chains}
    assert rows == {"a": 30, "b": 30, "shared": 60}


def pollers_miss_nothing(url: str) -> None:
    """Poll beside the writers: 1, 2, 3, ... and every event once."""
    processes = [start("append_events", url, f"w{number}", 40) for number in range(3)]
    seen: list[int] = []
    names: list[str] = []
    with Ledger.open(url) as ledger:
        while any(process.poll() is None for process in processes) or ledger.watermark() > len(
            seen
        ):
            page = ledger.events_after(len(seen), 7)
            seen += [event.seq for event in page]
            names += [str(event.payload["bill_no"]) for event in page]
        assert ledger.verify().ok
    told = [int(seq) for line in finish(processes) if line != ["open"] for seq in line]
    assert seen == list(range(1, 161))
    assert sorted(told) == seen
    assert len(set(names)) == 160  # three times 40 of their own, 40 in common


def answers_are_given_once(url: str) -> None:
    """Of many writers with the same keys one is answered, and only its scores are kept."""
    processes = [start("answer_same", url, f"w{number}", 15) for number in range(3)]
    finish(processes)
    assert [process.returncode for process in processes] == [0] * 3
    with Ledger.open(url) as ledger:
        kept = [record.bill_no for record in ledger.scores_since()]
        assert sorted(kept) == sorted(f"{n}-{part}" for n in range(15) for part in range(3))
        assert ledger.verify().ok
        recalled = [ledger.recall_answer("p", str(key)) for key in kept]
    assert all(found is not None and found[0] == "d" for found in recalled)


def kills_lose_nothing(url: str, times: int) -> None:
    """``kill -9`` at whatever point: what was told is there, and nothing by halves."""
    told: list[list[str]] = []
    for number in range(times):
        process = start("append_scores", url, "victim", 10_000)
        assert process.stdout is not None
        told += [process.stdout.readline().split() for _ in range(2 + number % 7)]
        time.sleep(number % 9 * 0.0003)  # so that the kill falls anywhere in a transaction
        process.kill()
        told += [line.split() for line in process.stdout.read().splitlines()]
        process.wait()
        process.stdout.close()
        check_told(url, [line for line in told if line != ["open"]])
    with Ledger.open(url, create=False) as ledger:
        assert ledger.verify().ok


def check_told(url: str, told: list[list[str]]) -> None:
    """Check that every answer which was told is kept with its scores, and the chain is whole."""
    with Ledger.open(url, create=False) as ledger:
        report = ledger.verify()
        assert report.ok, report.problems
        kept = {record.score_id for record in ledger.scores_since()}
        assert {score_id for _, *score_ids in told for score_id in score_ids} <= kept
        assert all(ledger.recall_answer("p", key) == ("d", b"answer") for key, *_ in told)
        ledger.append_scores([score()], writer="victim")


def threads_share_a_chain(url: str) -> None:
    """Threads of one process may use one ledger and one writer's name."""
    with Ledger.open(url) as ledger:

        def work(number: int) -> None:
            ledger.append_scores([score(), score()], writer="w")
            ledger.append_events("manifests", [manifest(number), manifest(number % 5)], writer="w")
            ledger.append_record("access", {"number": number}, "w")

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(30)))
        report = ledger.verify()
        assert report.ok, report.problems
        assert [chain.rows for chain in report.chains] == [30, 30, 60]
        assert ledger.watermark() == 30
