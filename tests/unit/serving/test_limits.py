import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import Request

from serving.errors import ERROR_CODES, ApiError
from serving.limits import Gate, read_body
from serving.settings import ServiceSettings

OPTIONS = ServiceSettings(
    max_requests=2, max_waiting_items=100, max_body_bytes=1000, body_timeout_seconds=0.1
)


def request(chunks: list[bytes], headers: dict[str, str] | None = None, *, stall: bool = False):
    async def parts() -> AsyncIterator[dict[str, Any]]:
        for number, chunk in enumerate(chunks):
            more = stall or number < len(chunks) - 1
            yield {"type": "http.request", "body": chunk, "more_body": more}
        await asyncio.sleep(10)

    stream = parts()
    raw = [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()]
    scope = {"type": "http", "method": "POST", "headers": raw}
    return Request(scope, receive=stream.__anext__)


def read(chunks: list[bytes], headers: dict[str, str] | None = None, *, stall: bool = False):
    return asyncio.run(read_body(request(chunks, headers, stall=stall), OPTIONS))


def test_a_body_is_read_whole() -> None:
    assert read([b"ab", b"c"]) == b"abc"
    assert read([b"{}"], {"Content-Type": "application/json; charset=utf-8"}) == b"{}"


@pytest.mark.parametrize(
    ("chunks", "headers", "stall", "code"),
    [
        ([b"x" * 600, b"x" * 600], {}, False, "body_too_large"),
        ([b""], {"Content-Length": "1001"}, False, "body_too_large"),
        ([b""], {"Content-Length": "9" * 400}, False, "body_too_large"),
        ([b"{"], {}, True, "request_timeout"),
        ([b"{}"], {"Content-Encoding": "br"}, False, "unsupported_media_type"),
        ([b"{}"], {"Content-Type": "text/html"}, False, "unsupported_media_type"),
    ],
)
def test_what_is_too_long_too_slow_or_foreign_is_refused(
    chunks: list[bytes], headers: dict[str, str], stall: bool, code: str
) -> None:
    with pytest.raises(ApiError) as caught:
        read(chunks, headers, stall=stall)
    assert caught.value.code == code


def test_the_gate_turns_away_what_is_too_much_and_opens_again() -> None:
    gate = Gate(OPTIONS)
    with gate.request(), gate.request():
        with pytest.raises(ApiError) as caught, gate.request():
            pass
        assert caught.value.status == 503
        assert caught.value.headers == {"Retry-After": "1"}
    with gate.request():
        pass
    # An idle worker takes even a large request.
    with gate.items(500), pytest.raises(ApiError), gate.items(1):
        pass
    with gate.items(60), gate.items(40), pytest.raises(ApiError), gate.items(1):
        pass


def test_every_code_has_a_status() -> None:
    for code, status in ERROR_CODES.items():
        error = ApiError(code, "message", field="f", remedy="r")
        assert error.status == status
        assert 400 <= status < 600
        assert set(error.to_dict()) == {"code", "message", "field", "remedy"}
