"""The model report: what a model is, what it has seen, how good it was, what it must not do."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np

import riskml
from riskml.bundle import Bundle
from riskml.config import settings
from riskml.explanation import engine_of
from riskml.features import Feature
from riskml.reports import model_wording as words
from riskml.reports.content import (
    Column,
    Facts,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Report,
    Row,
    Section,
    Table,
)
from riskml.reports.formatting import format_count, format_day, format_number, format_percent
from riskml.reports.model_quality import lead, quality_sections
from riskml.reports.period_wording import PREPARED
from riskml.reports.wording import Language

__all__ = ["model_numbers", "model_report"]


def model_report(bundle: Bundle, language: Language, prepared: date) -> Report:
    """Return the report of a model as data.

    Parameters
    ----------
    bundle : Bundle
        The model; its figures are those of its manifest.
    language : {"en", "vi"}
        Language of its words and numbers.
    prepared : date
        The day that stands in its footer.

    Returns
    -------
    Report
        Quality at inspection rates, calibration, checks, origin, features with their sources,
        limits.
    """
    manifest = bundle.manifest
    stage = words.STAGES[manifest.stage](language)
    sections = [
        Section("", (_key_figures(bundle, language), lead(manifest.metrics, language))),
        *quality_sections(manifest.metrics, language),
        Section(words.KNOWS(language), (_origin(bundle, language),)),
        Section(words.FEATURE_LIST(language), (_features(bundle, language),)),
        _limits(manifest.notes, language),
    ]
    return Report(
        manifest.model_name,
        language,
        tuple(sections),
        kicker=words.KICKER(language),
        subtitle=words.SUBTITLE(language, stage=stage, window=_window(bundle, language)),
        footer=(
            words.DIGEST(language, digest=manifest.model_digest),
            PREPARED(language, day=format_day(prepared, language), version=riskml.__version__),
        ),
    )


def model_numbers(bundle: Bundle) -> dict[str, Any]:
    """Return the manifest, each feature's share of gain and who explains, for programs."""
    return {
        **bundle.manifest.to_dict(),
        "gain": _gain(bundle),
        "explanations_by": str(engine_of(bundle)),
    }


def _key_figures(bundle: Bundle, language: Language) -> KeyFigures:
    window, features = bundle.manifest.training_window, bundle.feature_set.features
    share = words.OF_ROWS(
        language, rate=format_percent(window.positives / max(1, window.rows), language)
    )
    families = len({feature.family for feature in features})
    grouped = words.OF_FAMILIES(language, n=format_count(families, language))
    return KeyFigures(
        (
            KeyFigure(words.ROWS(language), window.rows),
            KeyFigure(words.POSITIVES(language), window.positives, notes=(share,)),
            KeyFigure(words.FEATURES(language), len(features), notes=(grouped,)),
        )
    )


def _origin(bundle: Bundle, language: Language) -> Facts:
    manifest, window = bundle.manifest, bundle.manifest.training_window
    feature_set = bundle.feature_set
    gap = words.DAYS(language, n=format_number(window.maturity_gap_days, language, 1))
    named = words.FEATURE_SET_NAME(
        language, name=feature_set.name, version=str(feature_set.version)
    )
    items = [
        (words.FIRST_DECISION(language), _day(window.first_decision, language)),
        (words.LAST_DECISION(language), _day(window.last_decision, language)),
        (words.UNTIL(language), _day(window.until, language)),
        (words.GAP(language), gap),
        (words.CALIBRATOR(language), bundle.calibrator.method),
        (words.FEATURE_SET(language), named),
        (words.EXPLAINED_BY(language), str(engine_of(bundle))),
    ]
    items += [(words.TABLE_DIGEST(language, name=n), d) for n, d in manifest.data_digests.items()]
    items += [(words.PACKAGE(language, name=n), v) for n, v in manifest.packages.items()]
    return Facts(tuple(items))


def _features(bundle: Bundle, language: Language) -> Table:
    gain = _gain(bundle)
    ordered = sorted(bundle.feature_set.features, key=lambda f: (-gain[f.name], f.name))
    columns = (
        Column(words.FEATURE(language)),
        Column(words.MEANING(language), "prose"),
        Column(words.SOURCES(language), "prose"),
        Column(words.GAIN(language), "share"),
    )
    rows = tuple(
        Row((each.name, _meaning(each, language), ", ".join(each.sources), gain[each.name]))
        for each in ordered
    )
    return Table(words.FEATURE_LIST(language), columns, rows, words.FEATURE_NOTE(language))


def _limits(notes: tuple[str, ...], language: Language) -> Section:
    texts = [*notes, *(limit(language) for limit in words.LIMIT_TEXTS)]
    return Section(words.LIMITS(language), tuple(Paragraph(text) for text in texts))


def _gain(bundle: Bundle) -> dict[str, float]:
    gain = np.asarray(bundle.booster.feature_importance("gain"), dtype=np.float64)
    shares = gain / gain.sum() if gain.sum() > 0 else gain
    return dict(zip(bundle.feature_set.names, shares.tolist(), strict=True))


def _meaning(feature: Feature, language: Language) -> str:
    return feature.description_vi if language == "vi" else feature.description_en


def _window(bundle: Bundle, language: Language) -> str:
    window = bundle.manifest.training_window
    first, last = _day(window.first_decision, language), _day(window.last_decision, language)
    return words.WINDOW(language, first=first, last=last)


def _day(instant: str, language: Language) -> str:
    moment = datetime.fromisoformat(instant)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return format_day(moment.astimezone(settings().zone()).date(), language)
