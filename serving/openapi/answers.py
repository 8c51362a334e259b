"""What the routes answer, field by field.

The routes write these objects as plain mappings. The types here describe them for the document;
the tests close the schemas made of them and hold live answers against these, so that a field
which is added, renamed or dropped in one place only is found.
"""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

__all__ = ["ANSWERS", "Explanation", "ModelAnswer", "RowTaken", "Score"]

Stage: TypeAlias = Literal["pre_arrival", "declaration"]
Identifier: TypeAlias = Annotated[str, Meta(description="as sent, tidied")] | None
ScoreId: TypeAlias = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        description="of the ledger's entry; sorts by time",
    ),
]
Moment: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Probability: TypeAlias = Annotated[
    float, Meta(ge=0, le=1, description="calibrated probability of a violation")
]
RawScore: TypeAlias = Annotated[float, Meta(description="log-odds before calibration")]
BaseValue: TypeAlias = Annotated[
    float,
    Meta(
        description="expected log-odds of the model; with all contributions it gives the raw score"
    ),
]
Contribution: TypeAlias = Annotated[float, Meta(description="in log-odds; positive raises")]
Cause: TypeAlias = (
    Annotated[
        Literal["no_model", "old_history"],
        Meta(description="why the rule profile answered instead of a model"),
    ]
    | None
)


class Model(Struct):
    """What answered."""

    name: Annotated[str, Meta(description="rule-profile where the answer is degraded")]
    version: str
    digest: Annotated[str, Meta(description="SHA-256 of the model's files; empty for rules")]


class Evidence(Struct):
    """One feature of a reason."""

    feature: str
    value: float | str | None
    contribution: Contribution


class Reason(Struct):
    """A group of features that moved the score."""

    code: Annotated[str, Meta(description="stable: programs may rely on it")]
    direction: Literal["raises", "lowers"]
    contribution: Annotated[float, Meta(description="of the whole group, in log-odds")]
    value: Annotated[float | str | None, Meta(description="of the strongest feature")]
    text_en: str
    text_vi: str
    features: Annotated[list[Evidence], Meta(description="the strongest features of the group")]


class Score(Struct):
    """A score; it was durable in the ledger before it was answered."""

    score_id: ScoreId
    stage: Stage
    bill_no: Identifier
    container_no: Identifier
    declaration_id: Identifier
    decision_time: Moment
    probability: Probability
    raw_score: RawScore
    base_value: BaseValue
    model: Model
    reasons: Annotated[list[Reason], Meta(description="the strongest first")]
    degraded: Annotated[bool, Meta(description="whether the rule profile answered")]
    degraded_cause: Cause


class RowTaken(Struct):
    """A row that history has."""

    table: str
    seq: Annotated[int, Meta(ge=1, description="place in the event log")]
    status: Annotated[
        Literal["new", "duplicate"],
        Meta(description="duplicate: it was there already, nothing changed"),
    ]


class ModelOfScore(Model):
    """What answered, and which features it used."""

    feature_set_digest: str


class Numbers(Struct):
    """The four numbers of a score."""

    base_value: BaseValue
    sum_of_contributions: float
    raw_score: RawScore
    probability: Probability


class FeatureValue(Struct):
    """One feature of the model, with its part in the score."""

    feature: str
    value: Annotated[float | str | None, Meta(description="null: missing")]
    contribution: Contribution
    code: Annotated[str, Meta(description="reason code of its group")]
    description_en: str
    description_vi: str
    unit: str


class Explanation(Struct):
    """A recorded score explained in full."""

    score_id: ScoreId
    stage: Stage
    bill_no: str | None
    container_no: str | None
    declaration_id: str | None
    office: str | None
    decision_time: Moment
    scored_at: Moment
    history_watermark: Annotated[int, Meta(ge=0, description="last event that the score saw")]
    history_digest: Annotated[str | None, Meta(description="of the base tables")]
    model: ModelOfScore
    degraded: bool
    degraded_cause: Cause
    numbers: Numbers
    features: list[FeatureValue]
    reasons: list[Reason]


class Serving(Struct):
    """The model of one stage."""

    stage: Stage
    name: str
    version: str
    digest: str
    feature_set_digest: str
    since: Annotated[Moment, Meta(description="when its bundle was put in place")]
    explanations_by: Annotated[str, Meta(description="who computes the contributions")]


class HistoryReached(Struct):
    """How far history has come."""

    watermark: Annotated[int, Meta(ge=0, description="last event of the log that it has")]
    newest: Annotated[Moment | None, Meta(description="time of its newest event")]


class ModelAnswer(Struct):
    """What serves now."""

    models: list[Serving]
    history: HistoryReached


ANSWERS: tuple[Any, ...] = (Score, RowTaken, Explanation, ModelAnswer)
"""The types whose schemas, and those of their parts, stand in the document."""
