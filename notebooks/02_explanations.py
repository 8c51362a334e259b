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
# # What moves the scores
#
# Reasons explain one consignment. This notebook looks at all of them at once: which evidence moves
# the scores in general, how a feature does so over its values, and whether the reasons of one month
# are those of the next. Every view is a table first; the figure is drawn from the table.

# %%
from datetime import date

import pandas as pd

from riskml.config import day_start
from riskml.datasets import load_tables
from riskml.datasets.simulation import write_world
from riskml.explanation import SimilarCases, explain
from riskml.explanation.plots import plot_dependence, plot_stability, plot_summary
from riskml.explanation.views import dependence, interaction, stability, summary
from riskml.scoring.batch import feature_arrays
from riskml.training.dataset import build_training_set
from riskml.training.definition import default_definition, load_definition
from riskml.training.fitting import fit_model

# %% [markdown]
# ## A model, and the consignments it was trained on

# %%
write_world("world", start=date(2019, 4, 1), days=550, scale=0.1, seed=7)
tables = load_tables("world")
until = day_start(date(2020, 7, 1))
found = build_training_set(tables, "declaration", until, only_inspected=True)
definition = load_definition(default_definition("declaration"))
model = fit_model(found.frame, found.feature_set, definition, until=until)
bundle = model.bundle
rows = found.frame.reset_index(drop=True)
columns = feature_arrays(bundle, rows)
matrix = bundle.encode(columns)
contributions = explain(bundle, matrix).contributions
features = bundle.feature_set

# %% [markdown]
# ## In general

# %%
by_code = summary(features, contributions, by="code")
by_code.head(8)

# %%
plot_summary(by_code)

# %% [markdown]
# ## One feature over its values, and beside another
# `strength` is measured, not a Shapley interaction: the share of what the feature's own value
# leaves open that the other feature explains.

# %%
strongest = summary(features, contributions)["name"]
curve = dependence(features, contributions, columns, strongest[0])
curve

# %%
plot_dependence(curve)

# %%
interaction(features, contributions, columns, strongest[0], strongest[1]).head()

# %% [markdown]
# ## Over time

# %%
months = stability(features, contributions, rows["decision_time"])
months.groupby("period")["rank_correlation"].first()

# %%
plot_stability(months)

# %% [markdown]
# ## Past cases that the model takes for alike
# Only those whose outcome was known before the decision.

# %%
cases = SimilarCases(bundle)
asked = len(rows) - 1
alike = cases.lookup(matrix[asked], rows["decision_time"][asked].to_pydatetime())
print(pd.DataFrame([{"similarity": c.similarity, "bill": c.bill_no, "violation": c.violation}
                    for c in alike]))
