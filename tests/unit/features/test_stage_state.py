"""What rows change is worked out beside the look-ups: letting them see it is cheap."""

import pandas as pd
import pytest

from riskml.features.catalogue import feature_set
from riskml.features.descriptions import Descriptions
from riskml.features.groups import PartyGroups
from riskml.features.online import OnlineFeatures
from tests.support.service_world import draw_tables

TABLES = draw_tables(60, 5)


@pytest.mark.parametrize("plain", [False, True])
def test_applying_neither_links_parties_nor_counts_words(plain, monkeypatch) -> None:
    online = OnlineFeatures({"declaration": feature_set("declaration")})
    rows = TABLES.declarations.sort_values("lodged_at", kind="stable")
    size = len(rows) // 4
    linked = 0
    for start in range(0, len(rows), size):
        part = rows.iloc[start : start + size]
        arrival = online.prepare("declarations", _plain(part) if plain else part)
        with monkeypatch.context() as patch:
            patch.setattr(PartyGroups, "append", None)
            patch.setattr(Descriptions, "_counted", None)
            online.apply(arrival)
    served = online._stages["declaration"]
    served.tidy()
    at_once = PartyGroups(served.groups.kinship)
    at_once.append(rows)
    for groups in (served.groups, served.ahead):
        assert groups.links() == at_once.links()
        linked += len(set(groups.links().values()))
    assert 0 < linked <= 2 * len(at_once.links())


def _plain(part: pd.DataFrame) -> list[dict[str, object]]:
    return [
        {k: v.value // 1000 if isinstance(v, pd.Timestamp) else v for k, v in row.items()
         if not pd.isna(v)}
        for row in part.to_dict("records")
    ]  # fmt: skip
