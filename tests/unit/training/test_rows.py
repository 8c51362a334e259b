import numpy as np
import pandas as pd
import pytest

from riskml.datasets import Tables
from riskml.errors import LabelError
from riskml.training.rows import label_hint, learnable_rows
from tests.oracles.synthetic import make_world

UNTIL = pd.Timestamp("2022-01-01", tz="UTC").to_pydatetime()


def hint() -> str:
    return "the first label of the data is known on 2022-05-17"


def test_only_matured_labels_are_learned_from_in_order_of_time() -> None:
    frame = make_world(500).frame.sample(frac=1, random_state=0)
    frame.loc[frame.index[::3], "matured"] = False
    rows = learnable_rows(frame)
    assert rows["label"].notna().all()
    assert rows["matured"].all()
    assert rows["decision_time"].is_monotonic_increasing


def test_without_a_label_the_message_says_which_date_has_one() -> None:
    frame = make_world(100).frame.assign(label=np.nan)
    with pytest.raises(LabelError, match=r"no label is known before 2022-01-01 .*2022-05-17"):
        learnable_rows(frame, UNTIL, hint)
    with pytest.raises(LabelError, match="no label is known"):
        learnable_rows(frame.iloc[:0], UNTIL, hint)


def test_without_a_matured_label_the_message_says_when() -> None:
    frame = make_world(200).frame.assign(matured=False)
    last = frame["label_known_at"].max()
    with pytest.raises(LabelError, match=rf"has matured.*{last:%Y-%m-%d}"):
        learnable_rows(frame, UNTIL, hint)


@pytest.mark.parametrize(("value", "kind"), [(0.0, "without violation"), (1.0, "in violation")])
def test_one_class_is_refused_with_the_date_of_the_other(value: float, kind: str) -> None:
    world = make_world(300)
    frame = world.labelled.assign(label=value)
    with pytest.raises(LabelError, match=rf"are {kind}: .*2022-05-17"):
        learnable_rows(frame, UNTIL, hint)


def test_the_hint_is_read_from_the_tables() -> None:
    lodged = pd.Series(pd.to_datetime(["2021-01-01", "2021-02-01"], utc=True)).dt.as_unit("us")
    text = {"office": ["A", "A"], "mode": ["sea", "sea"], "commodity_code": ["01", "02"]}
    declarations = pd.DataFrame(
        {"declaration_id": ["1", "2"], "line_no": [1, 1], "lodged_at": lodged, **text}
    )
    inspections = pd.DataFrame(
        {
            "inspection_id": ["a", "b"],
            "declaration_id": ["1", "2"],
            "office": ["A", "A"],
            "selected_at": lodged,
            "result": ["no_violation", "violation"],
            "closed_at": lodged + pd.Timedelta(days=5),
        }
    )
    tables = Tables(declarations=declarations, inspections=inspections)
    found = label_hint(tables, "declaration")()
    assert "first label of the data is known on 2021-01-06" in found
    assert "first violation on 2021-02-06" in found
