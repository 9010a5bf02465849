"""How batches reach `fit`."""

import keras
import numpy as np
import pytest

from models import feeding
from models.systems.gan.turns import GAN
from tests.models import tiny

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="other backends take generators as they are"
)


def numbers(count):
    for index in range(count):
        yield ({"images": np.full((2, 3), index, "uint8"), "mix": np.float32([index / 4])},)


def test_batches_arrive_as_they_are_and_in_order():
    found = list(feeding.fed(numbers(5)))
    assert [int(batch["images"][1, 2]) for (batch,) in found] == [0, 1, 2, 3, 4]
    assert [float(batch["mix"][0]) for (batch,) in found] == [0.0, 0.25, 0.5, 0.75, 1.0]
    (first,) = found[0]
    assert (first["images"].dtype, first["mix"].dtype) == ("uint8", "float32")
    assert first["images"].shape == (2, 3)


def test_no_thread_tunes_what_is_made_elsewhere():
    """The end of a training would wait for it, up to a minute."""
    assert feeding.fed(numbers(2)).options().autotune.enabled is False


def test_what_is_no_generator_is_left_alone():
    data = [({"images": np.zeros(2)},)]
    assert feeding.fed(data) is data


def test_without_batches_there_is_nothing_to_train_on():
    with pytest.raises(ValueError, match="There are no batches"):
        feeding.fed(numbers(0))


def test_a_system_is_fed_so(monkeypatch):
    seen = []
    own = keras.Model.fit
    monkeypatch.setattr(
        keras.Model, "fit", lambda self, x, **more: seen.append(x) or own(self, x, **more)
    )
    recipe = tiny.recipe()
    gan = GAN(recipe, seed=1)
    batches = ((tiny.batch(recipe, seed),) for seed in range(2))
    gan.fit(batches, steps_per_epoch=2, verbose=0)
    assert gan.step == 2
    assert seen[0].options().autotune.enabled is False
