"""What may be done with a case, by whom, and in which order (DESIGN 9).

::

    propose -> proposed -> approved -> selected -> scanned -> image_reviewed -> cleared -> closed
                  |                                                  |                        ^
                  |                                                  +-------> opened --------+
                  +-- reject ---------------------------------------------------------> closed

Everything here is a rule without a database: `riskml.cases.book` applies it.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from riskml.errors import RiskmlError

__all__ = [
    "ACTIONS",
    "LEVELS",
    "STATES",
    "VIOLATION_TYPES",
    "Action",
    "Actor",
    "Field",
    "IllegalStepError",
    "NotAllowedError",
    "Standing",
    "StepFieldError",
    "actions_for",
    "check",
    "check_fields",
    "covers",
    "level_of",
]

STATES = (
    "proposed", "approved", "selected", "scanned", "image_reviewed", "cleared", "opened", "closed",
)  # fmt: skip
LEVELS = ("sub_office", "provincial", "national")
"""Who must approve, the lowest first."""
VIOLATION_TYPES = (
    "undervaluation", "misdescription", "concealment", "origin_laundering", "prohibited_goods",
    "quantity", "documentary",
)  # fmt: skip
LONGEST_WHY = 2000
_FINDINGS = ("clear", "suspicious")
_DOERS = frozenset({"analyst", "supervisor"})
_SUPERVISORS = frozenset({"supervisor"})
_NAME = re.compile(r"[\w ./:+-]{1,60}")

Kind = Literal["text", "long_text", "choice", "url", "number"]


class IllegalStepError(RiskmlError):
    """The case's state does not allow this action."""


class NotAllowedError(RiskmlError):
    """Role, office or level do not allow it, or it needs a second person."""


class StepFieldError(RiskmlError):
    """Something that an action needs is missing or wrong; ``field`` names it."""

    def __init__(self, field: str, message: str, remedy: str) -> None:
        super().__init__(f"{field}: {message}", remedy)
        self.field = field


class Actor(Protocol):
    """Who acts."""

    @property
    def name(self) -> str:
        """Login name."""

    @property
    def role(self) -> str:
        """Role."""

    @property
    def office(self) -> str | None:
        """Office, None for the national level."""


class Standing(Protocol):
    """What the rules need to know of a case."""

    @property
    def state(self) -> str:
        """Where it stands."""

    @property
    def office(self) -> str | None:
        """Whose consignment it is."""

    @property
    def level(self) -> str:
        """Level at which it must be approved."""

    @property
    def proposer(self) -> str:
        """Who proposed it."""

    @property
    def reviewer(self) -> str | None:
        """Who reviewed the image."""

    @property
    def finding(self) -> str | None:
        """What the newest look at the image found."""


