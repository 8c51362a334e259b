"""A Bento, built and served: it holds the exact bundle and needs no checkout."""

import filecmp
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from riskml.errors import BundleError
from serving.bento import build
from serving.harness import free_port, is_ready
from tests.integration.conftest import make_keys
from tests.support.service_world import items_of

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROOT = Path(__file__).parents[2]


def test_a_bento_serves_the_exact_bundle(make_home, service_world, tmp_path: Path) -> None:
    home = make_home("pre_arrival")
    champion = tmp_path / "champion"
    (home / "champions" / "pre_arrival").rename(champion)  # at home there is none
    keys = make_keys(home)
    store = tmp_path / "bentoml"
    tag = build({"pre_arrival": champion}, store)
    bento = store / "bentos" / Path(*tag.split(":"))
    shipped = bento / "src" / "champions" / "pre_arrival"
    names = sorted(path.name for path in champion.iterdir())
    assert sorted(path.name for path in shipped.iterdir()) == names
    assert filecmp.cmpfiles(champion, shipped, names, shallow=False)[0] == names
    pins = (bento / "env" / "python" / "requirements.txt").read_text()
    assert re.search(r"^lightgbm==", pins, re.MULTILINE)
    assert "index-url" not in pins
    assert "://" not in pins
    port = free_port()
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "bentoml", "serve", tag, "--port", str(port),
         "--host", "127.0.0.1"],
        env={
            **{k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
            "BENTOML_HOME": str(store), "BENTOML_DO_NOT_TRACK": "true", "RISKML_HOME": str(home),
        },
        cwd=tmp_path, stdout=log, stderr=log,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while not is_ready(url):
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        headers = {"Authorization": f"Bearer {keys['engine']}"}
        body = {"consignments": items_of(service_world.rollup("pre_arrival"), [3])}
        answer = httpx.post(f"{url}/v1/score", json=body, headers=headers, timeout=60)
        (result,) = answer.json()["results"]
    finally:
        process.terminate()
        process.wait(60)
        log.close()
    digest = service_world.bundles["pre_arrival"].manifest.model_digest
    assert result["degraded"] is False
    assert result["model"]["digest"] == digest
    assert digest[:12] in tag
    # What ran was the Bento's own copy: the log names no file of the checkout.
    ready = [line for line in (tmp_path / "log").read_text().splitlines() if '"ready"' in line]
    assert str(bento / "src") in ready[0]


def test_a_broken_bundle_is_not_built(make_home, tmp_path: Path) -> None:
    champion = make_home("pre_arrival") / "champions" / "pre_arrival"
    with (champion / "booster.txt").open("a") as file:
        file.write("more\n")
    with pytest.raises(BundleError):
        build({"pre_arrival": champion}, tmp_path / "bentoml")
    with pytest.raises(BundleError, match="no champion to ship"):
        build({}, tmp_path / "bentoml")
    assert not (tmp_path / "bentoml").exists()
