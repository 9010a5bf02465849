"""A study of two claims on points that takes seconds."""

from studies import plan

PLAN = """
title = "Two claims"
about = "Rules first."
[comparisons.points]
data = "ring"
marks = 2
count = 500
width = 4
changes = "batch_size=8"
[comparisons.points.arms]
base = "gan"
other = "gan:loss=least_squares"
[scales.small]
seeds = 2
about = "tiny"
[scales.small.comparisons.points]
steps = 4
[scales.small.comparisons.points.arms]
short = "gan:steps=2"
[[claims]]
name = "loss"
text = "The loss matters."
comparison = "points"
measure = "EM distance"
quantity = "end"
tests = [ { arm = "base", than = "other", expect = "less" }, { arm = "base", than = 0.5 } ]
[[claims]]
name = "length"
text = "More steps help."
comparison = "points"
measure = "EM distance"
quantity = "end"
tests = [ { arm = "base", than = "short", expect = "less", measure = "d_loss" } ]
"""


def load(path, tmp_path, seeds=None):
    return plan.load(path, "small", seeds, str(tmp_path))
