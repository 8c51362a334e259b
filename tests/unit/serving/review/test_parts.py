"""Forms, targets, comparison, waterfall: the parts of the pages that need no server."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskml.cases.comparison import compare
from serving.errors import ApiError
from serving.review.forms import check_origin, parameters, same_secret
from serving.review.language import chosen_language
from serving.review.pictures import WIDTH, waterfall
from serving.review.responses import safe_target


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/review/", "//evil.example/review/", "/\\evil.example", "/review",
        "/review/../..//evil", "/review//evil.example", "javascript:alert(1)", "/v1/score",
        "/review/\nSet-Cookie: a=b", "/review/" + "x" * 3000, "", None,
    ],
)  # fmt: skip
def test_the_login_leads_nowhere_else(target: str | None) -> None:
    assert safe_target(target) == "/review/"


def test_the_login_leads_back() -> None:
    assert safe_target("/review/queue?day=all&text=a//b") == "/review/queue?day=all&text=a//b"


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"host": "risk.example", "origin": "https://risk.example"}, True),
        ({"host": "risk.example", "origin": "https://evil.example"}, False),
        ({"host": "risk.example", "origin": "null"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "same-origin"}, True),
    ],
)
def test_forms_of_other_sites_are_seen(headers: dict[str, str], ours: bool) -> None:
    assert check_origin(headers) is ours


def test_secrets_are_compared_whatever_they_hold() -> None:
    assert same_secret("abc", "abc")
    assert not same_secret("", "abc")
    assert not same_secret("đ\ud800", "abc")


def test_forms_are_cleaned_but_passwords_are_not() -> None:
    found = parameters("why=a%00b%0D%0Ac++&password=+x%00y+&why2=")
    assert found == {"why": "a\ufffdb\nc", "password": " x\x00y ", "why2": ""}


def test_too_many_parameters_are_refused() -> None:
    with pytest.raises(ApiError):
        parameters("&".join(f"a{n}=1" for n in range(100)))


@given(st.text(max_size=300))
def test_any_address_is_read_or_refused(query: str) -> None:
    with suppress(ApiError):
        found = parameters(query.replace("password", ""))
        assert all(c.isprintable() or c in "\n\t" for text in found.values() for c in text)


@given(st.one_of(st.none(), st.text(max_size=60)), st.one_of(st.none(), st.text(max_size=300)))
def test_some_language_is_always_chosen(given: str | None, accepted: str | None) -> None:
    assert chosen_language(given, accepted) in ("vi", "en")


def test_documents_that_agree_are_not_marked() -> None:
    manifest = {"consignee_name": "Công ty Đại Phát", "gross_mass_kg": 1000.0, "packages": 10.0,
                "commodity_code": "640399", "port_of_loading": "CNSHA"}  # fmt: skip
    lines = [
        {"importer_name": "CONG TY DAI PHAT.", "gross_mass_kg": 600.0, "packages": 4.0,
         "commodity_code": "640391", "departure_country": "CN"},
        {"gross_mass_kg": 404.0, "packages": 6.0, "departure_country": "CN"},
    ]  # fmt: skip
    assert [pair.code for pair in compare(manifest, lines) if pair.differs] == []


def test_differences_are_marked_and_measured() -> None:
    manifest = {"consignee_name": "A", "gross_mass_kg": 1000.0, "commodity_code": "640399"}
    lines = [{"importer_name": "B", "gross_mass_kg": 800.0, "commodity_code": "8517"}]
    marked = {pair.code: pair for pair in compare(manifest, lines) if pair.differs}
    assert set(marked) == {"consignee", "commodity", "gross_mass"}
    assert marked["gross_mass"].share == pytest.approx(-0.2)


@pytest.mark.parametrize(
    ("manifest", "lines"), [(None, []), ({}, [{}]), ({"gross_mass_kg": 0.0}, [])]
)
def test_missing_documents_make_no_difference(manifest: dict | None, lines: list) -> None:
    assert not any(pair.differs for pair in compare(manifest, lines))


amounts = st.floats(-8, 8, allow_nan=False)


@given(base=amounts, given=st.lists(st.tuples(st.integers(0, 15), amounts), max_size=60))
def test_the_waterfall_adds_up_and_stays_inside(
    base: float, given: list[tuple[int, float]]
) -> None:
    features = [{"code": f"R-{code}", "contribution": amount} for code, amount in given]
    raw = base + sum(amount for _, amount in given)
    bars = waterfall(base, features, raw)
    assert sum(bar.amount for bar in bars[:-1]) == pytest.approx(raw, abs=1e-9)
    assert bars[-1].amount == raw
    for bar in bars:
        assert bar.left >= -0.1
        assert bar.left + bar.width <= WIDTH + 2.2
