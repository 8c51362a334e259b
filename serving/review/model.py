"""What serves, since when, and its card."""

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from riskml.config import settings
from riskml.reports.html import render_html
from riskml.reports.model_page import model_report
from serving.models import Served
from serving.review.problems import PageError
from serving.review.rendering import render
from serving.review.responses import page
from serving.review.visits import Desk, Visit

__all__ = ["card", "show"]

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def show(desk: Desk, visit: Visit) -> Response:
    """Show the serving models and the promotions that led to them."""
    state = desk.state()
    served = [] if state is None else [_brief(model) for model in state.models.values()]
    promotions = desk.ledger.records("promotion")[-10:][::-1]
    return page(render(visit, "model.html.j2", served=served, promotions=promotions))


def card(desk: Desk, visit: Visit) -> Response:
    """Show the card of a serving model: the model report, which is a page of its own."""
    state = desk.state()
    served = None if state is None else state.models.get(visit.places["stage"])
    if served is None:
        raise PageError("not_found")
    today = datetime.now(UTC).astimezone(settings().zone()).date()
    html = render_html(model_report(served.scorer.bundle, visit.language, today))
    return page(html, headers={"Content-Security-Policy": _policy(html)})


def _policy(html: str) -> str:
    """Return a policy that allows the style which the report carries, and nothing else."""
    digests = [hashlib.sha256(style.encode()).digest() for style in _STYLE.findall(html)]
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return f"default-src 'none'; style-src {allowed}; base-uri 'none'; frame-ancestors 'none'"


def _brief(served: Served) -> dict[str, Any]:
    manifest = served.scorer.bundle.manifest
    return {
        **served.to_dict(),
        "since": served.since,
        "window": manifest.training_window,
        "features": len(served.scorer.bundle.feature_set.names),
        "quality": _quality(manifest.metrics),
    }


def _quality(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was found at each inspection rate on later slices, lowest rate first."""
    rates = metrics.get("model", {}).get("at", {})
    return [{"rate": float(rate), **found} for rate, found in sorted(rates.items(), key=_rate)]


def _rate(item: tuple[str, Any]) -> float:
    return float(item[0])
