"""Starts and stops the real service as a process: for the demo, for tests, for benchmarks."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from riskml.cli.serve import PATIENCE_SECONDS
from riskml.errors import ServiceError

__all__ = ["Server", "free_port", "running_server", "start_server"]

ROOT = Path(__file__).resolve().parents[1]
TAIL_LINES = 15


@dataclass(frozen=True)
class Server:
    """A running service.

    Attributes
    ----------
    url : str
        Address without a slash at the end.
    process : Popen
        BentoML's supervisor; its children are the workers.
    log : Path
        What the service writes.
    """

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def stop(self, timeout: float = 30.0) -> int:
        """Stop it gracefully, or by force when it takes too long; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.wait(timeout)

    def kill(self) -> None:
        """End supervisor and workers at once, as a power cut would."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()

    def wait_until_ready(self, timeout: float = 180.0) -> None:
        """Wait until it answers.

        Raises
        ------
        ServiceError
            If it ended or is not ready in time, with the end of its log.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ServiceError(
                    f"the service ended with code {self.process.returncode}", self.tail()
                )
            if is_ready(self.url):
                return
            time.sleep(0.05)
        raise ServiceError(f"the service is not ready after {timeout:g} s", self.tail())

    def tail(self) -> str:
        """Return the last lines of the log."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "it wrote no log"
        return "its log ends with: " + " | ".join(lines[-TAIL_LINES:])


def free_port() -> int:
    """Return a port of the loopback address that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(
    home: Path,
    *,
    data: Path | None = None,
    port: int | None = None,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
) -> Server:
    """Start the service on loopback without waiting for it.

    Parameters
    ----------
    home : Path
        ``RISKML_HOME``: ledger, champions, and the log ``service.log``.
    data : Path, optional
        Data folder that history starts from.
    port : int, optional
        A free one by default.
    workers : int
        Worker processes.
    environment : mapping, optional
        Further variables, over those of this process.
    """
    port = port or free_port()
    home.mkdir(parents=True, exist_ok=True)
    log = home / "service.log"
    variables = {
        **os.environ,
        "BENTOML_DO_NOT_TRACK": "true",
        "BENTOML_HOME": str(home.resolve() / "bentoml"),
        "PYTHONPATH": str(ROOT),
        "RISKML_HOME": str(home.resolve()),
        "RISKML_WORKERS": str(workers),
        **({} if data is None else {"RISKML_HISTORY_DIR": str(data.resolve())}),
        **(environment or {}),
    }
    arguments = [sys.executable, "-m", "bentoml", "serve", "serving.service:RiskService"]
    arguments += ["--host", "127.0.0.1", "--port", str(port), "--working-dir", str(ROOT)]
    arguments += ["--timeout-graceful-shutdown", str(PATIENCE_SECONDS)]
    with log.open("ab") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own program
            arguments, env=variables, stdout=stream, stderr=stream, start_new_session=True
        )
    return Server(f"http://127.0.0.1:{port}", process, log)


@contextmanager
def running_server(
    home: Path,
    *,
    data: Path | None = None,
    port: int | None = None,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
    timeout: float = 180.0,
) -> Iterator[Server]:
    """Run the service while the block lasts; see :func:`start_server`.

    Raises
    ------
    ServiceError
        If it does not become ready, with the end of its log.
    """
    server = start_server(home, data=data, port=port, workers=workers, environment=environment)
    try:
        server.wait_until_ready(timeout)
        yield server
    finally:
        server.stop()


def is_ready(url: str) -> bool:
    """Say whether a service answers that it is ready."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2.0) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False
