"""Comparisons on points that take seconds."""

from comparison import judges, plan, trials

WORDS = ["gan", "gan:g_term=mode_seeking,g_term_weight=0.5"]


def settings(tmp_path, **changes):
    values = {"data": "ring", "steps": 4, "seeds": 2, "marks": 2, "width": 4, "count": 500}
    return plan.CompareSettings(**{**values, "out": str(tmp_path), **changes})


def make(tmp_path, words=WORDS, **changes):
    return plan.make(words, {"batch_size": 8}, settings(tmp_path, **changes))


def train(made, out_of_time=lambda: False):
    data = trials.open_data(made)
    folder = trials.open_plan(made, data)
    judge = judges.choose(made.settings, data)
    told = []
    trials.train(made, folder, data, judge, out_of_time, told.append)
    return folder, judge, told
