"""Templates turned into pages."""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from riskml.config import settings
from serving.review.formats import Formats
from serving.review.language import LANGUAGES, Language, gettext_of, ngettext_of
from serving.review.visits import Visit
from serving.review.words import ACTIONS, word

__all__ = ["STATIC", "environment", "render", "static_version"]

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"


def render(visit: Visit, template: str, **values: Any) -> str:
    """Return the HTML of a page.

    Everything that is filled in is escaped. A name that a template misses is an error, which
    tests meet, never an empty place.
    """
    language = visit.language
    return (
        environment(language)
        .get_template(template)
        .render(
            visit=visit,
            session=visit.session,
            language=language,
            languages=LANGUAGES,
            show=Formats(language, settings().zone()),
            now=datetime.now(UTC),
            **values,
        )
    )


@lru_cache(maxsize=len(LANGUAGES))
def environment(language: Language) -> Environment:
    """Return the templates of one language."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    gettext = gettext_of(language)
    made.install_gettext_callables(gettext, ngettext_of(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters["word"] = lambda code: gettext(word(code))
    made.filters["action"] = lambda code: gettext(ACTIONS.get(code, code))
    made.globals["static"] = lambda name: f"/review/static/{name}?v={static_version()}"
    made.globals["address"] = _address
    return made


@lru_cache(maxsize=1)
def static_version() -> str:
    """Return a digest of the static files: browsers may keep them until it changes."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@pass_context
def _address(context: Context, **changes: Any) -> str:
    """Return the address of this page with some parameters changed; None takes one away."""
    from urllib.parse import urlencode

    visit: Visit = context["visit"]
    query = {**visit.query, **changes}
    kept = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{visit.path}?{urlencode(kept)}" if kept else visit.path
