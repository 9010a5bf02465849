"""Growing GANs with augmentation: who sees it, its slope, the fakes among the reals, its p."""

import numpy as np
import pytest
from keras import ops

from models import augmentation
from models.augmentation.augmented import Augmented
from models.fields import refuse_ignored
from models.systems import system_class
from tests.models import tiny, tiny_growing

pytestmark = pytest.mark.usefixtures("eagerly")

SYSTEMS = ("pggan", "stylegan")
STILL = {"learning_rate": 1e-30}  # so that scores can be foretold


def grown(name, phase=-1, **changes):
    """A system of that phase, by default of the last one, at its full size."""
    small = tiny_growing.recipe(name, **changes)
    return system_class(small)(small, seed=3, phase=phase % len(small.phases()))


def columns(batch, index, names=("latents", "cut", "noise")):
    return {n: ops.convert_to_tensor(batch[n][:, index]) for n in names if n in batch}


def scores(system, pictures):
    return np.array(system.discriminator(pictures, training=True), "float64")


def losses_of(name, real, fake):
    """D's loss as the papers have it: Wasserstein, or non-saturating."""
    if name == "pggan":
        return fake.mean() - real.mean()
    return np.log1p(np.exp(fake)).mean() + np.log1p(np.exp(-real)).mean()


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize(("how", "phase"), [("diffaug", -1), ("ada", -1), ("ada", -2)])
def test_both_turns_see_augmented_pictures(name, how, phase):
    """At full size, and while it fades in."""
    system = grown(name, phase, augment=how, augment_p=0.9, augment_target=0.0, **STILL)
    system.steps_done.assign(system.whole_recipe.phase_steps(system.phase)[0] + 1)
    system.before_step()
    assert (system.recipe.side, float(system.alpha())) == (16, 1.0 if phase == -1 else 0.25)
    batch = tiny.drawn(system.recipe, 0)
    numbers = {kind: batch[f"augment_{kind}"] for kind in ("real", "fake")}
    assert [numbers[kind].shape[1] for kind in ("real", "fake")] == [1, 2]

    def seen(pictures, its):
        return augmentation.get(how)(pictures, ops.convert_to_tensor(its), 0.9)

    real = system.reals({"images": ops.convert_to_tensor(batch["images"][:, 0])})
    fake, later = (system.fakes(columns(batch, n)) for n in (0, 1))
    (logs,) = tiny_growing.fit(system, [0])
    of_real = scores(system, seen(real, numbers["real"][:, 0]))
    of_fake = scores(system, seen(fake, numbers["fake"][:, 0]))
    assert logs["d_real"] == pytest.approx(of_real.mean(), rel=1e-3, abs=1e-5)
    assert abs(of_real.mean() - scores(system, real).mean()) > 1e-4
    assert logs["d_loss"] == pytest.approx(losses_of(name, of_real, of_fake), rel=1e-3, abs=1e-5)
    of_later = scores(system, seen(later, numbers["fake"][:, 1]))
    expected = -of_later.mean() if name == "pggan" else np.log1p(np.exp(-of_later)).mean()
    assert logs["g_loss"] == pytest.approx(expected, rel=1e-3, abs=1e-5)
    assert "augment_p" not in logs


@pytest.mark.parametrize("name", SYSTEMS)
def test_slopes_are_taken_before_the_augmentation(name):
    """By finite differences of pictures → score of the augmented pictures, at 4 and 8 px."""
    system = grown(name, phase=0, augment="diffaug", group=0)
    part = tiny.part(system.recipe)
    fake, numbers = system.fakes(part), part["augment_real"]
    _, logs = system._discriminator_loss(part, (fake,))
    at = ops.convert_to_numpy(system.reals(part)).astype("float64")
    if name == "pggan":
        mix = ops.convert_to_numpy(part["mix"]).reshape(-1, 1, 1, 1)
        at = mix * at + (1 - mix) * ops.convert_to_numpy(fake)

    def score(pictures):
        pictures = ops.convert_to_tensor(pictures.astype("float32"))
        seen = augmentation.get("diffaug")(pictures, numbers, 1.0)
        return system.discriminator.predict_on_batch(ops.convert_to_numpy(seen))[:, 0]

    slopes, step = np.zeros(at.shape), 1e-2
    for place in np.ndindex(at.shape[1:]):
        move = np.zeros(at.shape)
        move[(slice(None), *place)] = step
        slopes[(slice(None), *place)] = (score(at + move) - score(at - move)) / (2 * step)
    squares = (slopes**2).sum((1, 2, 3))
    expected = ((np.sqrt(squares) - 1) ** 2).mean() if name == "pggan" else 0.5 * squares.mean()
    assert float(logs["penalty"]) == pytest.approx(expected, rel=2e-2)


