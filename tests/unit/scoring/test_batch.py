import json
from collections.abc import Iterable, Iterator

import msgspec
import numpy as np
import pandas as pd
import pytest

from riskml.bundle import Bundle
from riskml.errors import EmptyTableError, MissingColumnError
from riskml.scoring import SCORE_COLUMNS, Scorer, batch, score_frame
from tests.support.tiny_bundle import random_columns, small_set, tiny_bundle

FEATURES = small_set()


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    columns = random_columns(FEATURES, 600, 1)
    label = (columns["consignee_id__hits__365d"] > 4).astype(float)
    return tiny_bundle(FEATURES, columns, label)


def frame(rows: int, seed: int = 2) -> pd.DataFrame:
    columns = random_columns(FEATURES, rows, seed)
    return pd.DataFrame(
        {
            "consignment_id": [f"B{n}|C" for n in range(rows)],
            "bill_no": [f"B{n}" for n in range(rows)],
            "container_no": "C",
            "stage": "pre_arrival",
            "office": "HP",
            "mode": "sea",
            "decision_time": pd.Timestamp("2020-07-01", tz="UTC"),
            **columns,
            "cargo_type": pd.array(columns["cargo_type"], dtype="str"),
        },
        index=np.arange(rows) * 3,
    )


def test_scores_come_in_the_order_and_under_the_index_of_the_frame(bundle: Bundle) -> None:
    given = frame(50)
    scores = score_frame(bundle, given)
    assert tuple(scores.columns[:6]) == SCORE_COLUMNS
    assert scores.index.equals(given.index)
    matrix = bundle.encode(random_columns(FEATURES, 50, 2))
    assert scores["raw_score"].tolist() == bundle.raw_scores(matrix).tolist()
    assert scores["office"].tolist() == ["HP"] * 50
    assert scores["probability"].between(0, 1, inclusive="neither").all()


def test_chunks_do_not_change_the_result(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = score_frame(bundle, frame(45), explain=True)
    monkeypatch.setattr(batch, "CHUNK", 7)
    shown: list[int] = []

    def progress(
        items: Iterable[pd.DataFrame], label: str, total: int | None
    ) -> Iterator[pd.DataFrame]:
        assert (label, total) == ("scoring", 7)
        for item in items:
            shown.append(len(item))
            yield item

    again = score_frame(bundle, frame(45), explain=True, progress=progress)
    pd.testing.assert_frame_equal(whole, again)
    assert shown == [7, 7, 7, 7, 7, 7, 3]


def test_explained_scores_add_up_and_name_reasons(bundle: Bundle) -> None:
    scores = score_frame(bundle, frame(30), explain=True)
    for row in scores.to_dict("records"):
        contributions = json.loads(row["contributions"])
        assert list(contributions) == list(FEATURES.names)
        total = row["base_value"] + sum(contributions.values())
        assert total == pytest.approx(row["raw_score"], abs=1e-6)
        reasons = json.loads(row["reasons"])
        assert reasons
        assert reasons[0]["text_vi"]


def test_online_and_batch_scores_are_the_same(bundle: Bundle) -> None:
    columns = random_columns(FEATURES, 20, 2)
    alone = [
        Scorer.of(bundle, msgspec.json.encode).score(
            {name: column[n : n + 1] for name, column in columns.items()}
        )[0]
        for n in range(20)
    ]
    scores = score_frame(bundle, frame(20), explain=True)
    assert [one.raw_score for one in alone] == scores["raw_score"].tolist()
    assert [one.probability for one in alone] == scores["probability"].tolist()
    assert all(one.adds_up for one in alone)
    assert [json.loads(one.reasons.content) for one in alone] == [
        json.loads(text) for text in scores["reasons"]
    ]
    assert alone[0].categories == {
        k: v for k, v in {"cargo_type": columns["cargo_type"][0]}.items() if v is not None
    }


def test_an_empty_frame_and_a_missing_feature_are_refused(bundle: Bundle) -> None:
    with pytest.raises(EmptyTableError):
        score_frame(bundle, frame(3).iloc[:0])
    with pytest.raises(MissingColumnError, match="lead_time_hours"):
        score_frame(bundle, frame(3).drop(columns="lead_time_hours"))