@dataclass(frozen=True)
class Field:
    """Something an action asks for.

    Attributes
    ----------
    name : str
    kind : {"text", "long_text", "choice", "url", "number"}
    required : bool
    choices : tuple of str
        Allowed values of a choice.
    limit : int
        Most characters.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    limit: int = 60


@dataclass(frozen=True)
class Action:
    """Something that may be done with a case.

    Attributes
    ----------
    name : str
    sources : tuple of str
        States in which it is possible; empty for the first one.
    target : str
        State after it.
    roles : frozenset of str
    fields : tuple of Field
        Beside ``why``, which every action asks.
    """

    name: str
    sources: tuple[str, ...]
    target: str
    roles: frozenset[str]
    fields: tuple[Field, ...] = ()


_ACTIONS = (
    Action("propose", (), "proposed", _DOERS, (Field("level", "choice", choices=LEVELS),)),
    Action("approve", ("proposed",), "approved", _SUPERVISORS),
    Action("reject", ("proposed",), "closed", _SUPERVISORS),
    Action("select", ("approved",), "selected", _DOERS),
    Action(
        "scan",
        ("selected",),
        "scanned",
        _DOERS,
        (Field("scan_finding", "choice", required=True, choices=_FINDINGS), Field("scanner_id")),
    ),
    Action(
        "review_image",
        ("scanned",),
        "image_reviewed",
        _DOERS,
        (
            Field("finding", "choice", required=True, choices=_FINDINGS),
            Field("image_uri", "url", required=True, limit=2000),
            Field("note", "long_text", limit=LONGEST_WHY),
        ),
    ),
    Action("clear", ("image_reviewed",), "cleared", _DOERS),
    Action("open", ("image_reviewed",), "opened", _DOERS),
    Action(
        "close",
        ("cleared", "opened"),
        "closed",
        _DOERS,
        (
            Field("result", "choice", choices=("no_violation", "violation")),
            Field("violation_type", "choice", choices=VIOLATION_TYPES),
            Field("severity", "number", limit=20),
            Field("revenue_recovered", "number", limit=20),
        ),
    ),
)
ACTIONS: Mapping[str, Action] = {action.name: action for action in _ACTIONS}
"""Every action, by name."""


def covers(office: str | None, other: str | None) -> bool:
    """Say whether the scope of one office covers another; None is the whole country.

    Offices are a tree, written with slashes.

    Examples
    --------
    >>> covers("Hai Phong", "Hai Phong/Dinh Vu"), covers("Hai Phong", "Hai Phong 2")
    (True, False)
    >>> covers(None, "Da Nang"), covers("Da Nang", None)
    (True, False)
    """
    if office is None:
        return True
    return other is not None and (other == office or other.startswith(f"{office}/"))


def level_of(office: str | None) -> str:
    """Return the level of an office.

    Examples
    --------
    >>> level_of(None), level_of("Hai Phong"), level_of("Hai Phong/Dinh Vu")
    ('national', 'provincial', 'sub_office')
    """
    if office is None:
        return "national"
    return "sub_office" if "/" in office else "provincial"


def actions_for(case: Standing, actor: Actor) -> tuple[Action, ...]:
    """Return what somebody may do with a case now."""
    return tuple(
        action
        for action in _ACTIONS
        if case.state in action.sources and _refusal(case, action, actor) is None
    )


def check(case: Standing, action: Action, actor: Actor) -> None:
    """Raise unless somebody may take a step now.

    Raises
    ------
    NotAllowedError
        If the person may not.
    IllegalStepError
        If the case's state does not allow it.
    """
    refusal = _refusal(case, action, actor)
    if refusal is not None:
        raise refusal
    if case.state not in action.sources:
        raise IllegalStepError(
            f"a case that is {case.state} cannot be taken through {action.name!r}",
            f"possible from {', '.join(action.sources)}",
        )


def check_fields(
    action: Action, state: str, details: Mapping[str, Any], why: str
) -> dict[str, Any]:
    """Return the details of a step in their form, or raise what is wrong with them.

    Parameters
    ----------
    action : Action
    state : str
        State of the case before the step.
    details : mapping
        Field names and texts, as a form sends them.
    why : str
        The reason, which every step states.

    Raises
    ------
    StepFieldError
        Names the first field that is wrong.
    """
    if not 1 <= len(why.strip()) <= LONGEST_WHY:
        raise StepFieldError("why", "every step needs a reason", f"1 to {LONGEST_WHY} characters")
    known = {field.name for field in action.fields}
    unknown = next((name for name in details if name not in known), None)
    if unknown is not None:
        raise StepFieldError(unknown[:40], "this step does not ask for it", "leave it out")
    given = {
        field.name: _value(field, str(details[field.name]).strip())
        for field in action.fields
        if str(details.get(field.name, "")).strip()
    }
    for field in action.fields:
        if field.required and field.name not in given:
            raise StepFieldError(field.name, "is missing", "fill it in")
    if action.name == "close":
        _check_result(state, given)
    return given


def _check_result(state: str, given: Mapping[str, Any]) -> None:
    """Check that a result is given where a container was opened, and nowhere else."""
    if state == "cleared":
        for name in given:
            raise StepFieldError(
                name, "a consignment that was not opened has no result", "leave it out"
            )
        return
    if "result" not in given:
        raise StepFieldError("result", "is missing", "say what was found")
    if given["result"] == "violation" and "violation_type" not in given:
        raise StepFieldError("violation_type", "is missing", "name the violation")
    if given["result"] == "no_violation":
        for name in ("violation_type", "severity", "revenue_recovered"):
            if given.get(name):
                raise StepFieldError(name, "there was no violation", "leave it out")


def _value(field: Field, text: str) -> str | float:
    if len(text) > field.limit:
        raise StepFieldError(field.name, "is too long", f"at most {field.limit} characters")
    if field.kind == "choice" and text not in field.choices:
        raise StepFieldError(field.name, "is none of the choices", ", ".join(field.choices))
    if field.kind == "url":
        return _link(field.name, text)
    if field.kind == "number":
        return _number(field.name, text)
    if field.kind == "text" and not _NAME.fullmatch(text):
        raise StepFieldError(field.name, "holds unusual characters", "letters, digits, . / : + -")
    return text


def _link(name: str, text: str) -> str:
    wrong = StepFieldError(name, "is no web address", "give a link that begins with https://")
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise wrong from None
    clean = text.isprintable() and not any(c.isspace() or c in "\"'<>\\" for c in text)
    if parts.scheme not in ("http", "https") or not host or parts.username or not clean:
        raise wrong
    return text


def _number(name: str, text: str) -> float:
    try:
        number = float(text.replace(" ", "").replace(",", "."))
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1e12:
        raise StepFieldError(name, "is no amount from 0", "digits, and a point for decimals")
    return number


def _refusal(case: Standing, action: Action, actor: Actor) -> NotAllowedError | None:
    if actor.role not in action.roles:
        return NotAllowedError(
            f"the role {actor.role} may not {action.name}",
            f"ask a {' or '.join(sorted(action.roles))}",
        )
    if not covers(actor.office, case.office):
        return NotAllowedError("the case belongs to another office", "ask somebody of that office")
    if action.name in ("approve", "reject"):
        return _second_person(case, actor)
    second = actor.role == "supervisor" and actor.name != case.reviewer
    if action.name == "clear" and case.finding == "suspicious" and not second:
        return NotAllowedError(
            "a suspicious image is cleared by a supervisor who did not review it",
            "open the container, or ask a supervisor",
        )
    return None


def _second_person(case: Standing, actor: Actor) -> NotAllowedError | None:
    if actor.name == case.proposer:
        return NotAllowedError("nobody decides on an own proposal", "ask a second person")
    if LEVELS.index(level_of(actor.office)) < LEVELS.index(case.level):
        return NotAllowedError(
            f"this case is decided at the {case.level} level", "ask a supervisor of that level"
        )
    return None
