"""No page speaks half a language."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from riskml.cases.workflow import ACTIONS as CASE_ACTIONS
from riskml.cases.workflow import LEVELS, STATES, VIOLATION_TYPES
from riskml.ledger import USER_ROLES
from serving.review import language, words
from serving.review.language import CATALOGUE, gettext_of, ngettext_of
from serving.review.rendering import environment
from tests.support.messages import messages

_GAPS = re.compile(r"%\(\w+\)s|%%")


def catalogue() -> dict[str, str]:
    with CATALOGUE.open("rb") as file:
        found = read_po(file, locale="vi", abort_invalid=True)
    texts = {}
    for message in found:
        if message.id:
            key = message.id[0] if isinstance(message.id, tuple | list) else message.id
            text = message.string
            texts[str(key)] = str(text[0] if isinstance(text, tuple | list) else text)
            assert not message.fuzzy, key
    assert not found.obsolete
    return texts


def test_every_text_is_translated_and_none_too_many() -> None:
    texts = catalogue()
    assert {key for key, text in texts.items() if not text} == set()
    assert set(texts) == messages()


def test_translations_keep_the_gaps() -> None:
    assert [
        key
        for key, text in catalogue().items()
        if sorted(_GAPS.findall(key)) != sorted(_GAPS.findall(text))
    ] == []


def test_every_code_has_a_word() -> None:
    assert set(CASE_ACTIONS) == set(words.ACTIONS)
    assert {"none", *STATES} == set(words.STATES)
    named = {field.name for action in CASE_ACTIONS.values() for field in action.fields}
    assert named <= set(words.FIELDS)
    assert {*LEVELS, *VIOLATION_TYPES} <= set(words.CHOICES)
    assert set(USER_ROLES) <= set(words.ROLES)


def test_a_text_without_translation_is_shown_in_english() -> None:
    assert gettext_of("vi")("never heard of") == "never heard of"
    assert ngettext_of("vi")("%(num)s thing", "%(num)s things", 2) == "%(num)s things"
    assert gettext_of("vi")("Queue") == "Hàng chờ"
    assert gettext_of("en")("Queue") == "Queue"


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b'msgid "open\n'])
def test_without_a_catalogue_the_pages_speak_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    path = tmp_path / "review.po"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(language, "CATALOGUE", path)
    language._texts.cache_clear()
    try:
        assert gettext_of("vi")("Queue") == "Queue"
    finally:
        language._texts.cache_clear()


def test_a_name_that_a_template_misses_is_an_error() -> None:
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        environment("vi").from_string("{{ nothing }}").render()


def test_no_template_holds_script_or_style_inside() -> None:
    folder = Path(language.__file__).parent / "templates"
    for path in folder.glob("*.j2"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"<style|<script(?! src=)|\son\w+=|\sstyle=|\| *safe|https?://",
            text.replace('"https://"', ""),
        ), path.name
