"""What a worker takes on: bodies of bounded length, a bounded number of requests at once."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import ClientDisconnect, Request

from serving.errors import ApiError
from serving.metrics import IN_FLIGHT, SHED
from serving.settings import ServiceSettings

__all__ = ["Gate", "read_body"]


class Gate:
    """Counts the requests and items in work, and turns away what is too much.

    Parameters
    ----------
    options : ServiceSettings
        The limits.
    """

    def __init__(self, options: ServiceSettings) -> None:
        self._options = options
        self._requests = 0
        self._items = 0

    @contextmanager
    def request(self) -> Iterator[None]:
        """Hold a place for a request.

        Raises
        ------
        ApiError
            If all places are taken.
        """
        if self._requests >= self._options.max_requests:
            SHED.labels("requests").inc()
            raise _overloaded()
        self._requests += 1
        IN_FLIGHT.inc()
        try:
            yield
        finally:
            self._requests -= 1
            IN_FLIGHT.dec()

    @contextmanager
    def items(self, count: int) -> Iterator[None]:
        """Hold places for the consignments of a request.

        Raises
        ------
        ApiError
            If there are too many in work, unless the worker is idle.
        """
        if self._items and self._items + count > self._options.max_waiting_items:
            SHED.labels("items").inc()
            raise _overloaded()
        self._items += count
        try:
            yield
        finally:
            self._items -= count


async def read_body(request: Request, options: ServiceSettings) -> bytes:
    """Read a JSON body of bounded length in bounded time.

    Raises
    ------
    ApiError
        If it is too long, too slow, compressed, or of another type.
    """
    _check_headers(request, options)
    chunks, size = [], 0
    try:
        async with asyncio.timeout(options.body_timeout_seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > options.max_body_bytes:
                    raise _too_large(options)
                chunks.append(chunk)
    except TimeoutError:
        raise ApiError(
            "request_timeout", "the body did not arrive in time", remedy="send it in one go"
        ) from None
    except ClientDisconnect:
        raise ApiError("request_timeout", "the client went away") from None
    return b"".join(chunks)


def _check_headers(request: Request, options: ServiceSettings) -> None:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise ApiError(
            "unsupported_media_type",
            "the body is compressed",
            field="Content-Encoding",
            remedy="send plain JSON",
        )
    kind = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(
            "unsupported_media_type",
            "the body is no JSON",
            field="Content-Type",
            remedy="send application/json",
        )
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > options.max_body_bytes:
        raise _too_large(options)


def _too_large(options: ServiceSettings) -> ApiError:
    return ApiError(
        "body_too_large",
        "the body is too long",
        remedy=f"send at most {options.max_body_bytes} bytes; split the request",
    )


def _overloaded() -> ApiError:
    return ApiError(
        "overloaded",
        "the service has more work than it can hold",
        remedy="send the request again after the time in Retry-After",
    )
