"""Training on many workers: LightGBM's data-parallel learner, started so that it repeats itself.

Dask only starts ``lgb.train`` on its workers. The rows of each machine, its rank, and the order of
all machines are fixed beforehand, so the sums of histograms are always added in the same order;
ports are fresh in every fit, since an earlier one may still hold its own. Which worker plays which
machine does not matter. The model depends on the *number* of machines: each finds the bins of its
share of the features from its own rows.

It pays where no machine can hold the rows. Where one can, a sample of the rows without violation
(`riskml.training.sampling`) on one machine is quicker and as good; `docs/distributed.md`.
"""

import os
import re
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import lightgbm as lgb
import numpy as np

from riskml.cluster import Cluster, Task
from riskml.errors import ClusterError
from riskml.history import Progress
from riskml.training.boosting import Design, Grow, grow, parameters, sampled, seeds, shown
from riskml.training.definition import Fit, LightGBM
from riskml.training.merging import merge_boosters, shift_booster

__all__ = ["grow_distributed", "grow_on"]

ATTEMPTS = 3
"""So often a fit is started before it is given up: a worker may be lost, or a port be taken."""

_TIME_OUT = 5
"""Minutes after which a machine gives up waiting for another."""

_ADDRESSES = re.compile(r"^\[(machines|local_listen_port): [^\]]*\]\n", re.MULTILINE)
"""Lines of a model text that say where it was trained."""


def grow_distributed(
    cluster: Cluster,
    design: Design,
    rounds: int,
    model: LightGBM,
    fit: Fit,
    progress: Progress | None = None,
    *,
    machines: int | None = None,
) -> str:
    """Train boosters on the workers of a cluster and merge them.

    Parameters
    ----------
    cluster : Cluster
        Where to train.
    design, rounds, model, fit, progress
        See `riskml.training.boosting.grow`. Monotone constraints are kept by LightGBM's method
        ``basic``, the only one its parallel learners have.
    machines : int, optional
        Into how many parts the rows are dealt, one for each of as many workers; by default one
        for each worker.

    Returns
    -------
    str
        Model text; the same input and number of machines give the same text, byte for byte.

    Raises
    ------
    ClusterError
        If there are too few workers, or a fit failed three times.
    """
    machines = machines or len(cluster.workers)
    cluster.wait_for(machines)
    texts = []
    for seed in shown(seeds(fit, fit.ensemble), "Boosters", progress):
        rows, offset = sampled(design, fit, seed)
        options = parameters(rows, model, fit, seed)
        if "monotone_constraints_method" in options:
            options["monotone_constraints_method"] = "basic"
        shards = [_every(rows, machines, rank) for rank in range(machines)]
        fit_once = _Fit([cluster.put(each) for each in shards], _empty(shards), options, rounds)
        texts.append(shift_booster(_persistent(cluster, fit_once), offset))
    return merge_boosters(texts)


def grow_on(cluster: Cluster | None) -> Grow:
    """Return the function that grows boosters on a cluster, or here if there is none."""
    if cluster is None:
        return grow

    def grow_there(
        design: Design,
        rounds: int,
        model: LightGBM,
        fit: Fit,
        progress: Progress | None = None,
    ) -> str:
        return grow_distributed(cluster, design, rounds, model, fit, progress)

    return grow_there


def _every(design: Design, step: int, first: int) -> Design:
    """Return every so many-th row: each machine sees the whole period."""
    own = slice(first, None, step)
    return Design(design.X[own], design.y[own], design.w[own], design.feature_set)


def _empty(shards: Sequence[Design]) -> list[str]:
    """Return the categories of which some machine has no value.

    LightGBM's exchange of bins reads past the end of an empty list of categories and takes the
    process down (4.7); every machine takes such a column as a number instead.
    """
    names = shards[0].feature_set.names
    empty = np.any([np.isnan(shard.X).all(axis=0) for shard in shards], axis=0)
    categories = set(shards[0].feature_set.categories)
    return [name for name, none in zip(names, empty, strict=True) if none and name in categories]


@dataclass(frozen=True)
class _Fit:
    """One booster: the rows of each machine where they lie, and how they are learned from."""

    shards: list[Task]
    plain: list[str]
    options: dict[str, Any]
    rounds: int


def _persistent(cluster: Cluster, fit: _Fit) -> str:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _text_of(cluster, fit)
        except (ClusterError, lgb.basic.LightGBMError) as cause:
            if attempt == ATTEMPTS:
                raise ClusterError(
                    f"training on {len(fit.shards)} workers failed {ATTEMPTS} times ({cause})",
                    "let workers reach one another's ports, or train on one machine",
                ) from cause
    raise AssertionError


def _text_of(cluster: Cluster, fit: _Fit) -> str:
    count = len(fit.shards)
    cluster.wait_for(count)
    workers = cluster.workers[:count]
    machines = _machines(cluster, workers)
    shared = {
        **fit.options,
        "tree_learner": "data",
        "pre_partition": True,
        "num_machines": count,
        "machines": ",".join(f"{host}:{port}" for host, port in machines),
        "time_out": _TIME_OUT,
    }
    calls = []
    for worker, shard, (_, port) in zip(workers, fit.shards, machines, strict=True):
        own = {**shared, "local_listen_port": port}
        calls.append((worker, _train_shard, (shard, fit.plain, own, fit.rounds)))
    return _ADDRESSES.sub("", cluster.together(calls)[0])


def _machines(cluster: Cluster, workers: list[str]) -> list[tuple[str, int]]:
    """Return host and a free port of each worker, in the order of their ranks."""
    hosts = [str(urlsplit(worker).hostname) for worker in workers]
    ports = cluster.everywhere(_free_ports, len(workers))
    # Workers of one host ask for their ports one by one: each takes one that none before it has.
    found: list[tuple[str, int]] = []
    for worker, host in zip(workers, hosts, strict=True):
        free = [(host, port) for port in ports[worker] if (host, port) not in found]
        found.append(free[0])
    return found


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("", 0))
        return [each.getsockname()[1] for each in sockets]


def _train_shard(shard: Design, plain: list[str], options: dict[str, Any], rounds: int) -> str:
    # LightGBM reports on its network to the output of the process, which may be a command's own.
    os.dup2(2, 1)
    booster = lgb.train(options, shard.dataset(plain=plain), rounds)
    booster.free_network()
    return str(booster.model_to_string(num_iteration=rounds))
