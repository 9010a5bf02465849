"""A StackGAN from the command line: two stages in one run, resumes in both, all kinds of captions.

Its networks are then used: `generate.py --text`, `explore.py stages`, exports.
"""

import functools
import json
import shutil

import numpy as np
import pytest

import runs
from datasets.text import WordEncoder
from models import files
from runs.rows import read_rows
from serving.commands import explore, generate
from tests.training.running import assert_it_goes_on, assert_refused
from training.feed import Feed

pytestmark = pytest.mark.usefixtures("eagerly")

TINY = ["--resolution=32", "--ratio=2", "--g-filters=4", "--d-filters=2", "--blocks=1",
        "--condition-dim=3", "--noise-dim=4", "--batch-size=4", "--first-steps=2", "--steps=4",
        "--together=2", "--precision=float32", "--workers=1", "--picture-rows=2",
        "--picture-columns=3", "--checkpoint-every=1", "--checkpoints=20",
        "--picture-every=1"]  # fmt: skip
WORDS = ("red", "blue", "green", "grey")


def caption(index):
    """Two captions of picture `index`."""
    return [f"a {WORDS[index % 4]} square", f"square number {index}, {WORDS[index % 4]}"]


@pytest.fixture
def told(pictures, tmp_path):
    """The pictures, with captions in files beside them."""
    folder = tmp_path / "told"
    shutil.copytree(pictures, folder)
    for index in range(16):
        (folder / f"{index}.txt").write_text("\n".join(caption(index)))
    return folder


@pytest.fixture
def run(train_recipe, told):
    """`run("--steps=9")` → (exit code, its words)."""
    return functools.partial(train_recipe, "stackgan", [*TINY], f"--data={told}")


def test_two_stages_in_one_run(run, told, tmp_path, capfd):
    code, words = run(f"--data={told}")
    assert code == 0, words
    assert "phases     stage_1 2 steps, stage_2 2 steps" in words
    # square, four colours, number, 16 numbers; a colour and square, number and square, and so on
    size = 1 + 4 + 1 + 16 + 4 + 1 + 16
    assert f"32 captions as vectors of {size} numbers" in words
    (whole,) = (each.folder for each in runs.runs(tmp_path / "out"))
    rows = read_rows(whole / "losses.csv")
    assert len(rows) == 4
    assert set(rows[0]) >= {"d_loss", "d_wrong", "g_loss", "divergence"}
    made = {name: files.load(whole / f"{name}.keras") for name in ("generator", "stage_1")}
    for name, (network, metadata) in made.items():
        assert (metadata["verb"], metadata["step"]) == ("generate", 4)
        assert metadata["recipe"] == json.loads((whole / "recipe.json").read_text())
        assert network.output_shape == (None, 32, 32, 3), name
        assert set(metadata["text"]["examples"]) <= {t for n in range(16) for t in caption(n)}
    assert metadata["recipe"]["text_dim"] == size
    learned = WordEncoder.learn(t for n in range(16) for t in caption(n))
    assert metadata["text"]["encoder"]["features"] == list(learned.features)
    assert_it_goes_on(functools.partial(run, f"--data={told}"), whole, 1)
    _used(whole, tmp_path, capfd)


def _used(whole, tmp_path, capfd):
    out, text = tmp_path / "made", "a blue square and a purple one"
    assert generate.main([str(whole), "--count=3", f"--out={out}", f"--text={text}"]) == 0
    said = capfd.readouterr().err
    assert "text       blue square" in said
    assert "never seen in training, passed over: 'purple', 'one'" in said
    assert len(list(out.glob("0*.png"))) == 3
    assert json.loads((out / "pictures.json").read_text())["text"] == text
    young = next(whole.glob("checkpoints/*00000001*"))
    page = tmp_path / "s.png"
    command = ["stages", str(young), "--captions", "red", f"--out={page}"]
    assert explore.main(command) == 0, capfd.readouterr().err


def test_other_captions_do_not_go_on(run, told, tmp_path):
    csv = tmp_path / "captions.csv"
    csv.write_text("file,caption\n" + "".join(
        f'{n}.png,"{text}"\n' for n in range(16) for text in caption(n)
    ))  # fmt: skip
    code, words = run(f"--captions={csv}", "--steps=3")
    assert code == 0, words
    csv.write_text(csv.read_text().replace("number 3", "number 4"))
    code, words = run(f"--captions={csv}", "--steps=4", "--resume")
    assert code == 2
    assert "data.captions was" in words


