"""Figures from daily frames small enough to reckon by hand."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from riskml.errors import UsageError
from riskml.policy.picture import moving, picture_bytes
from riskml.policy.summary import recovery, regret, summarise, windows

SHIFT = date(2020, 6, 1)


def daily(policy: str, expected: list[float], start: date = date(2020, 1, 1)) -> pd.DataFrame:
    days = [start + timedelta(days=n) for n in range(len(expected))]
    frame = pd.DataFrame({"policy": policy, "date": days, "expected": expected})
    whole = frame.assign(arrivals=100, picks=5, violations=1.0, found=1.0, worth=frame["expected"])
    return whole.assign(newcomers=0.0, type_concealment=1.0)


def test_shares_of_the_references_and_times_rules() -> None:
    frames = [daily("model", [2.0, 2.0]), daily("rules", [0.5, 0.5]), daily("oracle", [4.0, 4.0])]
    total = daily("all", [5.0, 5.0]).assign(violations=4.0, newcomers=2.0, type_concealment=2.0)
    rows = {row["policy"]: row for row in summarise(pd.concat(frames), total)}
    assert rows["model"]["% of oracle"] == 50.0
    assert rows["model"]["times rules"] == 4.0
    assert rows["model"]["recall %"] == 25.0
    assert rows["model"]["recall concealment %"] == 50.0
    assert rows["model"]["recall newcomers %"] == 0.0
    assert rows["model"]["false scans"] == 4.0
    assert rows["model"]["inspected %"] == 5.0
    assert "% of full_information" not in rows["model"]


def test_regret_adds_up_and_needs_its_reference() -> None:
    found = regret(pd.concat([daily("model", [2.0, 1.0]), daily("oracle", [4.0, 4.0])]))
    assert found["model"].tolist() == [2.0, 5.0]
    with pytest.raises(UsageError, match="regret needs the reference oracle"):
        regret(daily("model", [1.0]))


def test_windows_are_counted_from_the_shift_and_whole() -> None:
    before = (SHIFT - date(2020, 1, 1)).days
    found = windows(daily("model", [1.0] * (before + 60)), SHIFT)
    assert found.index.tolist() == [-5, -4, -3, -2, -1, 0, 1]
    assert (found == 28.0).all()


@pytest.mark.parametrize(("low_days", "weeks"), [(0, 4.0), (14, 6.0), (28, 8.0), (300, None)])
def test_recovery_is_the_end_of_the_first_window_that_is_good_again(low_days, weeks) -> None:
    before = (SHIFT - date(2020, 1, 1)).days
    after = [0.5] * min(low_days, 140) + [1.0] * max(140 - low_days, 0)
    assert recovery(daily("model", [1.0] * before + after), SHIFT) == weeks


def test_a_lucky_window_is_no_recovery() -> None:
    before = (SHIFT - date(2020, 1, 1)).days
    after = [0.2] * 28 + [3.0] * 7 + [0.2] * 105
    assert recovery(daily("model", [1.0] * before + after), SHIFT) is None
    assert recovery(daily("model", [1.0] * 10, SHIFT), SHIFT) is None, "no former level"


@pytest.mark.slow
def test_the_picture_is_drawn_from_its_frame() -> None:
    frames = pd.concat([daily("model", [1.0] * 60), daily("oracle", [2.0] * 60)])
    found = moving(frames)
    assert found.columns.tolist() == ["model", "oracle"]
    assert (found["model"] == 28.0).all()
    assert len(found) == 60 - 27
    picture = picture_bytes(frames, date(2020, 2, 1))
    assert picture.startswith(b"\x89PNG")
    assert picture == picture_bytes(frames, date(2020, 2, 1))
    assert picture != picture_bytes(frames.assign(expected=np.arange(120.0)))
