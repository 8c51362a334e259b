"""A visit to a page: what was asked, by whom, and what the pages stand on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from riskml.cases import CaseBook, Worklist
from riskml.config import settings
from riskml.explanation import SimilarCase, SimilarCases
from riskml.ledger import Accounts, Ledger, ScoreRecord, Session, User
from serving.review.language import Language
from serving.runtime import Runtime

if TYPE_CHECKING:
    from serving.engine import ServingState

__all__ = ["Desk", "Visit"]


@dataclass(frozen=True)
class Visit:
    """One request for a page.

    Attributes
    ----------
    path : str
        Path without the query.
    places : mapping
        What stood in the path's gaps.
    query, form : mapping
        Parameters of the address, and of a submitted form; the last of equal names.
    address : str
        Where it came from.
    secure : bool
        Whether it came over TLS.
    language : {"vi", "en"}
    session : Session or None
        None before the login.
    """

    path: str
    places: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    address: str
    secure: bool
    language: Language
    session: Session | None = None
    request_id: str = field(default="")

    @property
    def user(self) -> User:
        """Who visits; only pages behind the login ask."""
        if self.session is None:
            raise LookupError("nobody is logged in")
        return self.session.user


@dataclass(frozen=True)
class Desk:
    """What the pages stand on.

    Attributes
    ----------
    runtime : Runtime
        The living parts of the worker.
    ledger : Ledger
    accounts : Accounts
    cases : CaseBook
    worklist : Worklist
    zone : ZoneInfo
        Of the business day.
    """

    runtime: Runtime
    ledger: Ledger
    accounts: Accounts
    cases: CaseBook
    worklist: Worklist
    zone: ZoneInfo
    _similar: dict[str, SimilarCases] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, runtime: Runtime) -> "Desk":
        """Put the parts together around the worker's ledger.

        Raises
        ------
        ApiError
            If the ledger is not open yet.
        """
        ledger, zone = runtime.ledger, settings().zone()
        hours = runtime.options.alert_hours
        cases = CaseBook(ledger, alert_hours=hours)
        return cls(runtime, ledger, Accounts(ledger), cases, Worklist(ledger, timezone=zone), zone)

    def similar(self, record: ScoreRecord) -> list[SimilarCase]:
        """Return the inspected consignments most alike, as the model that scored sees them.

        A model that has left took its cases along: then there are none.
        """
        state = self.state()
        served = None if state is None else state.models.get(record.stage)
        if served is None or served.digest != record.model_digest:
            return []
        if served.digest not in self._similar:
            self._similar.clear()
            self._similar[served.digest] = SimilarCases(served.scorer.bundle)
        itself = {
            "bill_no": record.bill_no,
            "container_no": record.container_no,
            "declaration_id": record.declaration_id,
        }
        row = np.frombuffer(record.features, dtype="<f8")
        return self._similar[served.digest].lookup(row, record.decision_time, exclude=itself)

    def state(self) -> "ServingState | None":
        """Return what serves at this moment, None while it is loading."""
        return self.runtime.state