def test_own_vectors(run, told, tmp_path, capfd):
    texts = sorted({text for n in range(16) for text in caption(n)})
    vectors = np.random.default_rng(0).standard_normal((len(texts), 6))
    np.savez(tmp_path / "v.npz", texts=np.array(texts), vectors=vectors)
    own = [f"--vectors={tmp_path / 'v.npz'}", "--steps=3"]
    code, words = run(*own)
    assert code == 0, words
    assert "captions as vectors of 6 numbers" in words
    (whole,) = (each.folder for each in runs.runs(tmp_path / "out"))
    metadata = files.load(whole / "generator.keras")[1]
    scale = metadata["text"]["encoder"]["scale"]
    first = texts.index(metadata["text"]["examples"][0])
    np.testing.assert_allclose(metadata["text"]["vectors"][0], scale * vectors[first], rtol=1e-5)
    np.savez(tmp_path / "v.npz", texts=np.array(texts), vectors=vectors[::-1])
    code, words = run(own[0], "--steps=4", "--resume")
    assert code == 2
    assert "data.vectors was" in words
    np.save(tmp_path / "one.npy", vectors[0])
    made = [str(whole), "--count=2", f"--vector={tmp_path / 'one.npy'}"]
    assert generate.main([*made, f"--out={tmp_path / 'a'}"]) == 0, capfd.readouterr().err
    assert json.loads((tmp_path / "a" / "pictures.json").read_text())["vector"] == "one.npy"
    asked = [str(whole), "--text=a red square", f"--out={tmp_path / 'b'}"]
    assert generate.main(asked) == 2
    assert "give the sentence's vector with --vector FILE.npy" in capfd.readouterr().err


def test_faces_tell_themselves(train_recipe, cache, tmp_path):
    options = ["--data=faces", "--count=40", "--steps=3", f"--cache-dir={cache}"]
    code, words = train_recipe("stackgan", TINY, *options)
    assert code == 0, words
    assert "240 captions as vectors of" in words


# === What reaches a batch ===


def test_a_feed_gives_each_picture_its_own_captions(told, tmp_path):
    import dataclasses

    import datasets
    from tests.models import tiny_stackgan

    data = datasets.open_data(told, 32, captions="files", cache_dir=tmp_path, workers=1)
    texts = [text for each in data.captions for text in each]
    data = dataclasses.replace(data, encoder=WordEncoder.learn(texts))
    recipe = tiny_stackgan.recipe(together=1, text_dim=data.encoder.size)
    feed = Feed(data, recipe, seed=4)
    for step in range(6):
        batch = feed.batch(step)
        rows = feed._domains["images"].rows(step)
        for row, own, wrong in zip(rows, batch["text"][:, 0], batch["wrong"][:, 0], strict=True):
            known = data.encoder.encode(data.captions[row])
            assert (known == own).all(axis=1).any()
            assert not (known == wrong).all(axis=1).any()
    again = Feed(data, recipe, seed=4).batch(5)
    for name in ("text", "wrong", "latents"):
        np.testing.assert_array_equal(again[name], batch[name])
    half = Feed(data, recipe, seed=4, rows=np.array([2, 0])).batch(5)
    np.testing.assert_array_equal(half["text"], batch["text"][[2, 0]])
    other = Feed(data, recipe, seed=5).batch(5)
    assert (other["text"] != batch["text"]).any()


# === Mistakes ===


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ratio=4"], "leaves Stage I 8 px"),
        (["--first-steps=9"], "first_steps 9 leave none of 4 steps for Stage II"),
        (["--no-augmentation", "--kl-weight=2"], "kl_weight is read only where augmentation is"),
        (["--captions=drawn"], "Captions are made for 'faces' only"),
        (["--captions=nowhere.csv"], "Captions 'nowhere.csv' are neither a CSV file nor 'files'"),
        (["--vectors=nowhere.npz"], "nowhere.npz is not a complete .npz file"),
        (["--loss=hinge"], "--loss"),
        (["--control-samples=5"], "takes no labels"),
    ],
)
def test_a_mistake_is_one_line_before_training(options, message, run, tmp_path):
    assert_refused(run(*options), message, tmp_path / "out")


@pytest.mark.parametrize("option", ["--captions=files", "--vectors=v.npz"])
def test_captions_are_for_networks_that_take_some(option, train, tmp_path):
    assert_refused(train(option), "is for recipes that take captions", tmp_path / "out")


def test_an_empty_caption_and_pictures_without_one(run, told, tmp_path):
    (told / "3.txt").write_text("\n \n")
    assert_refused(run(), "3.txt' is empty; write a caption or delete the file", tmp_path / "out")
    (told / "3.txt").unlink()
    (told / "99.txt").write_text("a picture that is not there")
    code, words = run("--steps=3")
    assert code == 0, words
    assert "left out   1 unusable pictures: 3.png (has no .txt beside it)" in words
    assert "captions of pictures that are not there: 1 ('99.txt')" in words


def test_captions_that_say_all_the_same(run, told, tmp_path):
    for path in told.glob("*.txt"):
        path.write_text("a square")
    assert_refused(run(), "All 16 captions have the same words ('square')", tmp_path / "out")


def test_a_folder_without_captions(run, pictures, tmp_path):
    answer = run(f"--data={pictures}")
    assert_refused(answer, "has a caption for none of the pictures", tmp_path / "out")
