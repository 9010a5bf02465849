"""A GAN on RGBA pictures of 16 × 24 px, from the command line to every kind of result."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import runs
from models import files
from runs import checkpoints
from serving.commands import evaluate, explore, export, generate
from tests.training.test_run import weights
from training import cli

pytestmark = pytest.mark.usefixtures("eagerly")
pytest.importorskip("tensorflow")

HEIGHT, WIDTH = 24, 16
TINY = [
    "sagan_cpu", "--g-filters=16", "--d-filters=8", "--latent-dim=8", "--batch-size=4",
    "--attention-resolution=8", "--precision=float32", "--picture-rows=2", "--picture-columns=2",
    "--workers=1", "--quality-every=0", "--decay=none",  # whose rates do not depend on --steps
]  # fmt: skip
SHAPE = ["--resolution=16x24", "--channels=4"]


def sprite(number):
    """A coloured ellipse; a hidden red around it."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    inside = ((x - 7.5) / 7) ** 2 + ((y - 11.5) / 11) ** 2 < 1
    pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    pixels[...] = (255, 0, 0, 0)
    pixels[inside] = (20 * number, 100, 200, 255)
    return pixels, inside


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes")
    (folder / "sprites").mkdir()
    for number in range(8):
        Image.fromarray(sprite(number)[0]).save(folder / "sprites" / f"{number}.png")
    return folder


def train(place, *options, out="out"):
    own = [f"--data={place / 'sprites'}", f"--cache-dir={place / 'cache'}", f"--out={place / out}"]
    try:
        return cli.run(None, [*TINY, *own, *options])
    except SystemExit as ended:
        return ended.code


@pytest.fixture(scope="module")
def run(place):
    """The folder of a finished run of four steps."""
    assert train(place, *SHAPE, "--steps=4", "--picture-every=2", "--checkpoint-every=2") == 0
    return runs.runs(place / "out")[0].folder


def test_the_run_shows_sprites_over_a_checkerboard(run):
    recipe = json.loads((run / "recipe.json").read_text())
    assert (recipe["resolution"], recipe["aspect"], recipe["channels"]) == (16, "2:3", 4)
    assert json.loads((run / "run.json").read_text())["overrides"]["resolution"] == "16x24"
    with Image.open(run / "reals.png") as reals:
        assert (reals.mode, reals.size) == ("RGB", (8 * (WIDTH + 2) + 2, HEIGHT + 4))
        first = np.asarray(reals)[2 : 2 + HEIGHT, 2 : 2 + WIDTH]
    inside = sprite(0)[1]
    assert set(np.unique(first[~inside])) == {216, 255}
    assert (first[inside][:, 1:] == (100, 200)).all()
    with Image.open(run / "fakes" / "step-00000004.png") as grid:
        assert grid.size == (2 * (WIDTH + 2) + 2, 2 * (HEIGHT + 2) + 2)
    with Image.open(run / "progress.gif") as film:
        assert film.n_frames == 3


def test_it_goes_on_bit_for_bit(place, run):
    assert train(place, *SHAPE, "--steps=2", out="parts") == 0
    assert train(place, *SHAPE, "--steps=4", "--resume", out="parts") == 0
    parts = runs.runs(place / "parts")[0].folder
    whole, other = (weights(checkpoints.newest(each / "checkpoints")) for each in (run, parts))
    assert whole.keys() == other.keys()
    assert all(np.array_equal(whole[name], other[name]) for name in whole)


def test_it_does_not_go_on_in_another_shape(place, run, capsys):
    options = [f"--resume={run}", "--steps=6"]
    assert train(place, *options, "--channels=3") == 2
    assert "channels was 4, now 3" in capsys.readouterr().err
    assert train(place, *options, "--resolution=24x16") == 2
    assert "aspect was '2:3', now '3:2'" in capsys.readouterr().err


def test_generated_pngs_keep_their_opacity(run, tmp_path):
    out = tmp_path / "made"
    options = [str(run), "--count=3", f"--out={out}", "--write", "png", "sheet", "npz"]
    assert generate.main(options) == 0
    arrays = np.load(out / "pictures.npz")["images"]
    assert arrays.shape == (3, HEIGHT, WIDTH, 4)
    for number, pixels in enumerate(arrays):
        with Image.open(out / f"{number:05d}.png") as image:
            assert (image.mode, image.size) == ("RGBA", (WIDTH, HEIGHT))
            np.testing.assert_array_equal(np.asarray(image), pixels)
    with Image.open(out / "sheet.png") as sheet:
        assert (sheet.mode, sheet.size) == ("RGB", (2 * (WIDTH + 2) + 2, 2 * (HEIGHT + 2) + 2))


@pytest.mark.parametrize(
    ("verb", "options", "names", "size"),
    [
        # Enlarged six times, to 128 px of height or more; tiles stay small.
        ("interpolate", ["--count=2", "--steps=2"], ["a.gif", "a.webp"], (6 * WIDTH, 6 * HEIGHT)),
        ("interpolate", ["--count=2", "--steps=2", "--tiles=4"], ["a.gif"], (38, 54)),
        ("walk", ["--rows=1", "--property=warmth"], ["a.gif"], (6 * WIDTH, 6 * HEIGHT)),
        ("walk", ["--rows=2", "--columns=3"], ["a.png"], None),
        ("truncation", ["--rows=2"], ["a.png"], None),
        ("arithmetic", ["--plus=1,2", "--minus=3"], ["a.png"], None),
        # Pictures 160 px wide, with two maps.
        ("attention", ["--count=2", "--points", "0.1,0.1", "0.9,0.9"], ["a.png"], (488, 486)),
    ],
)
def test_explore(run, tmp_path, verb, options, names, size):
    paths = [tmp_path / name for name in names]
    assert explore.main([verb, str(run), *options, "--out", *map(str, paths)]) == 0
    for path in paths:
        with Image.open(path) as image:
            assert size is None or image.size == size
            assert image.convert("RGBA").getextrema()[3] == (255, 255)  # shown, not see-through


