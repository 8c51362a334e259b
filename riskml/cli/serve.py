"""``riskml serve``: the BentoML service, started from a checkout."""

import importlib.util
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from riskml.cli.console import say
from riskml.errors import ServiceError, UsageError

__all__ = ["command"]

TARGET = "serving.service:RiskService"
PATIENCE_SECONDS = 10
"""How long a stopping worker waits for the requests it took; a client that dawdles is cut off."""
GRACE_SECONDS = 30.0


def command(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(help="Worker processes.", min=1, max=64)] = 1,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the tables that history starts from.")
    ] = None,
    ssl_certfile: Annotated[
        Path | None, typer.Option(help="Certificate (PEM): serve over TLS.")
    ] = None,
    ssl_keyfile: Annotated[
        Path | None, typer.Option(help="Private key of the certificate (PEM).")
    ] = None,
) -> None:
    """Serve scores over HTTP until interrupted; see serving/README.md for the contract."""
    root = _checkout()
    address = _address(host)
    _check_port(address, port)
    if data is not None and not data.is_dir():
        raise UsageError(f"--data {data} is no folder", "give a folder of tables")
    tls = _tls(ssl_certfile, ssl_keyfile)
    _check_ledger()
    scheme = "https" if tls else "http"
    url = f"{scheme}://{f'[{address}]' if ':' in address else address}:{port}"
    process = _start([*_arguments(root, address, port), *tls], _environment(root, workers, data))
    _run(process, url)


def _checkout() -> Path:
    """Return the checkout this package lies in; the wheel alone holds no service."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "serving" / "service.py").is_file():
        raise ServiceError(f"there is no serving folder in {root}", "run it from a checkout")
    if importlib.util.find_spec("bentoml") is None:
        raise ServiceError("bentoml is not installed", "pip install 'riskml[serving]'")
    return root


def _address(host: str) -> str:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ServiceError(
            f"--host {host!r} is no address of this machine", "use 127.0.0.1, or 0.0.0.0 for all"
        ) from error
    return str(found[0][4][0])


def _check_port(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server itself binds: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            reason = "is in use" if error.errno == 98 else (error.strerror or "cannot be bound")
            raise ServiceError(
                f"port {port} of {address} {reason}", "stop what uses it, or choose another --port"
            ) from error


def _tls(certificate: Path | None, key: Path | None) -> list[str]:
    """Return the server's options for TLS, none without a certificate.

    The pair is loaded once here: a wrong one is one line, and not a log of dying workers.
    """
    if certificate is None and key is None:
        return []
    if certificate is None or key is None:
        raise UsageError("--ssl-certfile and --ssl-keyfile belong together", "give both")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            certificate, key, password=lambda: ""
        )
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"--ssl-certfile {certificate} and --ssl-keyfile {key} cannot be used: {error}",
            "give a certificate and its key without passphrase, both PEM",
        ) from error
    return ["--ssl-certfile", str(certificate.resolve()), "--ssl-keyfile", str(key.resolve())]


def _check_ledger() -> None:
    """Open the ledger once, so that a wrong URL is one line here and not a log of retries."""
    from riskml.config import settings
    from riskml.ledger import Ledger

    with Ledger.open(settings().ledger_url) as ledger:
        active = [key for key in ledger.list_keys() if key.revoked_at is None]
    if not any(key.role == "engine" for key in active):
        say("there is no engine key yet; make one with: riskml keys create --role engine")


def _environment(root: Path, workers: int, data: Path | None) -> dict[str, str]:
    from riskml.config import settings, silence_telemetry

    silence_telemetry()
    home = settings().home.resolve()
    environment = {
        **os.environ,
        "RISKML_HOME": str(home),
        "RISKML_WORKERS": str(workers),
        "BENTOML_HOME": str(home / "bentoml"),
        "PYTHONPATH": os.pathsep.join([str(root), *_given("PYTHONPATH")]),
    }
    if data is not None:
        environment["RISKML_HISTORY_DIR"] = str(data.resolve())
    return environment


def _given(name: str) -> list[str]:
    return [os.environ[name]] if os.environ.get(name) else []


def _arguments(root: Path, address: str, port: int) -> list[str]:
    command = [sys.executable, "-m", "bentoml", "serve", TARGET, "--working-dir", str(root)]
    command += ["--timeout-graceful-shutdown", str(PATIENCE_SECONDS)]
    return [*command, "--host", address, "--port", str(port)]


def _start(arguments: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    # A session of its own: the terminal's interrupt reaches us alone, and we pass it on once.
    return subprocess.Popen(arguments, env=dict(environment), start_new_session=True)  # noqa: S603


def _run(process: "subprocess.Popen[bytes]", url: str) -> None:
    """Wait for the server, passing signals on; say when it is ready."""
    stopping: list[float] = []

    def stop(_number: int, _frame: object) -> None:
        stopping.append(time.monotonic())
        if process.poll() is None:
            process.terminate()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    announced = False
    while process.poll() is None:
        if not announced and not stopping and _is_ready(url):
            say(f"serving on {url}")
            sys.stdout.flush()
            announced = True
        if stopping and time.monotonic() > stopping[0] + GRACE_SECONDS:
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.1)
    if not stopping:
        raise ServiceError(
            f"the service ended by itself with code {process.returncode}", "see the lines above"
        )
    say("stopped")


def _is_ready(url: str) -> bool:
    # It asks itself, on an address of its own: there is nobody to be told apart.
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(  # noqa: S310
            f"{url}/readyz", timeout=1.0, context=trusting
        ) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False
