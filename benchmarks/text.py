"""What the text model of goods descriptions adds, and how it compares with scikit-learn's models.

First table: on the declarations of one simulated quarter, how well each contender tells goods
declared under a wrong heading (known from the words the world wrote for each code) from the others,
by the declaration's own words and by the manifest's. Contenders are fitted on the same rows: ours,
multinomial and complement naive Bayes, and a linear model by stochastic gradient descent, all on
the same hashed character trigrams. Second table: models of the stage with and without the
plausibility features, against the truth (``benchmarks/ablation.py``).

Run: ``python -m benchmarks.text [--seeds 3] [--scale 0.3] [--stage declaration] [--gain-only]``.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import ComplementNB, MultinomialNB

from benchmarks.ablation import QUARTER, compared, judged, simulated, without
from riskml.cli.console import print_table
from riskml.config import STAGES, day_end, day_start
from riskml.datasets import Tables
from riskml.datasets.simulation import load_config
from riskml.datasets.simulation.goods import WORDINGS, build_goods
from riskml.datasets.simulation.randomness import Streams
from riskml.features.catalogue import feature_set
from riskml.features.descriptions import Descriptions, headings_of
from riskml.features.wordbook import BINS, ngrams_of

SAMPLE = 15_000
FloatArray = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]
Judge = Callable[[Objects, Objects], FloatArray]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--stage", choices=STAGES, default="declaration")
    parser.add_argument("--gain-only", action="store_true")
    given = parser.parse_args()
    names = [n for n in feature_set(given.stage).names if n.endswith("description_plausibility")]
    variants = {"without": without(names), "with": without([])}
    worlds = []
    for seed in range(1, given.seeds + 1):
        with tempfile.TemporaryDirectory() as scratch:
            tables, truth = simulated(Path(scratch), given.scale, seed)
        if seed == 1 and not given.gain_only:
            print_table(contest(tables, seed), as_json=False, title="Telling wrong headings")
        worlds.append(judged(tables, truth, given.stage, variants))
    title = f"Plausibility features, {given.stage}, {given.seeds} worlds of scale {given.scale}"
    print_table(compared(worlds), as_json=False, title=title)


def contest(tables: Tables, seed: int) -> list[dict[str, object]]:
    """Return the area under the ROC curve of each contender, and what it costs."""
    start, end = day_start(QUARTER[0]), day_end(QUARTER[1])
    lines = tables.require("declarations")
    lodged = lines["lodged_at"]
    learn = lines[(lodged < start) & (lodged >= start - pd.Timedelta(days=365))]
    learn = learn[learn["goods_description"].notna()].sample(20_000, random_state=seed)
    later = lines[(lodged >= start) & (lodged < end)].sample(SAMPLE, random_state=seed)
    manifest = tables.require("manifests").drop_duplicates("bill_no").set_index("bill_no")
    words = {
        "own words": later["goods_description"],
        "manifest's words": later["bill_no"].map(manifest["goods_description"]),
    }
    declared, true_headings = (
        _objects(pd.Series(headings_of(later["commodity_code"]))),
        _headings_of_words(seed),
    )
    rows: list[dict[str, object]] = []
    for name, fit in CONTENDERS.items():
        begin = time.perf_counter()
        judge = fit(learn)
        fitted = time.perf_counter()
        row: dict[str, object] = {"contender": name}
        for what, column in words.items():
            texts = _objects(column)
            told = [
                t in true_headings and h is not None for t, h in zip(texts, declared, strict=True)
            ]
            texts, headings = texts[told], declared[told]
            wrong = [h not in true_headings[t] for t, h in zip(texts, headings, strict=True)]
            found = judge(texts, headings)
            known = ~np.isnan(found)
            area = roc_auc_score(np.array(wrong)[known], -found[known])
            row[what] = f"{area:.4f} ({int(np.sum(wrong))} of {len(wrong)})"
        row["fit s"] = round(fitted - begin, 2)
        row["judge s"] = round(time.perf_counter() - fitted, 2)
        rows.append(row)
    return rows


def _headings_of_words(seed: int) -> dict[str, set[str]]:
    """Return the headings for which the world writes each description."""
    goods = build_goods(load_config(), Streams(seed))
    texts, codes = goods.words, goods.codes
    found: dict[str, set[str]] = {}
    for number in range(len(goods)):
        heading = codes.distinct[int(codes.place[number])].as_py()[:4]
        for variant in range(WORDINGS):
            text = texts.distinct[int(texts.place[WORDINGS * number + variant])].as_py()
            found.setdefault(text, set()).add(heading)
    return found


def _ours(learn: pd.DataFrame) -> Judge:
    descriptions = Descriptions("declarations")
    descriptions.append(learn)
    instant = int(pd.Timestamp(day_start(QUARTER[1])).value // 1000)
    descriptions.plausibility(
        np.array(["-"], dtype=object), np.array(["0000"], dtype=object), np.array([instant])
    )
    return lambda texts, headings: descriptions.plausibility(
        texts, headings, np.full(len(texts), instant)
    )


def _rival(
    make: Callable[[], MultinomialNB | ComplementNB | SGDClassifier],
) -> Callable[..., Judge]:
    """Return what fits a classifier and judges by the margin of the heading declared."""

    def fit(learn: pd.DataFrame) -> Judge:
        model = make()
        model.fit(_matrix(_objects(learn["goods_description"])), learn["commodity_code"].str[:4])
        classes = {name: place for place, name in enumerate(model.classes_)}
        scores = getattr(model, "predict_joint_log_proba", None) or model.decision_function

        def judge(texts: Objects, headings: Objects) -> FloatArray:
            place = np.array([classes.get(heading, -1) for heading in headings])
            every = np.asarray(scores(_matrix(texts)))
            own = every[np.arange(len(texts)), place]
            every[np.arange(len(texts)), place] = -np.inf
            return np.where(place >= 0, own - every.max(axis=1), np.nan)

        return judge

    return fit


def _matrix(texts: Objects) -> sparse.csr_matrix:
    grams = ngrams_of(texts.tolist())
    shape = (len(texts), BINS)
    return sparse.csr_matrix((np.ones(len(grams.bins)), grams.bins, grams.starts), shape=shape)


def _objects(column: "pd.Series[str]") -> Objects:
    return np.asarray(column.astype(object).where(column.notna(), None), dtype=object)


CONTENDERS: dict[str, Callable[[pd.DataFrame], Judge]] = {
    "ours (counts)": _ours,
    "MultinomialNB": _rival(lambda: MultinomialNB(alpha=0.1)),
    "ComplementNB": _rival(lambda: ComplementNB(alpha=0.1)),
    "SGDClassifier": _rival(
        lambda: SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=5, tol=None, random_state=1)
    ),
}


if __name__ == "__main__":
    main()
