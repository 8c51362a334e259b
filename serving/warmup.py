"""A first score before anybody asks: kernels are compiled, and the model proves itself."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from riskml.errors import BundleError
from riskml.features.online import Item
from serving.history import History
from serving.models import Served

__all__ = ["warm_up"]

MANY = 16
_HEAD: dict[str, Any] = {"bill_no": "warm-up", "office": "warm-up", "mode": "sea"}
_LINE: dict[str, Any] = {**_HEAD, "declaration_id": "warm-up", "line_no": 1}


def warm_up(served: Served, history: History) -> None:
    """Score a made-up consignment, alone and in a batch, which nobody is told of.

    Raises
    ------
    BundleError
        If its contributions do not add up.
    """
    now = datetime.now(UTC)
    manifest = {**_HEAD, "submitted_at": now}
    lines = [{**_LINE, "lodged_at": now}] if served.stage == "declaration" else []
    looked = history.look_up(served.stage, [Item(manifest, lines, now)])
    # One row and many are explained by different machine code: both are to be ready.
    many = {name: np.repeat(column, MANY) for name, column in looked.columns.items()}
    scored = [*served.scorer.score(looked.columns), *served.scorer.score(many)]
    if not all(each.adds_up for each in scored):
        raise BundleError(
            f"the contributions of model {served.digest} do not add up", "train it again"
        )
