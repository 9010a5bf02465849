import dataclasses

import numpy as np
import pytest

from models import recipes
from models.inversion import invert
from models.systems.gan.points import on_points
from models.systems.gan.turns import GAN


def test_finds_what_the_generator_can_make_and_not_what_it_cannot():
    recipe = on_points(recipes.load("gan"), 3, width=32)
    gan = GAN(dataclasses.replace(recipe, g_activation="leaky_relu"), seed=1)
    made = gan.sample(gan.draw_latents(6, seed=3))
    apart = np.linalg.norm(made[:, None] - made, axis=-1)[~np.eye(6, dtype=bool)].min()
    found = invert(gan, made, steps=150)
    assert np.linalg.norm(found - made, axis=1).max() < 0.02 < 0.2 * apart
    far = np.full((2, 3), 100.0, "float32")
    assert np.linalg.norm(invert(gan, far, steps=5) - far, axis=1).min() > 50


def test_labels_are_refused():
    recipe = on_points(recipes.load("gan"), 2, width=4)
    gan = GAN(
        dataclasses.replace(recipe, label_kind="classes", num_labels=3, g_conditioning="concat")
    )
    with pytest.raises(ValueError, match="needs a generator without labels; gan has some"):
        invert(gan, np.zeros((1, 2), "float32"))
