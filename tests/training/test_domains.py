"""Training data of two domains: from the settings to the batches."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from console.errors import UserError
from datasets import ATTRIBUTES, faces
from models import recipes
from models.recipe import Recipe
from models.systems.gan.recipe import GANRecipe
from training import inputs
from training.feed import Feed
from training.inputs import fitted, open_for
from training.settings import Settings

pytestmark = pytest.mark.usefixtures("eagerly")


@dataclass(frozen=True)
class Two(Recipe):
    """A recipe that translates."""

    system: ClassVar[str] = "two"
    domains: ClassVar[tuple[str, ...]] = ("a", "b")


@dataclass(frozen=True)
class Pairs(Two):
    """One whose pictures belong together."""

    paired: ClassVar[bool] = True


RECIPE = Two(name="two", resolution=8, batch_size=2)


def grey(folder, count, first):
    """`count` pictures of one grey each: `first`, `first` + 1 and so on."""
    folder.mkdir(parents=True)
    for index in range(count):
        value = first + index
        Image.new("RGB", (8, 8), (value, value, value)).save(folder / f"{index:02d}.png")
    return folder


def opened(tmp_path, recipe=RECIPE, **settings):
    asked = Settings(cache_dir=str(tmp_path / "cache"), workers=1, **settings)
    with contextlib.ExitStack() as stack:
        return open_for(recipe, asked, stack, sample_only=False, check=lambda source: None), asked


def test_two_folders(tmp_path):
    a, b = grey(tmp_path / "dark", 3, 10), grey(tmp_path / "light", 4, 200)
    data, _ = opened(tmp_path, data=str(a), data_b=str(b))
    assert data.titles == {"a": "dark", "b": "light"}
    feed = Feed(data.parts, RECIPE, seed=1)
    seen = {name: set() for name in "ab"}
    for step in range(6):
        batch = feed.batch(step)
        assert batch.keys() == {"a", "b"}
        for name in "ab":
            assert batch[name].shape == (2, 1, 8, 8, 3)
            seen[name] |= set(batch[name][:, 0, 0, 0, 0].tolist())
    assert seen == {"a": {10, 11, 12}, "b": {200, 201, 202, 203}}


def test_labels_part_one_set(tmp_path):
    grey(tmp_path / "set" / "dark", 3, 10)
    grey(tmp_path / "set" / "light", 4, 200)
    grey(tmp_path / "set" / "middle", 4, 100)
    data, asked = opened(
        tmp_path, data=str(tmp_path / "set"), labels="folders", domains="light, dark"
    )
    assert data.titles == {"a": "light", "b": "dark"}
    batch = Feed(data.parts, RECIPE, seed=1).batch(0)
    assert batch["a"].min() >= 200
    assert batch["b"].max() <= 12
    assert fitted(RECIPE, data, asked) == (RECIPE, data)  # labels only parted the set


def test_each_domain_has_a_shuffle_of_its_own(tmp_path):
    a, b = grey(tmp_path / "a", 12, 0), grey(tmp_path / "b", 12, 0)
    Image.new("RGB", (8, 8), (99, 0, 0)).save(b / "11.png")  # else they were the same pictures
    data, _ = opened(tmp_path, data=str(a), data_b=str(b))
    recipe = replace(RECIPE, batch_size=12)
    batch = Feed(data.parts, recipe, seed=1).batch(0)
    orders = [batch[name][:, 0, 0, 0, 1].tolist() for name in "ab"]
    assert orders[0] != orders[1]


def test_pairs_stay_together_mirrored_or_not(tmp_path):
    for place, channel in (("x", 0), ("y", 1)):
        (tmp_path / "pairs" / place).mkdir(parents=True)
        for index in range(6):
            pixels = np.zeros((8, 8, 3), np.uint8)
            pixels[:, 0, channel] = 40 * index + 15  # the left column tells which pair
            Image.fromarray(pixels).save(tmp_path / "pairs" / place / f"{index}.png")
    recipe = Pairs(name="pairs", resolution=8, batch_size=6, mirror=True)
    data, _ = opened(tmp_path, recipe, data=str(tmp_path / "pairs"))
    batch = Feed(data.parts, recipe, seed=2).batch(0)
    first, second = batch["a"][:, 0, 0, :, 0], batch["b"][:, 0, 0, :, 1]
    np.testing.assert_array_equal(first, second)
    mirrored = first[:, 0] == 0
    assert 0 < mirrored.sum() < 6


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"data": "faces"}, "--domains"),
        ({"data": "faces", "domains": "red hair, blu hair"}, "blue hair"),
        ({"data": "faces", "domains": "red hair"}, "--domains names 1"),
        ({"data": "faces", "domains": "red hair, blue hair", "data_b": "x"}, "not both"),
    ],
)
def test_what_gives_no_two_domains_is_one_line(tmp_path, settings, says):
    with pytest.raises(UserError) as refused:
        opened(tmp_path, **settings, count=40)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_batch_larger_than_a_domain_names_the_domain(tmp_path):
    a, b = grey(tmp_path / "dark", 3, 10), grey(tmp_path / "light", 1, 200)
    with pytest.raises(UserError, match=r"--batch-size 2 is larger .*1 pictures in domain 'light'"):
        opened(tmp_path, data=str(a), data_b=str(b))


# === What a dry run prepares ===


def sampled(tmp_path, recipe, **settings):
    asked = Settings(workers=1, **settings)
    with contextlib.ExitStack() as stack:
        return open_for(recipe, asked, stack, sample_only=True, check=lambda source: None), asked


def test_a_dry_run_prepares_enough_for_every_phase(tmp_path):
    recipe = replace(
        recipes.load("pggan_cpu"), resolution=8, batch_size=4, most_batch=12, batch_sides=96,
    )  # fmt: skip
    data, _ = sampled(tmp_path, recipe, data="faces")
    assert len(data.parts["images"].images) == 12


def test_a_dry_run_looks_further_for_rare_labels(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "_SAMPLE_OF_A_PART", 1)
    recipe = GANRecipe(name="x", resolution=8, batch_size=3)
    data, _ = sampled(tmp_path, recipe, data="faces", only="hat + smile")
    hat, smile = (ATTRIBUTES.index(name) for name in ("hat", "smile"))
    for count in (3, 24, 192):
        fit = (faces.labels(count)[:, [hat, smile]] == 1).all(axis=1).sum()
        if fit >= 3:
            break
    assert count > 3
    assert len(data.parts["images"].images) == fit


def test_a_dry_run_looks_further_past_pictures_that_are_left_out(tmp_path, capsys):
    """Half of them have no label, and one of the first is damaged."""
    folder = grey(tmp_path / "x", 40, 9)
    names = sorted(path.name for path in folder.iterdir())
    (folder / names[0]).write_bytes(b"")
    table = tmp_path / "l.csv"
    table.write_text("file,label\n" + "".join(f"{name},x\n" for name in names[::2]))
    recipe = GANRecipe(name="x", resolution=8, batch_size=3)
    data, _ = sampled(tmp_path, recipe, data=str(folder))
    assert len(data.parts["images"].images) == 23
    assert capsys.readouterr().err.count("left out") == 1
    data, _ = sampled(tmp_path, recipe, data=str(folder), labels=str(table))
    assert len(data.parts["images"].images) >= 3
    with pytest.raises(UserError, match="--batch-size 30 is larger than the data"):
        sampled(tmp_path, replace(recipe, batch_size=30), data=str(folder), labels=str(table))
    assert capsys.readouterr().err.count("left out") == 2


@pytest.mark.parametrize(
    ("settings", "settled"),
    [({}, "none"), ({"count": 100}, "diffaug"), ({"only": "hat"}, "auto")],
)
def test_a_dry_run_counts_the_pictures_that_there_will_be(tmp_path, settings, settled):
    recipe = GANRecipe(name="x", resolution=8, batch_size=1, augment="auto")
    data, asked = sampled(tmp_path, recipe, data="faces", **settings)
    assert fitted(recipe, data, asked, sample_only=True)[0].augment == settled


def test_a_run_goes_on_with_the_memory_check_off(tmp_path, train):
    assert train("--steps=2")[0] == 0
    code, words = train("--steps=3", "--resume", "--memory-check=off")
    assert code == 0, words


def test_a_dry_run_of_a_batch_of_one(tmp_path, train_recipe):
    """The quality of one picture cannot be measured, but there will be more."""
    folders = [f"--data={grey(tmp_path / 'x', 9, 0)}", f"--data-b={grey(tmp_path / 'y', 9, 99)}"]
    tiny = [
        "--resolution=32",
        "--g-filters=2",
        "--d-filters=2",
        "--blocks=1",
        "--batch-size=1",
        "--d-layers=1",
        "--quality-every=1",
    ]
    code, words = train_recipe("cyclegan", [*tiny, *folders], "--dry-run")
    assert code == 0, words


def test_a_run_among_the_pictures_of_its_second_domain(tmp_path):
    a, b = grey(tmp_path / "a", 2, 0), grey(tmp_path / "b", 2, 0)
    with pytest.raises(UserError, match="lies in the folder of pictures"):
        opened(tmp_path, data=str(a), data_b=str(b), out=str(b / "out"))
