"""The scenes of the theory: exact numbers by hand, and every film and its numbers."""

import json
import math

import numpy as np
import pytest
from PIL import Image

from console.errors import UserError
from toys import command, theory
from toys.theory import optimum, slope, vanishing

pytestmark = pytest.mark.usefixtures("eagerly")


def film(scene, tmp_path, *words):
    """Film a scene with few steps; (its frames, its numbers by step)."""
    assert command.run([scene, "--steps=4", "--frames=2", f"--out={tmp_path}", *words]) == 0
    history = json.loads((tmp_path / f"toy-{scene}.json").read_text())["history"]
    with Image.open(tmp_path / f"toy-{scene}.gif") as picture:
        return picture.n_frames, history


@pytest.mark.parametrize("scene", theory.SCENES)
def test_every_scene_is_filmed_with_its_numbers(scene, tmp_path, capsys):
    frames, history = film(scene, tmp_path)
    assert frames == 3
    assert [row["step"] for row in history] == [0, 2, 4]
    numbers = [name for name in history[0] if name != "step"]
    assert all(np.isfinite(row[name]) for row in history for name in numbers)
    out = capsys.readouterr().out
    assert all(name in out for name in numbers)
    if scene != "collapse":  # whose GANs have no point on a mode yet
        assert any(history[0][name] != history[-1][name] for name in numbers)


def test_a_seed_gives_the_same_numbers_and_another_one_others(tmp_path):
    first, again, other = (
        film("vanishing", tmp_path, f"--seed={seed}")[1][-1]["minimax"] for seed in (3, 3, 4)
    )
    assert first == again != other


def test_marks_begin_at_0_and_end_with_the_last_step():
    assert theory.marks(10, 4) == [0, 2, 5, 7, 10]
    assert theory.marks(2, 40) == [0, 1, 2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--world=grid"], "the scene optimum does not read --world; it takes --steps, --frames"),
        (["--g-filters=3"], "does not read --g-filters"),
        (["--frames=0"], "--frames must be a whole number from 1 to 4096, not 0"),
    ],
)
def test_what_a_scene_does_not_read_is_refused(words, message, tmp_path, capsys):
    assert command.run(["optimum", *words, f"--out={tmp_path / 'no'}"]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_the_value_of_the_best_discriminator_is_its_bound():
    """Of two densities that do not overlap: 0; a D that knows nothing has -log 4."""
    x = np.arange(4.0)
    data, made = np.array([0.5, 0.5, 0, 0]), np.array([0, 0, 0.5, 0.5])
    best = optimum._numbers(x, data, made, np.array([1.0, 1.0, 0.0, 0.0]))
    assert best["value of the game"] == pytest.approx(0.0, abs=1e-9)
    assert best["-log 4 + 2 JSD"] == pytest.approx(0.0, abs=1e-9)
    assert best["mean |D - best D|"] == 0.0
    blind = optimum._numbers(x, data, made, np.full(4, 0.5))
    assert blind["value of the game"] == pytest.approx(-math.log(4))
    assert blind["mean |D - best D|"] == 0.5


def test_the_exact_gradients_by_another_way():
    """By sampling, and the derivative of the Jensen-Shannon bound where that is simple."""
    rng = np.random.default_rng(0)
    x = 4.0 + 0.5 * rng.standard_normal(4_000_000)
    logit = ((x - 4.0) ** 2 - x**2) / (2 * 0.25)  # log p_data - log p_g
    judged = 1 / (1 + np.exp(-np.clip(logit, -700, 700)))
    found = vanishing.exact()
    assert found["non-saturating, exact"] == pytest.approx(np.mean((1 - judged) * 16), rel=1e-3)
    assert found["minimax, exact"] == pytest.approx(np.mean(judged * 16), rel=0.2)
    assert found["minimax, exact"] < 1e-2 < 10 < found["non-saturating, exact"] < 16


class Known:
    """A discriminator whose logits are a x + b."""

    def __init__(self, slope, offset=0.0):
        self.slope, self.offset = slope, offset

    def logits(self, points):
        return self.slope * np.asarray(points, "float64")[:, 0] + self.offset

    def slopes(self, points):
        return np.full((len(points), 1), self.slope)


def test_the_best_discriminator_and_critic_have_the_exact_gradients():
    """The best logit is (θ² - 2 θ x) / 2σ²: slope -16, 0 at θ / 2."""
    fakes = vanishing._normal(4.0)(400_000, np.random.default_rng(1))
    found = vanishing.gradients(Known(-16.0, 32.0), Known(-1.0), fakes)
    assert found["non-saturating"] == pytest.approx(found["non-saturating, exact"], rel=1e-2)
    assert found["minimax"] == pytest.approx(found["minimax, exact"], rel=0.5)  # of few points
    assert found["Wasserstein"] == 1.0


def test_minimax_vanishes_and_the_critic_keeps_its_slope():
    pair = vanishing._pair(0)
    fakes = vanishing._normal(4.0)(1_000, np.random.default_rng(1))
    before = vanishing.gradients(*pair, fakes)
    for each in pair:
        each.train(150)
    after = vanishing.gradients(*pair, fakes)
    assert after["minimax"] < 0.2 * before["minimax"]
    assert 0.3 < after["Wasserstein"] < 3


def test_clipping_bounds_the_weights_and_the_penalty_the_slope():
    critics, between = slope._critics(0), slope._between(0)
    for each in critics.values():
        each.train(60)
    found = slope.numbers(critics, between)
    assert np.abs(slope._weights(critics["clipped"])).max() <= slope.CLIP * 1.0001
    assert found["clipped: weights at the bounds"] > 0.02
    assert np.abs(slope._weights(critics["penalised"])).max() > 2 * slope.CLIP
    assert abs(found["penalised: slope"] - 1) < 0.3 < abs(found["clipped: slope"] - 1)


def test_an_unknown_scene_is_an_unknown_recipe():
    with pytest.raises(UserError, match="Unknown recipe 'optimun'"):
        command.build_plan(command.build_parser().parse(["optimun"]))