@pytest.mark.parametrize("name", SYSTEMS)
def test_apa_puts_fakes_among_the_reals(name):
    plain = grown(name).work()[0]
    # Reals and fakes; the penalty's points there and back, or of R1 the way back alone.
    assert plain.kept == {"discriminator": 4 if name == "pggan" else 3}
    system = grown(name, augment="apa", augment_p=0.5, augment_target=0.0, **STILL)
    maker = "generator" if name == "pggan" else "synthesis"
    assert system.work()[0].passes[maker] == plain.passes[maker] + 1
    batch = tiny.drawn(system.recipe, 0)
    drawn = {n.removeprefix("pseudo_"): each for n, each in batch.items() if "pseudo" in n}
    assert np.ptp(drawn.get("cut", np.zeros(1))) == 0  # all pictures of a turn have the same
    pseudo = np.array(system.fakes(columns(drawn, 0)))
    real = np.array(system.reals({"images": ops.convert_to_tensor(batch["images"][:, 0])}))
    replaced = drawn["gate"][:, 0] < 0.5
    assert 0 < replaced.sum() < len(replaced)
    mixed = np.where(replaced[:, None, None, None], pseudo, real)
    (logs,) = tiny_growing.fit(system, [0])
    assert logs["d_real"] == pytest.approx(scores(system, mixed).mean(), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("name", SYSTEMS)
def test_numbers_are_drawn_after_those_of_a_plain_step(name):
    """So that a plain run is the same with and without this feature."""
    plain = tiny.drawn(tiny_growing.recipe(name).in_phase(2))
    assert not [each for each in plain if "augment" in each or "pseudo" in each]
    for how, added in (("ada", 2), ("apa", 2 if name == "pggan" else 4)):
        batch = tiny.drawn(tiny_growing.recipe(name, augment=how).in_phase(2))
        assert len(batch) == len(plain) + added
        for each, array in plain.items():
            np.testing.assert_array_equal(batch[each], array)


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("name", SYSTEMS)
def test_p_goes_on_from_size_to_size(name, parts, monkeypatch):
    """All reals taken for real: + 4 batches / 640 at step 4, in the second phase or the third."""
    hear = Augmented.hear
    monkeypatch.setattr(Augmented, "hear", lambda self, x: hear(self, ops.ones_like(x)))
    changes = {"augment": "ada", "augment_pictures": 640, "micro_batches": parts, "group": 2}
    small = tiny_growing.recipe(name, **changes)
    system, rows = tiny_growing.grown(small, small.phase_of(6), 6)
    p = 4 * small.in_phase(small.phase_of(4)).batch_size / 640
    assert [row["augment_p"] for row in rows] == pytest.approx([0, 0, 0, 0, p, p])
    assert float(system.augmented.p()) == pytest.approx(p)
    assert system.watched.ceilings["augment_p"].field == "augment_p"
    assert "a lower --learning-rate" in system.watched.ceilings["augment_p"].advice


def test_what_does_not_fit():
    with pytest.raises(ValueError, match="ada has no operation 'cut'"):
        tiny_growing.recipe(augment="ada", augment_ops="cut")
    with pytest.raises(ValueError, match="augment_p is read only where augment is one of diffaug"):
        refuse_ignored(tiny_growing.recipe(), ["augment_p"])
    tiny_growing.recipe("stylegan", augment="ada").check_training()
    with pytest.raises(ValueError, match="augment ada adapts to how many logits of reals"):
        tiny_growing.recipe("pggan", augment="ada").check_training()
    for name, way in (("stylegan", "lower it, or give an augment_target"), ("pggan", r"lower it$")):
        recipe = tiny_growing.recipe(name, augment="apa", augment_target=0.0)
        with pytest.raises(ValueError, match=f"replaces every real picture; {way}"):
            recipe.check_training()
    assert tiny_growing.recipe(augment="auto").for_pictures(100).augment == "diffaug"


@pytest.mark.parametrize("name", SYSTEMS)
def test_pictures_are_shown_as_the_discriminator_sees_them(name):
    pictures = tiny.drawn(tiny_growing.recipe(name))["images"][:, 0]
    assert grown(name).augmented_pictures(pictures, np.random.default_rng(0)) is None
    shown = grown(name, augment="diffaug").augmented_pictures(pictures, np.random.default_rng(0))
    assert shown.shape == pictures.shape
    assert np.abs(shown - (pictures / 127.5 - 1)).mean() > 0.1
