"""What a stage knows, for look-ups: its index, what goods and parties were said to be."""

from copy import deepcopy
from dataclasses import dataclass, field

from riskml.datasets import Tables
from riskml.features.changes import OWN_TABLE
from riskml.features.compute import stage_events
from riskml.features.descriptions import Descriptions, Told
from riskml.features.events import outcome_keys
from riskml.features.featureset import FeatureSet
from riskml.features.groups import PartyGroups
from riskml.features.plan import FeaturePlan, Past
from riskml.features.rowwise import Place
from riskml.features.said import Rows
from riskml.history import HistoryIndex

__all__ = ["StageState", "filled"]


@dataclass
class StageState:
    """What one stage needs to answer.

    ``groups`` are those that look-ups see, ``ahead`` those that know what was prepared as well.
    They change places when it is applied, so that the work is done beside the look-ups; ``behind``
    are the rows that the other one has yet to take in.
    """

    features: FeatureSet
    plan: FeaturePlan
    index: HistoryIndex = field(init=False)
    places: list[Place] = field(init=False)
    descriptions: Descriptions | None = None
    groups: PartyGroups | None = None
    ahead: PartyGroups | None = None
    behind: Rows | None = None

    def __post_init__(self) -> None:
        self.index = HistoryIndex(self.plan.statistics)
        self.places = outcome_keys(self.plan.statistics)

    @property
    def past(self) -> Past:
        """What is known at the moment."""
        return Past(self.index.lookup, self.descriptions, self.groups)

    def begin(self, tables: Tables) -> None:
        """Take in what the tables say of goods and parties."""
        own = OWN_TABLE[self.features.stage]
        self.descriptions = self.plan.descriptions(own, tables.get(own))
        self.groups = self.plan.groups(self.features.stage, tables.get(own))
        self.forget()

    def forget(self) -> None:
        """Forget what was prepared and never applied."""
        self.ahead, self.behind = deepcopy(self.groups), None

    def tidy(self) -> None:
        """Let the groups that nobody sees take in what the others know."""
        if self.ahead is not None and self.behind is not None:
            self.ahead.append(self.behind)
        self.behind = None

    def told(self, rows: Rows) -> Told | None:
        """Work out what further rows of the stage's own table say of goods."""
        return None if self.descriptions is None else self.descriptions.prepare(rows)

    def learn(self, rows: Rows, told: Told | None) -> None:
        """Take in what further rows of the stage's own table say, as prepared."""
        if self.descriptions is not None:
            self.descriptions.apply(told)
        self.groups, self.ahead, self.behind = self.ahead, self.groups, rows


def filled(features: FeatureSet, plan: FeaturePlan, tables: Tables) -> StageState:
    """Return the state of a stage after all that the tables hold."""
    stage = StageState(features, plan)
    stage.begin(tables)
    if tables.get(OWN_TABLE[features.stage]) is not None:
        events = stage_events(tables, features.stage, plan.statistics, groups=stage.groups)
        stage.index.extend(events)
    return stage
