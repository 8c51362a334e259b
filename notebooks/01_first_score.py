# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From a simulated world to an explained score
#
# The simulated world knows the truth about every consignment. Inspectors only know what they
# opened. This notebook trains a model on what they know and asks it about one container.

# %%
import json
from datetime import date

import pandas as pd

from riskml.config import day_start
from riskml.datasets import load_tables
from riskml.datasets.simulation import write_world
from riskml.features.compute import compute_features
from riskml.scoring import score_frame
from riskml.training.dataset import build_training_set
from riskml.training.definition import default_definition, load_definition
from riskml.training.fitting import fit_model

# %% [markdown]
# ## A world
# A year and a half at a tenth of the reference volume. The table `truth` is never given to training.

# %%
rows = write_world("world", start=date(2019, 4, 1), days=550, scale=0.1, seed=7)
tables = load_tables("world")
rows

# %% [markdown]
# ## What was known on 1 July 2020
# One row per inspected consignment: features as of its decision, the label as of the cut.

# %%
until = day_start(date(2020, 7, 1))
known = build_training_set(tables, "pre_arrival", until, only_inspected=True)
known.frame[["consignment_id", "decision_time", "label", "matured", "propensity"]].tail()

# %% [markdown]
# ## A model
# Few violations, so the definition is made of small steps and strong regularisation. It is
# calibrated for *all* arrivals with the logged propensities.

# %%
definition = load_definition(default_definition("pre_arrival"))
light = definition.model_copy(
    update={"fit": definition.fit.model_copy(update={"ensemble": 1, "max_rounds": 100})}
)
model = fit_model(known.frame, known.feature_set, light, until=until)
model.bundle.manifest.training_window

# %% [markdown]
# ## A day of arrivals
# Scored with history as known at each decision, explained in log-odds and in words.

# %%
start, end = day_start(date(2020, 8, 3)), day_start(date(2020, 8, 4))
arrivals = compute_features(
    tables,
    "pre_arrival",
    known.feature_set,
    keep=lambda rows: rows["decision_time"].between(start, end, inclusive="left").to_numpy(),
)
scores = score_frame(model.bundle, arrivals, explain=True)
ranked = scores.sort_values("probability", ascending=False)
ranked[["container_no", "office", "probability", "raw_score"]].head()

# %% [markdown]
# ## Why
# Base value and contributions add up to the raw score.

# %%
first = ranked.iloc[0]
contributions = pd.Series(json.loads(first["contributions"]))
gap = abs(first["base_value"] + contributions.sum() - first["raw_score"])
if gap > 1e-6:
    raise AssertionError(f"contributions miss the raw score by {gap}")
contributions[contributions.abs().sort_values(ascending=False).index].head(8)

# %%
for reason in json.loads(first["reasons"])[:3]:
    print(f"{reason['contribution']:+.2f}  {reason['text_en']}")
