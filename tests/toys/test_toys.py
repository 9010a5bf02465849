"""Toy worlds: D against the theorem, the film, the judge of triangles."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from keras import ops
from PIL import Image

from comparison import judges
from console.errors import UserError
from datasets import toy as worlds
from metrics import toy as measures
from models import autodiff, recipes
from models.systems.gan.points import on_points
from models.systems.gan.turns import GAN
from toys import command as toy_command
from toys import training as toy
from training import listing


def test_the_discriminator_approaches_the_optimum():
    """D alone, against a fixed generator of known density: p_data / (p_data + p_g)."""
    recipe = on_points(recipes.load("gan"), 1, width=32)
    gan = GAN(recipe)
    data, fixed = worlds.world("line"), worlds.Mixture("fixed", np.array([[0.5]]), 1.2)
    rng = np.random.default_rng(0)
    optimizer = gan.optimizer_of("discriminator")
    gan.learning_rate_factor.assign(5e-3 / recipe.d_learning_rate)
    labels = ops.zeros((512,), "int32")
    variables = gan.discriminator.trainable_variables
    for step in range(250):
        if step == 150:  # what is left is noise of the batches
            gan.learning_rate_factor.assign(1e-3 / recipe.d_learning_rate)
        real, fake = (ops.convert_to_tensor(w.sample(512, rng)) for w in (data, fixed))

        def loss(real=real, fake=fake):
            judged = [gan.discriminator([x, labels], training=True) for x in (real, fake)]
            return gan.loss_functions.discriminator(*judged), {}

        _, gradients = autodiff.value_and_grad(loss, variables, gan.state())
        optimizer.apply(gradients, variables)
    area = toy.region(data)
    x = area.centres()
    p, q = data.density(x), fixed.density(x)
    best = measures.optimal_discriminator(p, q)
    judged = 1 / (1 + np.exp(-toy.surface(gan, area)))
    weight = (p + q) / (p + q).sum()
    assert (weight * np.abs(judged - best)).sum() < 0.06
    assert (weight * np.abs(0.5 - best)).sum() > 0.2  # what a D that knows nothing misses
    value = measures.game_value(judged.astype("float64"), p, q, area.cell)
    assert value == pytest.approx(measures.optimal_value(p, q, area.cell), abs=0.05)
    assert value <= measures.optimal_value(p, q, area.cell) + 1e-9


@pytest.mark.parametrize("name", worlds.WORLDS)
def test_histograms_follow_the_density(name):
    world = worlds.world(name)
    area = toy.region(world)
    made = area.histogram(world.sample(200_000, np.random.default_rng(0)))
    assert made.sum() * area.cell == pytest.approx(1.0, abs=1e-3)
    # Cells and densities are in the same order: the heaviest cell lies at a mode.
    heaviest = area.centres()[made.argmax()]
    assert np.linalg.norm(world.means - heaviest, axis=1).min() < 4 * world.deviation + area.cell


def test_cells_are_in_the_order_of_their_centres():
    area = toy.region(worlds.world("ring"))
    made = area.histogram(np.tile([1.0, -2.0], (10, 1)))
    assert made.max() * area.cell == pytest.approx(1.0)
    np.testing.assert_allclose(area.centres()[made.argmax()], [1.0, -2.0], atol=0.05)


@pytest.mark.parametrize("name", ["ring", "line"])
def test_the_film_and_its_numbers(name, tmp_path, capsys):
    words = ["gan", "--world", name, "--steps", "4", "--frames", "2", "--width", "4"]
    assert toy_command.run([*words, "--batch-size", "8", "--out", str(tmp_path)]) == 0
    film = Image.open(tmp_path / f"toy-gan-{name}.gif")
    assert film.n_frames == 3
    history = json.loads((tmp_path / f"toy-gan-{name}.json").read_text())["history"]
    assert [row["step"] for row in history] == [0, 2, 4]
    assert "modes covered" in capsys.readouterr().out


def test_real_triangles_are_near_the_manifold_and_discs_are_not():
    judge = judges.TriangleJudge(SimpleNamespace(images=np.zeros((1, 32, 32, 3))), 12)
    gaps = np.array([judge.distance(picture) for picture in judge.tests])
    assert (gaps <= measures.NEAR).mean() >= 11 / 12
    rows, columns = np.mgrid[:32, :32] / 32
    disc = ((columns - 0.5) ** 2 + (rows - 0.5) ** 2 < 0.09).astype("float64")
    assert judge.distance(disc) > 5


def test_mistakes_are_one_line(capsys):
    assert toy_command.run(["gan", "--steps", "0"]) == 2
    assert "--steps must be a whole number of at least 1, not 0" in capsys.readouterr().err
    assert toy_command.run(["gon"]) == 2
    assert "Unknown recipe 'gon'" in capsys.readouterr().err


def test_what_a_change_leaves_unread_goes_with_it():
    """r3gan's last values of β2 and of the penalty's weight, which nobody gave."""
    assert recipes.load("r3gan").beta_2_end
    recipe, _ = toy_command.build_plan(
        toy_command.build_parser().parse(["r3gan", "--decay", "none"])
    )
    assert (recipe.decay, recipe.beta_2_end, recipe.penalty_weight_end) == ("none", 0.0, 0.0)
    given = toy_command.build_parser().parse(["r3gan", "--decay=none", "--beta-2-end=0.5"])
    with pytest.raises(UserError, match=r"beta_2_end 0.5 needs a decay that ends"):
        toy_command.build_plan(given)


def test_list_shows_every_recipe():
    lines = listing.table().splitlines()
    assert len(lines) == 2 + len(recipes.names())
    row = next(line for line in lines if line.startswith("wgan_gp"))
    for word in ("sn_resnet", "wasserstein", "gradient", "1 : 5"):
        assert word in row


@pytest.mark.parametrize("asked", ["gan", "slope"])
def test_a_folder_that_cannot_be_made_is_told_before_the_training(asked, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert toy_command.run([asked, "--steps=1000000000", f"--out={tmp_path / 'file' / 'x'}"]) == 2
    assert "cannot write to --out" in capsys.readouterr().err
