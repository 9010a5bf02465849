"""A search on points that takes seconds."""

import re

from studies import plan

PLAN = """
title = "A search"
about = "Rules first."
[models]
plain = "gan"
squares = "gan:loss=least_squares,d_steps=2"
[ranges.rate]
fields = "g_learning_rate, d_learning_rate"
log = [1e-4, 1e-2]
[ranges.beta]
fields = "beta_1"
models = "squares"
between = [0.0, 1.0]
[ranges.turns]
fields = "d_steps"
models = "plain"
choices = [1, 2]
[searches.ring]
data = "ring"
marks = 2
count = 500
measure = "EM distance"
failed = 1.5
[searches.grid]
data = "grid"
marks = 1
count = 500
measure = "mode entropy"
failed = 0.1
[scales.small]
seeds = 2
settings = 3
about = "tiny"
[scales.small.searches.ring]
steps = 4
changes = "batch_size=8"
[scales.small.searches.grid]
steps = 2
changes = "batch_size=8"
"""


def write(folder, *changes):
    text = PLAN
    for pattern, other in changes:
        text, count = re.subn(pattern, lambda _, other=other: other, text, count=1)
        assert count == 1, pattern
    path = folder / "look.toml"
    path.write_text(text)
    return str(path)


def load(folder, *changes, seeds=None):
    return plan.load(write(folder, *changes), "small", seeds, str(folder))
