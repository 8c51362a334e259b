"""What a policy can be measured against: what was done, all that could be known, all there is.

The last two know what nobody can: no service could run them, and no policy may use what they use.
"""

from collections.abc import Callable

import numpy as np

from riskml.policy.day import Day, Picks
from riskml.policy.knowledge import Earned, Everything, Knowledge
from riskml.policy.policies import Policy, model
from riskml.policy.rehearsal import Rehearsal

__all__ = ["REFERENCES", "knowledge_of", "reference"]

REFERENCES = ("legacy", "full_information", "oracle")
"""``legacy``: whom rules and officers really inspected in the data, cut or filled up at random to
the same capacity. ``full_information``: our own model trained on every true label of the past,
without selection or delay. ``oracle``: ranks by the true probability before the coin is tossed."""


def reference(name: str, rehearsal: Rehearsal) -> Policy:
    """Return a reference as a policy over one rehearsal."""
    if name == "full_information":
        return Policy(name, model, learns=True, about="Our model, trained on every true label.")
    if name == "legacy":
        return Policy(
            name, _legacy(rehearsal), learns=False, about="Whom the data shows inspected."
        )
    return Policy(name, _oracle(rehearsal), learns=False, about="Ranks by the true probability.")


def knowledge_of(name: str, seed: int = 0) -> Callable[[Rehearsal], Knowledge]:
    """Return how a policy or reference gets to know things."""
    if name == "full_information":
        return lambda rehearsal: Everything(rehearsal, seed=seed)
    return Earned


def _legacy(rehearsal: Rehearsal) -> Callable[[Day], Picks]:
    inspected = rehearsal.envelope["legacy"].to_numpy(np.float64)

    def legacy(day: Day) -> Picks:
        rng = np.random.default_rng([day.seed, day.today.toordinal()])
        return day.draw(inspected[day.rows] + rng.random(len(day)))

    return legacy


def _oracle(rehearsal: Rehearsal) -> Callable[[Day], Picks]:
    truth = rehearsal.envelope["probability"].to_numpy(np.float64)

    def oracle(day: Day) -> Picks:
        return day.draw(truth[day.rows])

    return oracle
