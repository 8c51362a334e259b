"""What memory alone costs: the answers of a batch written where they go, and nothing else.

Eight keys visit the queries in eight orders, so each writes its columns of every row of the answer;
whole lines of memory go past the caches, as in the kernel.
"""

from collections.abc import Callable

import numba
import numpy as np
import pandas as pd

from benchmarks.history_data import KEYS, additive
from riskml.history.batch import room_for
from riskml.history.instructions import fence, stream

__all__ = ["only_written"]


@numba.njit(nogil=True)
def _write(answer: np.ndarray, order: np.ndarray, first: int, items: int) -> None:
    for query in order:
        place = query * answer.shape[1] + first
        for item in range(items):
            stream(answer, place + item, 1.0)
    fence()


def only_written(frame: pd.DataFrame) -> Callable[[], object]:
    """Return the work of writing an answer, after one run that compiles it and settles memory."""
    columns = len(additive(KEYS))
    items, answer = columns // len(KEYS), room_for((len(frame), columns), None)
    orders = [np.argsort(frame.groupby(list(key)).ngroup(), kind="stable") for key in KEYS]
    visited = [order.to_numpy(np.int64) for order in orders]

    def work() -> None:
        for number, order in enumerate(visited):
            _write(answer, order, number * items, items)

    work()
    return work