def test_a_picture_is_projected_with_its_opacity(run, place, tmp_path):
    out = [str(tmp_path / "p.png"), str(tmp_path / "p.npz")]
    picture = str(place / "sprites" / "3.png")
    options = ["--steps=2", "--starts=1", "--out", *out]
    assert explore.main(["project", str(run), picture, *options]) == 0
    assert np.load(out[1])["latent"].shape == (8,)


@pytest.mark.parametrize("form", ["keras", "saved_model", "onnx", "litert"])
def test_every_export_says_what_it_makes(run, tmp_path, form):
    if form == "onnx":
        pytest.importorskip("tf2onnx"), pytest.importorskip("onnxruntime")
    if form == "litert":
        pytest.importorskip("ai_edge_litert")
    assert export.main([str(run), "--format", form, "--out", str(tmp_path / "x")]) == 0
    folder = next(path.parent for path in (tmp_path / "x").rglob("README.md"))
    known = json.loads((folder / "model.json").read_text())
    assert known["outputs"]["images"].startswith(f"float32 (N, {HEIGHT}, {WIDTH}, 4), RGBA")
    text = (folder / "README.md").read_text()
    assert text.startswith(f"# sagan_cpu generator, {WIDTH} × {HEIGHT} px, RGBA")
    code = text.split("```python\n")[1].split("```")[0]
    where = {"cwd": folder.parent}
    if form == "keras":
        code = code.replace(f'"{folder.name}/', f'"{folder}/')
        where = {}  # it needs the project's folder
    code = code.replace("pictures.png", str(tmp_path / "pictures.png"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, **where)
    assert done.returncode == 0, done.stderr[-2000:]
    with Image.open(tmp_path / "pictures.png") as strip:
        assert (strip.mode, strip.size) == ("RGBA", (16 * WIDTH, HEIGHT))


def test_it_is_measured_on_white_and_the_protocol_says_so(run, place, tmp_path):
    options = ["--samples=8", "--bootstrap=0", "--kid-subset=4", f"--data-cache={place / 'cache'}"]
    assert evaluate.main([str(run), *options, f"--json={tmp_path / 'r.json'}"]) == 0
    (record,) = json.loads((tmp_path / "r.json").read_text())
    real = record["protocol"]["real"]
    assert (real["resolution"], real["channels"], real["count"]) == ("16x24", 4, 8)


def test_folders_are_measured_in_a_shape_of_their_own(place, tmp_path, capsys):
    folder = str(place / "sprites")
    options = ["--fake", folder, "--real", folder, "--samples=8", "--bootstrap=0", "--floor=none"]
    where = [f"--data-cache={place / 'cache'}", f"--json={tmp_path / 'r.json'}"]
    assert evaluate.main([*options, *where, "--resolution=16x24"]) == 0
    (record,) = json.loads((tmp_path / "r.json").read_text())
    assert record["protocol"]["real"]["resolution"] == "16x24"
    assert "channels" not in record["protocol"]["real"]  # shown on white
    with pytest.raises(SystemExit):
        evaluate.main([*options, "--resolution=16:24"])
    assert "width x height such as 64x96, not '16:24'" in capsys.readouterr().err


def test_a_grey_generator_writes_grey_pngs(place, tmp_path):
    assert train(place, "--resolution=16", "--channels=1", "--steps=1", out="grey") == 0
    folder = runs.runs(place / "grey")[0].folder
    network, metadata = files.load(folder / "generator.keras")
    assert network.output_shape == (None, 16, 16, 1)
    assert metadata["recipe"]["channels"] == 1
    assert generate.main([str(folder), "--count=1", f"--out={tmp_path / 'made'}"]) == 0
    with Image.open(tmp_path / "made" / "00000.png") as image:
        assert (image.mode, image.size) == ("L", (16, 16))
    with Image.open(folder / "reals.png") as reals:
        levels = np.asarray(reals)[2:18, 2:18]
    assert (levels[..., :1] == levels).all()
    options = ["walk", str(folder), "--rows=1", "--property=saturation", "--out"]
    assert explore.main([*options, str(tmp_path / "w.png")]) == 0
    assert export.main([str(folder), "--format=keras", "--out", str(tmp_path / "x")]) == 0
    readme = next((tmp_path / "x").rglob("README.md")).read_text()
    assert "16 × 16 px, grey" in readme
    assert "list(images[..., 0])" in readme


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--resolution=17x24"], "nearest: 16x24"),
        (["--channels=2"], "'2' is unknown. Known: 1, 3, 4"),
        (["--resolution=16:24"], "such as 64x96, not '16:24'"),
    ],
)
def test_mistakes_are_one_line(place, options, words, capsys):
    assert train(place, *options, "--steps=1", out="none") == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert words in said[-1]
    assert not (place / "none").exists()


def test_what_has_no_shape_refuses_it(capsys):
    for options, words in (
        (["vae_cpu", "--channels=4"], "--channels is only for recipes of the system"),
        (["vae_cpu", "--resolution=64x96"], "the pictures of a vae are square"),
        (["gan", "--point-dim=2"], "train.py trains on pictures"),
    ):
        try:
            code = cli.run(None, options)
        except SystemExit as ended:
            code = ended.code
        assert code == 2
        assert words in capsys.readouterr().err
