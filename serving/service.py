"""The BentoML service: its server and process manager around our own application.

BentoML starts the workers, hands them the socket, restarts those that die and shuts them down
gracefully. Routes, limits, errors, metrics and logs are ours (:mod:`serving.app`): a middleware
takes every request before BentoML's own routes, which would be open to anybody and answer in
other shapes. The heavy imports wait until a worker starts, because BentoML imports this module in
its supervisor, too.
"""

import faulthandler
import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from typing import Any

import bentoml

from serving.settings import service_settings

__all__ = ["RiskService"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

WORKER_PROGRAM = "_bentoml_impl.worker.service"
"""The module that BentoML runs in a worker."""
LOOK_SECONDS = 1.0
"""How often the supervisor looks whether each worker lives."""

_applications: list[Application] = []
"""The application of this worker, once it has started."""


class OurRoutes:
    """Hands every HTTP request to our application and the rest (life cycle) to BentoML."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Dispatch by kind of scope."""
        inner = _applications[0] if scope["type"] == "http" else self._app
        await inner(scope, receive, send)


class LifeCycle:
    """Scores consignments over HTTP; see serving/README.md for its contract."""

    async def open(self) -> None:
        """Open the worker's parts; readiness follows when history is loaded."""
        _load_numba()
        from serving.app import build_app
        from serving.logs import configure_logging
        from serving.worker import Worker

        configure_logging()
        # `kill -USR2` on a worker writes what each of its threads is doing to the log.
        faulthandler.register(signal.SIGUSR2)
        self._worker = Worker(service_settings(), _worker_number())
        _applications.append(build_app(self._worker))
        await self._worker.start()

    async def close(self) -> None:
        """Finish what waits, then let go."""
        await self._worker.stop()


def _load_numba() -> None:
    """Load numba without the half of scipy that it would ask whether there is a BLAS.

    No kernel of ours multiplies matrices, and nothing else here needs scipy: a start is quicker.
    """
    hidden = "scipy" not in sys.modules
    if hidden:
        sys.modules["scipy"] = None  # type: ignore[assignment]
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        if hidden:
            del sys.modules["scipy"]


def _worker_number() -> int:
    """Return the number of this worker among its siblings, counted from 1."""
    from bentoml import server_context

    return int(server_context.worker_index or 1)


def _notice_deaths() -> None:
    """Let the supervisor look for dead workers each second: BentoML lets it do so every ten.

    A worker, which BentoML starts as a program of its own, has nobody to look for.
    """
    program = getattr(sys.modules["__main__"], "__spec__", None)
    if program is not None and program.name == WORKER_PROGRAM:
        return
    controllers: Any = import_module("circus.controller")
    start = controllers.Controller.start

    def start_looking(controller: Any) -> None:
        controller.check_delay = min(controller.check_delay, 1000 * LOOK_SECONDS)
        start(controller)

    controllers.Controller.start = start_looking


_notice_deaths()
bentoml.on_startup(LifeCycle.open)
bentoml.on_shutdown(LifeCycle.close)
RiskService = bentoml.service(
    LifeCycle,
    name="riskml",
    workers=service_settings().workers,
    # Ours comes first and has the shape of our errors; BentoML insists on one of its own.
    traffic={"timeout": service_settings().request_timeout_seconds + 15},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
RiskService.add_asgi_middleware(OurRoutes)
