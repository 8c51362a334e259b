"""Identities: numbered as they arrive, told apart byte for byte."""

import numpy as np
import pytest

from riskml.errors import HistoryError
from riskml.history.arrays import UNSEEN
from riskml.history.batch import LINE_BYTES, room_for
from riskml.history.identities import Identities
from tests.oracles.history_rows import texts


def test_identities_are_numbered_as_a_dictionary_would():
    rng = np.random.default_rng(3)
    named = [f"{'tờ khai ' * (n % 3)}{n}" for n in rng.integers(0, 4000, 9000).tolist()]
    expected: dict[str, int] = {}
    codes = [expected.setdefault(name, len(expected)) for name in named]
    held = Identities()
    found = [held.add(texts(named[first : first + 700]), "x") for first in range(0, 9000, 700)]
    assert np.concatenate(found).tolist() == codes
    assert [held[code] for code in range(len(held))] == list(expected)
    again = Identities()
    again.restore(held.state())
    asked = [named[0], "never", named[-1], ""]
    for each in (held, again):
        assert each.find(texts(asked), "x").tolist() == [codes[0], UNSEEN, codes[-1], UNSEEN]


@pytest.mark.parametrize("wrong", [None, 3, float("nan"), b"c1"])
def test_an_identity_is_text(wrong):
    held = Identities()
    with pytest.raises(HistoryError, match="event_id"):
        held.add(np.array(["a", wrong], dtype=object), "events")
    assert len(held) == 0


def test_fresh_room_for_answers_begins_with_a_line_of_memory():
    for rows in (1, 7, 100_000):
        room = room_for((rows, 28), None)
        assert room.shape == (rows, 28)
        assert room.flags.c_contiguous
        assert room.ctypes.data % LINE_BYTES == 0
