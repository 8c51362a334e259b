"""Group commit on a real SQLite ledger, and on one that fails."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from riskml.errors import LedgerError, ServiceError
from riskml.ledger import Answer, Ledger, LedgerUnavailableError, ScoreRecord, Submission, new_id
from serving.committer import Committer


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


def record(**changes: object) -> ScoreRecord:
    zeros = np.zeros(2).tobytes()
    values = {
        "score_id": new_id(), "stage": "pre_arrival", "decision_time": datetime.now(UTC),
        "scored_at": datetime.now(UTC), "model_digest": "d", "model_name": "m",
        "model_version": "1", "feature_set_digest": "f", "history_watermark": 0,
        "features": zeros, "contributions": zeros, "base_value": 0.0, "raw_score": 0.0,
        "probability": 0.5,
    }  # fmt: skip
    return ScoreRecord(**{**values, **changes})


class Slow:
    """A ledger that counts its transactions and takes its time for the first one."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.groups: list[int] = []
        self.go = threading.Event()

    def append_submissions(
        self, submissions: Sequence[Submission], *, writer: str
    ) -> list[Answer | None]:
        if not self.groups:
            self.go.wait(5)
        self.groups.append(len(submissions))
        return self.ledger.append_submissions(submissions, writer=writer)


def test_what_waits_is_written_together_and_is_there_when_commit_returns(ledger: Ledger) -> None:
    slow = Slow(ledger)

    async def work() -> list[str]:
        committer = Committer(slow, "w")
        committer.start()
        given = [record() for _ in range(20)]

        async def one(single: ScoreRecord) -> str:
            await committer.commit(Submission((single,)))
            assert ledger.score(single.score_id) is not None
            return single.score_id

        tasks = [asyncio.create_task(one(single)) for single in given]
        await asyncio.sleep(0.05)
        slow.go.set()
        done = await asyncio.gather(*tasks)
        await committer.stop()
        return done

    assert len(asyncio.run(work())) == 20
    assert sum(slow.groups) == 20
    assert len(slow.groups) <= 2
    assert ledger.verify().ok


def test_one_request_that_cannot_be_written_fails_alone(ledger: Ledger) -> None:
    slow = Slow(ledger)
    slow.go.set()
    bad = record(bill_no="a\0b")
    good = [record(), record()]

    async def work() -> list[object]:
        committer = Committer(slow, "w")
        submissions = [Submission((one,)) for one in (good[0], bad, good[1])]
        tasks = [asyncio.create_task(_commit_when_running(committer, s)) for s in submissions]
        await asyncio.sleep(0)
        committer.start()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await committer.stop()
        return results

    results = asyncio.run(work())
    assert results[0] is None
    assert results[2] is None
    assert isinstance(results[1], LedgerError)
    assert ledger.count_scores() == 2
    assert ledger.score(bad.score_id) is None


async def _commit_when_running(committer: Committer, submission: Submission) -> Answer | None:
    await asyncio.sleep(0)
    return await committer.commit(submission)


class Down:
    """A ledger that cannot be reached, for a while."""

    def __init__(self, ledger: Ledger, failures: int) -> None:
        self.ledger = ledger
        self.failures = failures

    def append_submissions(
        self, submissions: Sequence[Submission], *, writer: str
    ) -> list[Answer | None]:
        if self.failures:
            self.failures -= 1
            raise LedgerUnavailableError("gone", "wait")
        return self.ledger.append_submissions(submissions, writer=writer)


def test_a_ledger_that_is_down_fails_the_request_and_the_next_one_is_written(
    ledger: Ledger,
) -> None:
    async def work() -> None:
        committer = Committer(Down(ledger, 1), "w")
        committer.start()
        with pytest.raises(LedgerUnavailableError):
            await committer.commit(Submission((record(),)))
        await committer.commit(Submission((record(),)))
        await committer.stop()

    asyncio.run(work())
    assert ledger.count_scores() == 1


def test_an_unexpected_failure_does_not_end_the_committer(ledger: Ledger) -> None:
    class Odd(Down):
        def append_submissions(
            self, submissions: Sequence[Submission], *, writer: str
        ) -> list[Answer | None]:
            if self.failures:
                self.failures -= 1
                raise ZeroDivisionError
            return super().append_submissions(submissions, writer=writer)

    async def work() -> None:
        committer = Committer(Odd(ledger, 1), "w")
        committer.start()
        with pytest.raises(ZeroDivisionError):
            await committer.commit(Submission((record(),)))
        assert await committer.commit(Submission((record(),))) is None
        await committer.stop()
        with pytest.raises(ServiceError):
            await committer.commit(Submission((record(),)))

    asyncio.run(work())


def test_a_repeated_key_returns_the_earlier_answer(ledger: Ledger) -> None:
    async def work() -> Answer | None:
        committer = Committer(ledger, "w")
        committer.start()
        first = Submission((record(),), Answer("p", "k", "digest", b"first"))
        assert await committer.commit(first) is None
        again = Submission((record(),), Answer("p", "k", "digest", b"second"))
        found = await committer.commit(again)
        await committer.stop()
        return found

    found = asyncio.run(work())
    assert found is not None
    assert found.body == b"first"
    assert ledger.count_scores() == 1
