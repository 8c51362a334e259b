"""Roll-back: the champion before this one serves again, at once, without a new contest.

The ledger holds every promotion and every roll-back in order; read as a stack (a promotion puts a
version on it, a roll-back takes what came after the version it went back to) its top is the
champion and what lies below is where to go back to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from riskml.bundle import Bundle
from riskml.config import settings
from riskml.errors import GateError
from riskml.ledger import Ledger
from riskml.training.promotion import PROMOTION_RECORD, export_champion
from riskml.training.tracking import CHAMPION, read_version, set_alias, tag_version

__all__ = ["RolledBack", "champions_of", "roll_back"]


@dataclass(frozen=True)
class RolledBack:
    """Which version serves again, and instead of which.

    Attributes
    ----------
    stage, model_name, version, model_digest : str
        The version that serves again.
    left : str
        The version that served until now.
    reason : str
        Why, in somebody's words.
    folder : str
        The champion folder.
    """

    stage: str
    model_name: str
    version: str
    model_digest: str
    left: str
    reason: str
    folder: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, as the ledger keeps it beside the promotions."""
        return {
            "stage": self.stage,
            "model_name": self.model_name,
            "version": self.version,
            "model_digest": self.model_digest,
            "champion_version": self.left,
            "promoted": True,
            "rolled_back": True,
            "reason": self.reason,
        }


def champions_of(records: Iterable[Mapping[str, Any]], stage: str) -> list[str]:
    """Return the versions that could serve: the champion last, before it where to go back to.

    Parameters
    ----------
    records : iterable of mapping
        Payloads of the ledger's promotion records, oldest first.
    stage : str
        Other stages are passed over.

    Examples
    --------
    >>> of = {"stage": "declaration", "promoted": True}
    >>> champions_of([{**of, "version": "1"}, {**of, "version": "4"}], "declaration")
    ['1', '4']
    """
    stack: list[str] = []
    for record in records:
        if record.get("stage") != stage or not record.get("promoted"):
            continue
        version = str(record["version"])
        if record.get("rolled_back") and version in stack:
            del stack[stack.index(version) + 1 :]
        elif not stack or stack[-1] != version:
            stack.append(version)
    return stack


def roll_back(stage: str, reason: str) -> RolledBack:
    """Let the champion before this one serve again.

    Parameters
    ----------
    stage : str
        Whose champion.
    reason : str
        Why; it enters the ledger and the tags of the version that is left.

    Returns
    -------
    RolledBack

    Raises
    ------
    GateError
        If no earlier champion is on record, or its version is no longer registered.
    """
    name = f"riskml-{stage}"
    with Ledger.open(settings().ledger_url) as ledger:
        stack = champions_of((r.payload for r in ledger.records(PROMOTION_RECORD)), stage)
        if len(stack) < 2:
            raise GateError(
                f"no champion of stage {stage} served before "
                f"{'version ' + stack[0] if stack else 'anybody was promoted'}",
                "promote another version with riskml promote --version",
            )
        earlier = read_version(name, stack[-2])
        if earlier is None:
            raise GateError(
                f"{name} version {stack[-2]}, which served before, is not registered any more",
                "promote another version with riskml promote --version",
            )
        bundle = Bundle.load(earlier.folder)
        folder = export_champion(bundle, stage, earlier.version)
        found = RolledBack(
            stage,
            name,
            earlier.version,
            bundle.manifest.model_digest,
            stack[-1],
            reason,
            str(folder),
        )
        ledger.append_record(PROMOTION_RECORD, found.to_dict(), "riskml promote --back")
    set_alias(name, CHAMPION, earlier.version)
    tag_version(name, stack[-1], {"promotion.rolled_back_to": earlier.version,
                                  "promotion.rolled_back_because": reason[:4900]})  # fmt: skip
    return found
