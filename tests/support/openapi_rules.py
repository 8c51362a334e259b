"""What schemathesis must know of this service, loaded by ``schemathesis.toml``.

A request is answered item by item: an item that is wrong is an ``error`` inside a 200. The rules
here read such answers as closely as others read a status.
"""

import re
import uuid
from datetime import UTC, datetime
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.specs.openapi.checks import negative_data_rejection

_KEY = "Idempotency-Key"
SYNTAX = frozenset({"malformed_json", "unknown_field", "invalid_value", "missing_field"})
"""Codes of an item that does not have the form which the document describes."""
FORM = SYNTAX | {"invalid_request"}
"""Codes with which wrong data may be refused; what contradicts earlier rows is no wrong data."""


@schemathesis.hook
def before_call(_context: Any, _case: Any, kwargs: dict[str, Any]) -> None:
    """Make idempotency keys fresh: one key for every body would only be answered 409.

    This is done to the request that is ready to be sent. A case that is changed would be judged
    anew, and lose what was made wrong in it.
    """
    kwargs["auth"] = _with_fresh_key


def _with_fresh_key(request: Any) -> Any:
    if re.fullmatch(r"[\x21-\x7e]{1,200}", _text(request.headers.get(_KEY, ""))):
        request.headers[_KEY] = uuid.uuid4().hex
    return request


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _codes(response: Any) -> set[str]:
    """Return the codes of the items that were refused in an answer."""
    if response.status_code != 200 or response.request.method != "POST":
        return set()
    return {result["error"]["code"] for result in response.json()["results"] if "error" in result}


@schemathesis.check
def wrong_data_is_refused(ctx: Any, response: Any, case: Any) -> None:
    """Fail unless data outside the document is refused: the request, or the item that is wrong."""
    try:
        negative_data_rejection(ctx, response, case)
    except AcceptedNegativeData:
        if not FORM.intersection(_codes(response)):
            raise


@schemathesis.check
def right_data_has_the_right_form(_ctx: Any, response: Any, case: Any) -> None:
    """Fail if an item that satisfies the document is refused for its form, not its meaning."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    assert not SYNTAX.intersection(_codes(response)), response.text


@st.composite
def _times(draw: st.DrawFn) -> str:
    """Draw times of the years that the service knows; the others are no times to it."""
    year = st.datetimes(datetime(1980, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
    text = draw(year).isoformat()
    return text.replace("+00:00", draw(st.sampled_from(["Z", "+00:00", "+07:00", "-11:30"])))


schemathesis.openapi.format("date-time", _times())
