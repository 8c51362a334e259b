from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from riskml.errors import LabelError
from riskml.evaluation.splits import prequential_folds, split_at

GAP = timedelta(days=10)


def times(seed: int = 0, size: int = 500) -> tuple[pd.Series, pd.Series]:
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2021-01-01", tz="UTC")
    decided = pd.Series(start + pd.to_timedelta(rng.integers(0, 400, size), "D")).dt.as_unit("us")
    known = decided + pd.to_timedelta(rng.exponential(8, size), "D").as_unit("us")
    return decided, known


def test_nothing_learned_from_was_unknown_or_young_at_the_start() -> None:
    decided, known = times()
    for fold in prequential_folds(decided, known, folds=4, gap=GAP):
        assert (known[fold.train] < fold.start).all()
        assert (decided[fold.train] < fold.start - GAP).all()
        assert (decided[fold.test] >= fold.start).all()
        assert (decided[fold.test] < fold.end).all()
        assert not (fold.train & fold.test).any()


def test_together_the_folds_judge_every_later_row_once() -> None:
    decided, known = times()
    folds = list(prequential_folds(decided, known, folds=5, first_share=0.3, gap=GAP))
    judged = np.sum([fold.test for fold in folds], axis=0)
    assert judged.max() == 1
    assert (judged == (decided >= folds[0].start).to_numpy()).all()
    assert 0.25 < (judged == 0).mean() < 0.35


def test_rows_of_one_instant_stay_together() -> None:
    decided = pd.Series(pd.to_datetime(["2021-01-01"] * 50 + ["2021-01-02"] * 50, utc=True))
    for fold in prequential_folds(decided, decided, folds=4, gap=timedelta(0)):
        assert len(decided[fold.test].unique()) == 1


def test_an_unknown_label_is_neither_learned_from_nor_judged() -> None:
    decided, known = times(size=100)
    known[::2] = pd.NaT
    start = pd.Timestamp("2021-07-01", tz="UTC")
    fold = split_at(decided, known, start, start + pd.Timedelta(days=100), GAP)
    assert fold.train.any()
    assert fold.test.any()
    assert not (fold.train | fold.test)[::2].any()


def test_no_row_is_an_error() -> None:
    empty = pd.Series(pd.to_datetime([], utc=True))
    with pytest.raises(LabelError, match="no row to split"):
        list(prequential_folds(empty, empty, gap=GAP))
