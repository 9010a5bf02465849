"""The generators that come with the project: found by name, whole, and drawing what they drew."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import serving
from console.errors import UserError
from models import recipes, shipped, transfer
from models.systems import recipe_of
from models.systems.gan.turns import GAN
from serving.commands import explore, export, generate, translate
from tests.serving.mistakes import failed
from training import finetuning

# Made by this command; see `test_it_draws_the_stored_pictures`.
GOLDEN = Path(__file__).parent / "golden" / "anime.png"
ASKED = ["anime", "--count", "8", "--seed", "7", "--attributes", "blue hair, green eyes, glasses",
         "--write", "sheet"]  # fmt: skip


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_it_draws_the_stored_pictures(tmp_path):
    assert generate.main([*ASKED, "--out", str(tmp_path / "made")]) == 0
    made, stored = pixels(tmp_path / "made" / "sheet.png"), pixels(GOLDEN)
    assert made.shape == stored.shape
    assert np.abs(made - stored).max() <= 2
    assert stored.std() > 30


@pytest.mark.parametrize("name", shipped.names())
def test_each_is_small_and_says_where_it_comes_from(name):
    folder = shipped.FOLDER / name
    assert (folder / "generator.keras").stat().st_size < 3_000_000
    card = json.loads((folder / "model.json").read_text("utf-8"))
    assert card["passport"]["data"] == "faces"
    assert card["passport"]["step"] > 10_000
    assert card["passport"]["largest_error"] < 4 / 255
    assert (folder / "discriminator.keras").stat().st_size < 1_500_000
    assert "generator.keras" in (folder / "README.md").read_text("utf-8")
    assert card["passport"]["passport"]["results"]["FD-lite0@224"]["value"] < 40
    generator = serving.load(name)
    assert generator.recipe == recipe_of(card["recipe"])
    assert len(generator.labels.names) == 34


def test_a_name_is_found_unless_something_of_the_users_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shipped.names() == ("anime",)
    assert shipped.found("anime") == shipped.FOLDER / "anime" / "generator.keras"
    assert shipped.found("0") == "0"
    assert shipped.found("models") == "models"
    (tmp_path / "anime").mkdir()  # as --out anime makes it
    (tmp_path / "anime" / "00000.png").touch()
    assert shipped.found("anime") == shipped.FOLDER / "anime" / "generator.keras"
    (tmp_path / "anime" / "recipe.json").write_text("{")
    assert shipped.found("anime") == "anime"
    with pytest.raises(UserError, match="anime"):
        serving.load("anime")


def test_every_way_to_open_one_knows_the_name(tmp_path):
    assert serving.load_any("anime").recipe == serving.load("anime").recipe
    with pytest.raises(UserError, match="holds one network; --network translator needs a run"):
        serving.load_any("anime", network="translator")
    assert export.main(["anime", "--format", "keras", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "keras" / "generator.keras").exists()


@pytest.mark.parametrize(
    ("main", "arguments", "words"),
    [
        (translate.main, ["anime", "a.png", "--out", "o"], "it can generate (see generate.py)"),
        (translate.main, ["anime", "a.png", "--back", "--out", "o"], "holds one network; for the"),
        (explore.main, ["vector", "anime", "--of", "smile", "--out", "o.png"],
         "anime holds one network; for an encoder and a decoder give the run"),
    ],
)  # fmt: skip
def test_commands_that_cannot_use_one_say_why(
    main, arguments, words, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 64)).save("a.png")
    assert words in failed(capsys, main, *arguments)


def test_a_training_goes_on_with_it(tmp_path):
    """Its two files belong together, and are those of a recipe of today."""
    found = finetuning.find("anime", str(tmp_path))
    assert (found.recipe.name, found.recipe.num_labels) == ("sagan_cpu", 34)
    assert found.record() == {
        "file": "generator.keras", "step": 36_000, "recipe": "sagan_cpu", "data": "faces",
    }  # fmt: skip
    finetuning.check(recipes.load("sagan_cpu"), "anime", str(tmp_path))
    with pytest.raises(UserError, match=r"recipe sagan trains on 128 × 128 × 3 .*give its recipe"):
        finetuning.check(recipes.load("sagan"), "anime", str(tmp_path))
    networks = found.networks().networks
    plain = GAN(recipes.load("sagan_cpu"), seed=0)
    assert all(
        networks[name].inputs[1].shape[1:] == (34,) for name in ("generator", "discriminator")
    )
    taken = transfer.take(plain, found.networks(), None, found.labels)
    assert str(taken[1]) == "discriminator whole"


def test_it_comes_with_every_installation():
    """Nothing that git ignores: what is not in the repository is not there after a clone."""
    ignored = (shipped.FOLDER.parents[1] / ".gitignore").read_text("utf-8").split()
    assert not {"*.keras", "models/shipped", "*.json"} & set(ignored)
