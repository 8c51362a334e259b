"""What linking parties behind new numbers finds, and what it adds.

First table: pairs of importer numbers that are one party, found by name and dealings, against the
truth of simulated worlds in which fraudsters hop to new numbers; precision, recall and F1 with
intervals by a bootstrap of what hangs together. Second table: models of the stage without and with
the history of a party under all its numbers, and with every number replaced by the true party,
which is what perfect links would give (``benchmarks/ablation.py`` says how they are judged).

Run: ``python -m benchmarks.entities [--seeds 3] [--first-seed 11] [--scale 0.3]
[--stage declaration] [--addresses 0.95] [--pairs-only]``.
"""

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.ablation import TABLE, World, compared, judged, simulated, without
from riskml.cli.console import print_table
from riskml.config import STAGES
from riskml.datasets import Tables
from riskml.features.catalogue import feature_set
from riskml.features.groups import PartyGroups
from riskml.features.kinship import GROUPS

FloatArray = npt.NDArray[np.float64]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=11)
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--stage", choices=STAGES, default="declaration")
    parser.add_argument("--addresses", type=float, default=0.0)
    parser.add_argument("--pairs-only", action="store_true")
    given = parser.parse_args()
    changes = {"records": {"addresses": given.addresses}} if given.addresses else {}
    counts, worlds = [], []
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        with tempfile.TemporaryDirectory() as scratch:
            tables, truth = simulated(Path(scratch), given.scale, seed, changes)
        party = parties(tables, truth)
        counts.append(pairs(tables, party, given.stage))
        if not given.pairs_only:
            worlds.append(gain(tables, truth, party, given.stage))
    title = (
        f"{given.stage}, {given.seeds} worlds of scale {given.scale}, addresses {given.addresses}"
    )
    print_table(quality(np.concatenate(counts)), as_json=False, title=f"Pairs, {title}")
    if worlds:
        print_table(compared(worlds), as_json=False, title=f"History of groups, {title}")


def parties(tables: Tables, truth: pd.DataFrame) -> dict[str, str]:
    """Return the true party of every importer number."""
    known = tables.require("declarations")[["bill_no", "importer_id"]].drop_duplicates()
    both = known.merge(truth[["bill_no", "importer_party"]].drop_duplicates(), on="bill_no")
    both = both.dropna().drop_duplicates("importer_id")
    names = "party " + both["importer_party"].astype("str")
    return dict(zip(both["importer_id"], names, strict=True))


def pairs(tables: Tables, party: Mapping[str, str], stage: str) -> FloatArray:
    """Return for each set of numbers that hang together: pairs found, true ones, both."""
    groups = PartyGroups(GROUPS[stage])
    groups.append(tables.require(TABLE[stage]))
    links = groups.links()
    frame = pd.DataFrame(
        [(n, links[n], party[n]) for n in links if n in party], columns=["number", "group", "party"]
    )
    names = {number: number for number in frame["number"]}

    def root(name: str) -> str:
        while names[name] != name:
            name = names[name]
        return name

    for column in ("group", "party"):
        for _, same in frame.groupby(column)["number"]:
            for number in same:
                names[root(number)] = root(same.iloc[0])
    frame["set"] = [root(number) for number in frame["number"]]
    found = pd.DataFrame(
        {
            "found": _pairs_within(frame, ["set", "group"]),
            "true": _pairs_within(frame, ["set", "party"]),
            "both": _pairs_within(frame, ["set", "group", "party"]),
        }
    )
    return found.to_numpy(dtype=np.float64)


def _pairs_within(frame: pd.DataFrame, by: list[str]) -> "pd.Series[float]":
    sizes = frame.groupby(by).size()
    return (sizes * (sizes - 1) / 2).groupby(level="set").sum()


def quality(counts: FloatArray, resamples: int = 1000) -> list[dict[str, object]]:
    """Return precision, recall and F1 of pairs, with intervals."""
    counts = counts[counts.sum(axis=1) > 0]
    rng = np.random.default_rng(0)
    draws = [counts[rng.integers(0, len(counts), len(counts))].sum(0) for _ in range(resamples)]
    rows: list[dict[str, object]] = []
    for name, measure in MEASURES.items():
        low, high = np.quantile([measure(*draw) for draw in draws], [0.025, 0.975])
        value = measure(*counts.sum(axis=0))
        rows.append({"measure": name, "value": f"{value:.3f}", "95 %": f"{low:.3f} to {high:.3f}"})
    found, true, both = (int(total) for total in counts.sum(axis=0))
    rows.append({"measure": "pairs", "value": f"{found} found, {true} true, {both} both"})
    return [{"95 %": "", **row} for row in rows]


MEASURES = {
    "precision": lambda found, _, both: both / max(found, 1.0),
    "recall": lambda _, true, both: both / max(true, 1.0),
    "F1": lambda found, true, both: 2.0 * both / max(found + true, 1.0),
}


def gain(tables: Tables, truth: pd.DataFrame, party: Mapping[str, str], stage: str) -> World:
    """Judge models without and with groups, and with true parties in place of numbers."""
    kinship = GROUPS[stage]
    names = [n for n in feature_set(stage).names if n.startswith(f"{kinship.group}__")]
    world = judged(tables, truth, stage, {"without": without(names), "with": without([])})
    columns = {"declarations": ["importer_id"], "manifests": ["consignee_id", "notify_id"]}
    renamed = {
        name: tables.require(name).assign(
            **{c: tables.require(name)[c].map(lambda n: party.get(n, n)) for c in changed}
        )
        for name, changed in columns.items()
    }
    perfect = judged(replace(tables, **renamed), truth, stage, {"without": without(names)})
    return replace(world, scores={**world.scores, "true parties": perfect.scores["without"]})


if __name__ == "__main__":
    main()
