"""``riskml serve`` as a person starts it, and the examples of serving/README.md."""

import ipaddress
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from riskml.ledger import Accounts, Ledger
from serving.harness import free_port, is_ready
from tests.support.service_world import write_tables

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
README = ROOT / "serving" / "README.md"


def riskml(*arguments: str, home: Path, **variables: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "riskml.cli", *arguments],
        env={**os.environ, "RISKML_HOME": str(home), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=home,
    )


def test_serve_says_where_it_is_and_stops_cleanly(make_home, service_world) -> None:
    home = make_home("pre_arrival")
    data = write_tables(service_world.tables, home / "tables")
    port = free_port()
    process = riskml("serve", "--port", str(port), "--data", str(data), home=home)
    try:
        deadline = time.monotonic() + 180
        while not is_ready(f"http://127.0.0.1:{port}"):
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert httpx.get(f"http://127.0.0.1:{port}/livez").status_code == 200
        taken = riskml("serve", "--port", str(port), home=home)
        output, _ = taken.communicate(timeout=60)
        assert taken.returncode == 1
        assert output.strip().splitlines()[-1].startswith("riskml: error: port")
        assert "in use" in output
        assert "--port" in output
        assert "Traceback" not in output
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert f"serving on http://127.0.0.1:{port}" in output
    assert "riskml keys create --role engine" in output
    assert not is_ready(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "words"),
    [
        (["--data", "nowhere"], {}, 2, "--data"),
        (["--host", "no such host"], {}, 1, "--host"),
        ([], {"RISKML_DATABASE_URL": "mysql://x/y"}, 1, "ledger"),
        (["--port", "70000"], {}, 2, "--port"),
        (["--workers", "0"], {}, 2, "--workers"),
        (["--ssl-certfile", "c.pem"], {}, 2, "belong together"),
        (["--ssl-certfile", "c.pem", "--ssl-keyfile", "k.pem"], {}, 2, "cannot be used"),
    ],
)
def test_a_wrong_call_is_one_clear_line(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], code: int, words: str
) -> None:
    port = [] if "--port" in arguments else ["--port", str(free_port())]
    process = riskml("serve", *port, *arguments, home=tmp_path, **variables)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == code, output
    assert words in output
    assert "Traceback" not in output
    assert not (tmp_path / "service.log").exists()


def test_over_tls_cookies_are_secure(make_home, tmp_path: Path) -> None:
    home = make_home("pre_arrival")
    with Ledger.open(f"sqlite:///{home / 'ledger.db'}") as ledger:
        Accounts(ledger).create_user("lan", "correct horse battery", "analyst")
    certificate, key = self_signed(tmp_path)
    port = free_port()
    process = riskml(
        "serve", "--port", str(port), "--ssl-certfile", str(certificate),
        "--ssl-keyfile", str(key), home=home,
    )  # fmt: skip
    try:
        for line in process.stdout:
            if line.startswith("serving on"):
                break
        assert line.strip() == f"serving on https://127.0.0.1:{port}"
        context = ssl.create_default_context(cafile=certificate)
        with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=context) as client:
            form = {"name": "lan", "password": "correct horse battery"}
            answer = client.post("/review/login", data=form)
            assert answer.status_code == 303
            cookie = answer.headers["Set-Cookie"].lower()
            assert {"secure", "httponly", "samesite=lax"} <= set(cookie.split("; "))
            answer = client.get("/review/", follow_redirects=True)
            assert answer.status_code == 200
            assert "login" not in str(answer.url)
    finally:
        process.terminate()
        process.communicate(timeout=60)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for the loopback address, and its key."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "riskml test")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate, key = folder / "cert.pem", folder / "key.pem"
    pem = serialization.Encoding.PEM
    certificate.write_bytes(made.public_bytes(pem))
    plain = serialization.NoEncryption()
    key.write_bytes(private.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return certificate, key


def test_the_python_example_of_the_readme_runs(service, tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(example)
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "RISKML_URL": service.server.url, "RISKML_KEY": service.keys["engine"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "probability" in done.stdout


def test_the_curl_examples_of_the_readme_run(service, tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    script = "\n".join(block for block in blocks if "curl" in block)
    assert script.count("curl") >= 4
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "RISKML_URL": service.server.url, "RISKML_KEY": service.keys["engine"]},
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert '"score_id"' in done.stdout
    assert '"status":"new"' in done.stdout.replace(" ", "")
    assert "unauthorized" not in done.stdout


def test_a_port_in_use_is_found_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = riskml("serve", "--port", str(port), home=tmp_path)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"port {port}" in output
    assert list(tmp_path.iterdir()) == []  # nothing half-made
