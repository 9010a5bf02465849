import json
import zipfile

import keras
import numpy as np
import pytest

import serving
from console.errors import UserError
from models import files
from models.systems.gan.turns import GAN
from serving import subjects
from serving.generator import Generator
from serving.source import open_source
from tests.models import tiny as models_tiny
from tests.serving import tiny


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder that was stopped before its end: a checkpoint, no generator.keras."""
    folder = tmp_path_factory.mktemp("samples") / "00003-SAGAN_V6-faces"
    (folder / "checkpoints").mkdir(parents=True)
    recipe = models_tiny.recipe()
    gan = GAN(recipe, seed=4)
    gan.ema_generator.get_layer("stage_0_norm").beta.assign(np.ones(16))
    gan.save_weights(folder / "checkpoints" / "checkpoint-00000009.weights.h5")
    (folder / "recipe.json").write_text(json.dumps(recipe.to_dict()))
    (folder / "run.json").write_text(json.dumps({"precision": "float32", "data": {"name": "f"}}))
    return folder, gan


def same(network, other):
    return all(
        np.array_equal(a.numpy(), b.numpy())
        for a, b in zip(network.variables, other.variables, strict=True)
    )


def test_checkpoint_of_the_whole_gan(run):
    folder, gan = run
    source = open_source(folder)
    assert same(source.network, gan.ema_generator)
    assert source.recipe == gan.recipe
    assert source.metadata["data"] == "f"
    assert same(open_source(folder, "raw").network, gan.generator)
    assert not same(open_source(folder, "raw").network, gan.ema_generator)
    newest = next((folder / "checkpoints").iterdir())
    assert same(open_source(newest).network, gan.ema_generator)


def test_the_file_of_a_finished_run_and_its_best(run):
    folder, gan = run
    with pytest.raises(UserError, match=r"no best_generator\.keras"):
        open_source(folder, "best")
    made = tiny.source("attributes")
    for name, step in (("generator.keras", 9), ("best_generator.keras", 7)):
        files.save(made.network, folder / name, made.metadata | {"step": step})
    try:
        assert open_source(folder).origin.name == "generator.keras"
        assert open_source(folder, "best").metadata["labels"]["kind"] == "attributes"
        # A run that went on after its end, and was stopped, has come further than its file.
        files.save(made.network, folder / "generator.keras", made.metadata | {"step": 8})
        later = open_source(folder)
        assert later.origin.name == "checkpoint-00000009.weights.h5"
        assert same(later.network, gan.ema_generator)
    finally:
        (folder / "generator.keras").unlink(), (folder / "best_generator.keras").unlink()


def test_a_network_says_which_weights_it_holds(run, tmp_path):
    folder, _ = run
    made = tiny.source()
    for name in ("generator.keras", "best_generator.keras"):
        files.save(made.network, folder / name, made.metadata | {"step": 9})
    try:
        known = {weights: open_source(folder, weights) for weights in ("ema", "best", "raw")}
    finally:
        (folder / "generator.keras").unlink(), (folder / "best_generator.keras").unlink()
    for weights, source in known.items():
        assert source.metadata["weights"] == weights
        path = tmp_path / f"{weights}.keras"
        files.save(source.network, path, source.metadata)  # as an export does
        alone = Generator(open_source(path))
        assert alone.metadata["weights"] == weights
        averaged = subjects.Drawn.of(alone, subjects.Sampling()).passport()["weights"]
        assert averaged == ("raw" if weights == "raw" else "ema")
    lone = Generator(open_source(tiny.saved(tmp_path)))
    assert subjects.Drawn.of(lone, subjects.Sampling()).passport()["weights"] == "ema"


def test_load_a_lone_file(tmp_path):
    gan = serving.load(tiny.saved(tmp_path, "classes", precision="mixed_bfloat16"))
    assert gan.labels.names == ("cat", "dog", "owl")
    assert gan.sample(2, attributes="owl").images.shape == (2, 16, 16, 3)


def foreign(path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)


def cut_short(path):
    whole = tiny.saved(path.parent)
    data = whole.read_bytes()
    whole.unlink()
    path.write_bytes(data[: len(data) // 2])


def lambda_inside(path):
    z, y = keras.Input((8,)), keras.Input((), dtype="int32")
    keras.Model([z, y], keras.layers.Lambda(lambda x: 1 / 0, output_shape=(8,))(z)).save(path)
    with_member(path, {"recipe": models_tiny.recipe().to_dict()})


def unknown_field(path):
    foreign(path)
    with_member(path, {"recipe": {"name": "x", "colour": 1}})


def no_recipe(path):
    foreign(path)
    with_member(path, ["recipe"])


def with_member(path, value):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(files.MEMBER, json.dumps(value))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "There is no file"),
        (lambda path: path.write_text("hello"), "not a complete .keras file"),
        (cut_short, "not a complete .keras file"),
        (foreign, "does not carry a recipe"),
        (no_recipe, "does not carry a recipe"),
        (unknown_field, "no field 'colour'"),
        (lambda_inside, "cannot be loaded.*[Ll]ambda"),
    ],
    ids=["missing", "text", "cut", "foreign", "no recipe", "recipe", "code"],
)
def test_bad_files_are_one_line(tmp_path, make, words):
    path = tmp_path / "bad.keras"
    make(path)
    with pytest.raises(UserError, match=words) as raised:
        open_source(path)
    assert "\n" not in str(raised.value)


def test_a_generator_of_something_else(tmp_path):
    path = tmp_path / "other.keras"
    foreign(path)
    with_member(path, {"recipe": models_tiny.recipe().to_dict()})
    with pytest.raises(UserError, match="is not a generator"):
        open_source(path)


def test_weights_that_are_not_finite_are_refused(run, tmp_path):
    """They would make black pictures."""
    source = tiny.source()
    source.network.trainable_variables[1].assign(
        np.full(source.network.trainable_variables[1].shape, np.nan)
    )
    files.save(source.network, tmp_path / "g.keras", source.metadata)
    with pytest.raises(UserError, match=r"g.keras holds numbers that are not finite \(.*earlier"):
        open_source(tmp_path / "g.keras")
    folder, gan = run
    beta = gan.ema_generator.get_layer("stage_0_norm").beta
    before = beta.numpy()
    path = folder / "checkpoints" / "checkpoint-00000013.weights.h5"
    beta.assign(np.full(before.shape, np.inf))
    gan.save_weights(path)
    beta.assign(before)
    try:
        with pytest.raises(UserError, match="not finite"):
            open_source(path)
        assert open_source(path, "raw").network is not None
    finally:
        path.unlink()


def test_a_network_of_another_size_than_its_recipe_is_refused(tmp_path):
    source = tiny.source()
    recipe = source.recipe.to_dict() | {"resolution": 32}
    files.save(source.network, tmp_path / "g.keras", source.metadata | {"recipe": recipe})
    words = r"damaged: its network makes 16 × 16 × 3, and its recipe says 32 × 32 × 3"
    with pytest.raises(UserError, match=words):
        open_source(tmp_path / "g.keras")


def test_folders_that_are_no_runs(tmp_path):
    with pytest.raises(UserError, match="is not a run folder: it holds no"):
        open_source(tmp_path)
    with pytest.raises(UserError, match="no run folder"):
        open_source(tmp_path / "nothing")
    (tmp_path / "x.weights.h5").write_bytes(b"")
    with pytest.raises(UserError, match="lies in no run's checkpoints folder"):
        open_source(tmp_path / "x.weights.h5")
    with pytest.raises(UserError, match="Known: ema, best, raw"):
        open_source(tmp_path, "newest")


def test_a_damaged_checkpoint(run, tmp_path):
    folder, _ = run
    path = folder / "checkpoints" / "checkpoint-00000012.weights.h5"
    path.write_bytes(b"\x89HDF damaged")
    try:
        with pytest.raises(UserError, match="cannot be read"):
            open_source(folder)
    finally:
        path.unlink()
