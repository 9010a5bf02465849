"""The callbacks of a run: what the line counts, and what is kept with a checkpoint."""

import pytest

import runs
from tests.training.test_pggan import TINY as GROWING
from training import output
from training.callbacks.collapse_watch import CollapseWatch
from training.callbacks.progress import Progress

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.fixture
def counted(monkeypatch):
    """The pictures of a step that each line was told."""
    found = []

    class Counted(Progress):
        def __init__(self, watched, images_per_step, *more):
            found.append(images_per_step)
            super().__init__(watched, images_per_step, *more)

    monkeypatch.setattr(output, "Progress", Counted)
    return found


def test_the_line_counts_the_pictures_of_the_phase(train_recipe, tmp_path, counted):
    code, words = train_recipe("pggan", GROWING, "--checkpoint-every=99", "--picture-every=99")
    assert code == 0, words
    (run,) = runs.runs(tmp_path / "out")
    recipe = run.recipe()
    phases = [recipe.in_phase(number) for number in range(len(recipe.phases()))]
    assert counted == [each.batch_size * each.columns for each in phases]
    assert len(set(counted)) > 1


def test_the_line_counts_every_turn_and_each_checkpoint_has_its_history(
    train, tmp_path, counted, monkeypatch
):
    kept, keep = [], CollapseWatch.keep

    def spy(watch):
        kept.append(watch.guard.steps[-1])
        keep(watch)

    monkeypatch.setattr(CollapseWatch, "keep", spy)
    code, words = train("--steps=2", "--d-steps=2", "--checkpoint-every=1")
    assert code == 0, words
    (run,) = runs.runs(tmp_path / "out")
    assert run.recipe().columns > 1
    assert counted == [4 * run.recipe().columns]
    assert kept == [1, 2, 2]  # saved; judged and saved at the end
