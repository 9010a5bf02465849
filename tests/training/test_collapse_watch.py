"""What the watch for a collapse knows after a run has stopped and goes on."""

import json

import keras

from metrics.collapse import CollapseGuard
from models.outputs import Collapse
from tests.training.driving import drive
from training.callbacks.checkpoints import Checkpoints
from training.callbacks.collapse_watch import CollapseWatch

READS = Collapse("d_zero_share", "g_loss")


class AskedAt(Checkpoints):
    """A checkpoint is asked for while one step runs, as by Ctrl-C."""

    def due(self, step):
        if step == 130:
            self.request()
        return super().due(step)


def test_a_checkpoint_on_request_brings_the_history_up_to_it(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    saved = AskedAt(tmp_path / "checkpoints", 1_000, 3)
    known = []

    class Watch(CollapseWatch):
        def keep(self):
            super().keep()
            known.append(json.loads((tmp_path / "guard.json").read_text())["steps"][-1])

    watch = Watch(READS, tmp_path / "guard.json", tmp_path / "checkpoints", 0, 0)
    saved.listeners.append(watch.keep)
    drive([watch, saved], [1.0] * 150, model=model)
    assert known == [100, 130, 150, 150]  # judged, asked for, judged and saved at the end


def test_what_came_after_the_checkpoint_is_forgotten(tmp_path):
    guard = CollapseGuard()
    guard.losses([1, 2, 3], [0.1, 0.2, 0.3], [1.0, 2.0, 3.0])
    guard.measured(2, 5.0, 0.5)
    guard.measured(3, 6.0, 0.5)
    guard.healthy_until = 3
    (tmp_path / "guard.json").write_text(json.dumps(guard.state()))
    found = CollapseWatch(READS, tmp_path / "guard.json", tmp_path, 0, 2).guard
    assert (found.steps, found.g_loss, found.measures) == ([1, 2], [1.0, 2.0], [(2, 5.0)])
    assert found.healthy_until == 2
