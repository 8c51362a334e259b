"""What the service is measured against: an endpoint that does nothing, and the usual service.

The usual service is what most would write first: pydantic turns the request into a DataFrame, the
booster predicts, ``shap.TreeExplainer`` explains, and each row is inserted by itself. It is given
the features ready made; ours has to look them up. :mod:`benchmarks.serving_lookup` adds to it a
look-up of its own.
"""

import json
import os
import sqlite3
import uuid
from pathlib import Path
from typing import Any

import bentoml

__all__ = ["OPTIONS", "NothingService", "Usual", "UsualService"]

OPTIONS: dict[str, Any] = {
    "workers": 1,
    "metrics": {"enabled": False},
    "logging": {"access": {"enabled": False}},
}
"""As our own service has them."""


class Nothing:
    """Answers without doing anything."""

    @bentoml.api  # type: ignore[misc]
    def nothing(self, consignments: list[dict[str, Any]]) -> dict[str, Any]:
        """Return an empty answer."""
        del consignments
        return {}


class Usual:
    """Scores and explains rows of ready-made features."""

    def __init__(self) -> None:
        import lightgbm as lgb
        import pandas as pd
        import pydantic
        import shap

        self.folder = folder = Path(os.environ["BENCHMARK_FOLDER"])
        self._pandas = pd
        self._booster = lgb.Booster(model_file=folder / "booster.txt")
        fields: dict[str, Any] = {
            f"f{number}": (float | None, None) for number in range(self._booster.num_feature())
        }
        row = pydantic.create_model("Row", **fields)
        self._rows = pydantic.create_model("Rows", consignments=(list[row], ...))  # type: ignore[valid-type]
        self._explainer = shap.TreeExplainer(self._booster)
        self._database = sqlite3.connect(folder / "usual.db", check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS scores (id TEXT PRIMARY KEY, probability REAL, "
            "features TEXT, contributions TEXT)"
        )

    @bentoml.api  # type: ignore[misc]
    def score(self, consignments: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answer each row with probability and contributions."""
        rows = self._rows.model_validate({"consignments": consignments})
        return self.answers([row.model_dump() for row in rows.consignments])

    def answers(self, rows: list[dict[str, float | None]]) -> list[dict[str, Any]]:
        """Score, explain and record rows of features."""
        frame = self._pandas.DataFrame(rows, dtype=float)
        probabilities = self._booster.predict(frame)
        contributions = self._explainer.shap_values(frame)
        answers = []
        for position, values in enumerate(frame.to_dict("records")):
            answer = {
                "score_id": str(uuid.uuid4()),
                "probability": float(probabilities[position]),
                "contributions": contributions[position].tolist(),
            }
            self._database.execute(
                "INSERT INTO scores VALUES (?, ?, ?, ?)",
                (
                    answer["score_id"],
                    answer["probability"],
                    json.dumps(values),
                    json.dumps(answer["contributions"]),
                ),
            )
            answers.append(answer)
        self._database.commit()
        return answers


NothingService = bentoml.service(Nothing, name="nothing", **OPTIONS)
UsualService = bentoml.service(Usual, name="usual", **OPTIONS)
