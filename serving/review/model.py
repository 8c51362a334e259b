"""What serves, since when, and its card."""

from typing import Any

from starlette.responses import Response

from serving.models import Served
from serving.review.rendering import render
from serving.review.responses import page
from serving.review.visits import Desk, Visit

__all__ = ["show"]


def show(desk: Desk, visit: Visit) -> Response:
    """Show the serving models and the promotions that led to them."""
    state = desk.state()
    served = [] if state is None else [_card(model) for model in state.models.values()]
    promotions = desk.ledger.records("promotion")[-10:][::-1]
    return page(render(visit, "model.html.j2", served=served, promotions=promotions))


def _card(served: Served) -> dict[str, Any]:
    manifest = served.scorer.bundle.manifest
    return {
        **served.to_dict(),
        "since": served.since,
        "window": manifest.training_window,
        "features": len(served.scorer.bundle.feature_set.names),
        "metrics": manifest.metrics,
        "notes": manifest.notes,
        "packages": manifest.packages,
    }
