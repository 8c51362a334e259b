"""Many writers on one SQLite file; ``tests/integration`` repeats them on PostgreSQL."""

import pytest

from tests.unit.ledger import concurrency


def test_threads_share_a_chain(url: str) -> None:
    concurrency.threads_share_a_chain(url)


@pytest.mark.slow
def test_an_empty_database_is_opened_by_many_at_once(url: str) -> None:
    concurrency.opened_at_once(url)


@pytest.mark.slow
def test_scores_of_processes_are_chained(url: str) -> None:
    concurrency.scores_of_processes_are_chained(url)


@pytest.mark.slow
def test_pollers_miss_nothing(url: str) -> None:
    concurrency.pollers_miss_nothing(url)


@pytest.mark.slow
def test_answers_are_given_once(url: str) -> None:
    concurrency.answers_are_given_once(url)


@pytest.mark.slow
def test_kill_9_loses_nothing(url: str) -> None:
    concurrency.kills_lose_nothing(url, times=4)


@pytest.mark.full
def test_kill_9_fifty_times_loses_nothing(url: str) -> None:
    concurrency.kills_lose_nothing(url, times=50)
