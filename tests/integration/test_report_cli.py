"""The commands report, select and publish, as a user calls them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from riskml.datasets import write_table
from riskml.ledger import Accounts, Ledger
from tests.unit.ledger.support import score

ROOT = Path(__file__).parents[2]
COUNTS = ROOT / "data" / "counts" / "reference_quarter_2020q3.toml"
FIGURES = ("2.32 %", "21.53 %", "0.50 %", "43.55 %", "0.82 %", "2.36 %", "0.43 %")

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def riskml(folder: Path, *words: object, fails: int = 0, typed: str | None = None) -> str:
    """Run the command in a folder of its own; return what it printed, or its one error line."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "RISKML_HOME": str(folder / "home"),
        "PYTHONIOENCODING": "utf-8",
    }
    environment.pop("RISKML_LANG", None)
    done = subprocess.run(
        [sys.executable, "-m", "riskml.cli", *map(str, words)],
        cwd=folder,
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == fails, done.stderr
    if not fails:
        return done.stdout
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("riskml: error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_the_reference_quarter_prints_its_figures(tmp_path: Path) -> None:
    out = tmp_path / "report"
    printed = riskml(tmp_path, "report", "period", "--counts", COUNTS, "--out", out)
    html = (out / "period.html").read_text(encoding="utf-8")
    for figure in FIGURES:
        assert figure in printed
        assert figure in html
    assert "unknown" in html
    numbers = json.loads((out / "period.json").read_text(encoding="utf-8"))
    assert numbers["total"]["violations"] == 31
    assert (out / "period.pdf").exists() or "no PDF: a PDF needs" in printed


def test_vietnamese_and_json(tmp_path: Path) -> None:
    words = ("report", "period", "--counts", COUNTS, "--out", "r", "--lang", "vi", "--no-pdf")
    numbers = json.loads(riskml(tmp_path, *words, "--json"))
    assert numbers["files"] == ["r/period.html", "r/period.json"]
    html = (tmp_path / "r" / "period.html").read_text(encoding="utf-8")
    for figure in FIGURES:
        assert figure.replace(".", ",") in html
    assert 'lang="vi"' in html
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == [
        "period.html",
        "period.json",
    ]


def test_a_data_folder_is_reported_by_period_and_office(tmp_path: Path) -> None:
    count = 40
    moments = pd.date_range("2020-07-01T02:00Z", periods=count, freq="D").as_unit("us")
    frame = pd.DataFrame(
        {
            "inspection_id": [f"I{i}" for i in range(count)],
            "bill_no": [f"B{i}" for i in range(count)],
            "office": ["Hai Phong", "Da Nang"] * (count // 2),
            "channel": "model",
            "selected_at": moments,
            "scanned_at": moments,
            "scan_finding": ["clear", "clear", "suspicious", "clear"] * (count // 4),
            "opened_at": moments,
            "result": ["no_violation", "no_violation", "violation", "no_violation"] * (count // 4),
            "closed_at": moments + pd.Timedelta(days=1),
        }
    )
    write_table(frame, tmp_path / "data" / "inspections.parquet")
    words = ("report", "period", "--data", "data", "--out", "r", "--no-pdf", "--json")
    period = ("--from", "2020-07-01", "--to", "2020-07-20")
    numbers = json.loads(riskml(tmp_path, *words, *period))
    assert (numbers["total"]["scans"], numbers["total"]["violations"]) == (20, 5)
    one = json.loads(riskml(tmp_path, *words, *period, "--office", "Da Nang"))
    assert (one["total"]["scans"], one["total"]["violations"]) == (10, 0)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--counts", "none.toml"), 1, "none.toml"),
        (("--counts", COUNTS, "--data", "d"), 2, "exclude each other"),
        (("--counts", COUNTS, "--lang", "fr"), 2, "unknown language 'fr'"),
        (("--counts", COUNTS, "--from", "yesterday"), 2, "--from 'yesterday' is no date"),
        (("--counts", COUNTS, "--office", "Hue"), 2, "it names Da Nang"),
        (("--data", "none"), 1, "none"),
        ((), 1, "give --data DIR or --counts FILE"),
    ],
)
def test_a_wrong_call_says_what_to_do_and_writes_nothing(
    tmp_path: Path, words: tuple[object, ...], code: int, message: str
) -> None:
    assert message in riskml(tmp_path, "report", "period", "--out", "r", *words, fails=code)
    assert not (tmp_path / "r").exists()


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    """Return a folder with scores of a day and a capacity file."""
    count = 60
    frame = pd.DataFrame(
        {
            "bill_no": [f"B{i}" for i in range(count)],
            "container_no": [f"MSCU{1000000 + i}" for i in range(count)],
            "stage": "pre_arrival",
            "decision_time": pd.Timestamp("2020-07-01T05:00Z").as_unit("us"),
            "probability": [i / 100 for i in range(count)],
            "raw_score": 0.0,
            "office": ["[/red]", "=1+1"] * (count // 2),
            "mode": "sea",
        }
    )
    write_table(frame, tmp_path / "scores.parquet")
    (tmp_path / "capacity.csv").write_text("office,capacity,exploration\n*,5,0.4\n")
    return tmp_path


SELECT = ("select", "--scores", "scores.parquet", "--capacity", "capacity.csv")


def test_a_day_is_selected_verified_and_published(scored: Path) -> None:
    printed = riskml(scored, *SELECT, "--out", "day.csv", "--seed", 3)
    assert "10 selected with seed 3: day.csv" in printed
    assert "exactly what the draw gives" in riskml(scored, *SELECT, "--verify", "day.csv")
    riskml(scored, "publish", "--selection", "day.csv", "--out", "public")
    published = (scored / "public" / "pre_arrival.csv").read_text(encoding="utf-8").splitlines()
    assert published[0] == "date,office,container_no"
    assert len(published) == 11
    assert published[1].startswith("2020-07-01,'=1+1,MSCU")
    rows = json.loads((scored / "public" / "pre_arrival.json").read_text(encoding="utf-8"))
    assert {tuple(row) for row in rows} == {("date", "office", "container_no")}
    page = (scored / "public" / "pre_arrival.html").read_text(encoding="utf-8")
    for secret in ("mandatory", "propensity", "probability", "ranked", "B59"):
        assert secret not in page


def test_the_day_becomes_cases_in_the_ledger(scored: Path) -> None:
    known = pd.read_parquet(scored / "scores.parquet").head(59)
    with Ledger.open(f"sqlite:///{scored / 'home' / 'ledger.db'}") as ledger:
        rows = [
            score(bill_no=b, container_no=c)
            for b, c in zip(known["bill_no"], known["container_no"], strict=True)
        ]
        ledger.append_scores(rows, writer="w")
    words = (*SELECT, "--out", "day.csv", "--seed", 3, "--record")
    first = riskml(scored, *words)
    picked = set(pd.read_csv(scored / "day.csv")["bill_no"])
    opened = len(picked & set(known["bill_no"]))
    assert 0 < opened < 10
    assert f"{opened} cases opened" in first
    assert f"{10 - opened} without a score in the ledger" in first
    assert "0 cases opened" in riskml(scored, *words)  # a day is recorded once
    with Ledger.open(f"sqlite:///{scored / 'home' / 'ledger.db'}") as ledger:
        assert len(ledger.records("selection")) == 1
        assert ledger.verify().ok


def test_users_are_made_listed_and_disabled(tmp_path: Path) -> None:
    secret = "correct horse battery"
    words = ("users", "create", "lan", "--role", "analyst", "--office", "HPH", "--password-stdin")
    assert "user lan (analyst, office HPH)" in riskml(tmp_path, *words, typed=f"{secret}\n")
    assert "lan" in riskml(tmp_path, *words, typed=f"{secret}\n", fails=2)
    assert "--password-stdin" in riskml(tmp_path, "users", "create", "thu", fails=2, typed="")
    short = ("users", "create", "thu", "--password-stdin")
    assert "password" in riskml(tmp_path, *short, typed="short\n", fails=2)
    with Ledger.open(f"sqlite:///{tmp_path / 'home' / 'ledger.db'}") as ledger:
        accounts = Accounts(ledger)
        session = accounts.log_in("lan", secret, address="a")
        riskml(tmp_path, "users", "password", "lan", "--password-stdin", typed="another horse\n")
        assert accounts.session(session.token) is None
        session = accounts.log_in("lan", "another horse", address="a")
        riskml(tmp_path, "users", "disable", "lan")
        assert accounts.session(session.token) is None
    listed = json.loads(riskml(tmp_path, "users", "list", "--json"))
    assert [(user["name"], user["disabled"]) for user in listed] == [("lan", True)]
    assert "nobody" in riskml(tmp_path, "users", "disable", "nobody", fails=2)
    assert secret.encode() not in (tmp_path / "home" / "ledger.db").read_bytes()


def test_a_forged_list_does_not_verify(scored: Path) -> None:
    riskml(scored, *SELECT, "--out", "day.parquet", "--seed", 3)
    path = scored / "day.parquet"
    picks = pd.read_parquet(path)
    picks.loc[0, "container_no"] = "MSCU9999999"
    write_table(picks, path)
    assert "(differences: 1)" in riskml(scored, *SELECT, "--verify", "day.parquet", fails=1)


def test_the_seed_is_secret_until_it_is_logged(scored: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        riskml(scored, *SELECT, "--out", name)
    seeds = [
        json.loads((scored / f"{name}.audit.json").read_text())["seed"]
        for name in ("a.parquet", "b.parquet")
    ]
    assert seeds[0] != seeds[1]
    assert pd.read_parquet(scored / "a.parquet")["seed"].unique().tolist() == seeds[:1]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((*SELECT, "--out", "o", "--date", "2020-07-02"), 2, "choose from 2020-07-01"),
        ((*SELECT, "--out", "o", "--seed", "-1"), 2, "seed -1"),
        ((*SELECT, "--out", "o", "--by", "luck"), 2, "unknown ranking 'luck'"),
        ((*SELECT, "--out", "o", "--by", "expected_revenue"), 1, "no column 'expected_revenue'"),
        ((*SELECT, "--out", "o", "--watchlist", "none.csv"), 1, "none.csv"),
        (SELECT, 2, "either --out or --verify"),
        ((*SELECT, "--verify", "none.parquet"), 1, "none.parquet"),
        (("publish", "--selection", "scores.parquet", "--out", "o"), 1, "no column 'date'"),
    ],
)
def test_a_wrong_selection_says_what_to_do_and_writes_nothing(
    scored: Path, words: tuple[object, ...], code: int, message: str
) -> None:
    assert message in riskml(scored, *words, fails=code)
    assert not (scored / "o").exists()
