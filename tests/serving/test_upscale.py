"""An upscaler in use: pictures of any size by tiles, translate.py, export.py, evaluate.py."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import runs
import serving
from datasets import decode
from metrics import fidelity
from models import files
from models.resizing import small_copies
from models.systems.srgan.turns import SRGAN
from serving import picture_files, upscaler, upscaling
from serving.commands import evaluate, export, generate, translate
from tests.models import tiny_srgan
from tests.serving.mistakes import failed

pytestmark = pytest.mark.usefixtures("eagerly")
DATA = 220  # faces, of which a tenth is held out


@pytest.fixture(scope="module")
def system():
    """An SRGAN whose pictures differ from bicubic ones."""
    made = SRGAN(tiny_srgan.recipe(), seed=1)
    rng = np.random.default_rng(0)
    for variable in made.ema_generator.variables:
        if "norm" in variable.path:
            change = rng.uniform(0.5, 1.5, variable.shape)
            variable.assign(np.array(variable) * change + 0.1 * ("mean" in variable.path))
    return made


@pytest.fixture(scope="module")
def run(system, tmp_path_factory):
    """The folder of a run as if trained on faces, with its upscaler."""
    here = runs.create(tmp_path_factory.mktemp("samples"), "srgan_cpu", "faces")
    settings = {"data": "faces", "count": DATA}
    here.write(system.recipe, {"settings": settings, "data": {}, "precision": "float32"})
    metadata = {"verb": "upscale", "recipe": system.recipe.to_dict(), "step": 2}
    files.save(system.output("upscaler"), here.output("upscaler"), metadata)
    return here.folder


@pytest.fixture(scope="module")
def large(run):
    return serving.load_translator(run)


def whole(system, picture):
    """The picture enlarged in one piece, in levels."""
    return np.clip(np.rint((system.enlarge(picture[None])[0] + 1) * 127.5), 0, 255)


def noise(height, width, channels=3, seed=0):
    shape = (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


# === Tiles ===


@pytest.mark.parametrize("shape", [(1, 1), (7, 30), (16, 16), (17, 40), (61, 33)])
def test_tiles_give_the_picture_as_a_whole(system, large, shape, monkeypatch):
    monkeypatch.setattr(upscaler, "TILE", 16)
    picture = noise(*shape)
    made = large.upscale(picture)
    assert made.shape == (4 * shape[0], 4 * shape[1], 3)
    assert np.abs(made - whole(system, picture)).max() <= 1


def test_a_tile_sees_as_far_as_the_network_and_no_farther(system, large):
    """A changed pixel reaches `reach` pixels at most, and would reach a tile without overlap."""
    picture = noise(40, 40)
    other = picture.copy()
    other[:, 20] = 255 - other[:, 20]
    changed = np.abs(system.enlarge(picture[None]) - system.enlarge(other[None])).max((0, 1, 3))
    columns = np.flatnonzero(changed > 1e-6) // 4
    assert 20 - columns.min() <= large.reach
    assert columns.max() - 20 <= large.reach
    assert columns.max() - columns.min() > 8


def test_windows_have_one_size_wherever_there_is_room():
    for length in (10, 24, 100):
        for part, _ in upscaler.tiles((length, 1), 16):
            found = upscaler.window(part, 24, 4, length)
            assert found.stop - found.start == min(24, length)
            assert found.start <= max(part.start - 4, 0)
            assert found.stop >= min(part.stop + 4, length)
            assert 0 <= found.start <= found.stop <= length
    covered = np.zeros((37, 50), int)
    for rows, columns in upscaler.tiles(covered.shape, 16):
        covered[rows, columns] += 1
    assert (covered == 1).all()


def test_large_pictures_take_the_memory_of_a_tile(large, monkeypatch):
    seen = []
    network = large.network

    class Watched:
        inputs = network.inputs

        def predict_on_batch(self, x):
            seen.append(x.shape)
            return network.predict_on_batch(x)

    monkeypatch.setattr(large, "network", Watched())
    monkeypatch.setattr(upscaler, "TILE", 32)
    ticks = []
    large.upscale(noise(100, 150), lambda: ticks.append(1))
    side = 32 + 2 * large.reach
    assert set(seen) == {(1, side, side, 3)}  # one shape, so compiled once
    assert len(ticks) == len(seen) == large.count(noise(100, 150)) == 4 * 5


def test_large_pictures_show_how_far_they_are(large, monkeypatch, capfd):
    monkeypatch.setattr(upscaler, "TILE", 16)
    large.apply([noise(40, 40)])  # 9 tiles
    assert "/9 [" in capfd.readouterr().err
    large.apply([noise(16, 16)])
    assert capfd.readouterr().err == ""


def test_a_sheet_shows_the_same_middle_part_of_both(large):
    before, after = noise(100, 80), noise(400, 320, seed=1)
    coarse, fine = large.pair(before, after)
    repeated = np.kron(before, np.ones((4, 4, 1), np.uint8))
    np.testing.assert_array_equal(coarse, repeated[72:328, 32:288])  # 256 px
    np.testing.assert_array_equal(fine, after[72:328, 32:288])
    coarse, fine = large.pair(noise(4, 6, 4), noise(16, 24, 4))
    for shown in (coarse, fine):
        assert shown.shape == (256, 256, 3)
        assert (shown[16:] == 255).all()
        assert (shown[:, 16:] == 255).all()
        assert (shown[:16, :16] < 255).any()


# === Files ===


def upscaled(*arguments):
    assert translate.main([str(each) for each in arguments]) == 0


def test_a_folder_of_all_sizes_keeps_names_and_opacity(run, system, tmp_path, capsys):
    place, out = tmp_path / "in", tmp_path / "out"
    (place / "deep").mkdir(parents=True)
    rgb, glass, grey = noise(9, 14), noise(8, 8, 4), noise(6, 5)[..., 0]
    Image.fromarray(rgb).save(place / "deep" / "a.png")
    Image.fromarray(glass).save(place / "b.png")
    Image.fromarray(grey).save(place / "c.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(place / "d.png")
    Image.fromarray(rgb).save(place / "e.jpg", quality=95)
    (place / "broken.png").write_bytes(b"nothing")
    sheet = tmp_path / "sheet.png"
    upscaled(run, place, "--out", out, "--sheet", sheet)
    words = capsys.readouterr().err
    assert "upscale    4 times as large" in words
    assert "left out   1 that cannot be read" in words
    with Image.open(out / "deep" / "a.png") as made:
        assert np.abs(np.asarray(made) - whole(system, rgb)).max() <= 1
    with Image.open(out / "b.png") as made:
        assert made.mode == "RGBA"
        pixels = np.asarray(made).astype(int)
    assert np.abs(pixels[..., :3] - whole(system, glass[..., :3])).max() <= 1
    opacity = Image.fromarray(glass[..., 3]).resize((32, 32), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(pixels[..., 3], np.asarray(opacity))
    three = np.repeat(grey[..., None], 3, axis=2)
    for name in ("c.png", "d.png"):
        with Image.open(out / name) as made:
            assert np.abs(np.asarray(made) - whole(system, three)).max() <= 1
    with Image.open(out / "e.jpg") as made:
        assert made.size == (56, 36)
    with Image.open(sheet) as page:
        assert page.size[0] > 256


def test_pictures_are_read_one_by_one_since_they_may_be_large(large, tmp_path, monkeypatch):
    for number in range(3):
        Image.fromarray(noise(4, 4, seed=number)).save(tmp_path / f"{number}.png")
    order = []
    read, apply = large.read, large.apply
    monkeypatch.setattr(large, "read", lambda path: order.append("read") or read(path))
    monkeypatch.setattr(large, "apply", lambda *given: order.append("apply") or apply(*given))
    jobs = picture_files.plan(tmp_path, tmp_path / "out", False)
    picture_files.carry_out(large, jobs, lambda *_: None, lambda: None, 16)
    assert order == ["read", "apply"] * 3


def test_a_film_frame_by_frame(run, system, tmp_path):
    frames = [Image.fromarray(noise(8, 12, seed=n)).quantize(16).convert("RGB") for n in range(3)]
    frames[0].save(
        tmp_path / "w.webp", save_all=True, append_images=frames[1:], duration=[50, 200, 30],
        lossless=True,
    )  # fmt: skip
    upscaled(run, tmp_path / "w.webp", "--out", tmp_path / "out")
    with Image.open(tmp_path / "out" / "w.webp") as made:
        assert (made.n_frames, made.size) == (3, (48, 32))
        for number, shown in enumerate((50, 200, 30)):
            made.seek(number)
            found = np.asarray(made.convert("RGB")).astype(int)
            assert made.info["duration"] == shown
            assert np.abs(found - whole(system, np.asarray(frames[number]))).mean() < 20


def test_the_help_and_what_it_cannot_do(run, tmp_path, capsys):
    with pytest.raises(SystemExit):
        translate.main([str(run), "--help"])
    assert "larger pictures." in " ".join(capsys.readouterr().out.split())
    Image.fromarray(noise(8, 8)).save(tmp_path / "x.png")
    out = ("--out", tmp_path / "out")
    line = failed(capsys, translate.main, run, tmp_path / "x.png", *out, "--back")
    assert "holds a srgan, which has no way back" in line
    line = failed(capsys, generate.main, run, *out)
    assert "holds a srgan: it cannot generate, it can upscale (see translate.py)" in line


def test_pixels_are_read_as_they_are(tmp_path):
    opaque = noise(3, 4, 4)
    opaque[..., 3] = 255
    Image.fromarray(opaque).save(tmp_path / "o.png")
    np.testing.assert_array_equal(decode.read_pixels(tmp_path / "o.png"), opaque[..., :3])
    glass = noise(3, 4, 4)
    Image.fromarray(glass).save(tmp_path / "g.png")
    np.testing.assert_array_equal(decode.read_pixels(tmp_path / "g.png"), glass)


# === Export ===


@pytest.mark.parametrize("form", ["keras", "saved_model", "onnx", "litert"])
def test_exports_take_pictures_of_any_size(form, run, system, tmp_path):
    if form == "onnx":
        pytest.importorskip("tf2onnx")
    pytest.importorskip("tensorflow")
    from serving.export import formats
    from serving.export.graph import PortableTranslator

    assert export.main([str(run), "--format", form, "--out", str(tmp_path)]) == 0
    network = formats.FORMS[form].read(tmp_path / form, PortableTranslator)
    shapes = [(64, 64)] if form == "litert" else [(5, 9), (12, 12)]
    for shape in shapes:
        picture = noise(*shape)
        found = network({"pictures": picture[None] / np.float32(127.5) - np.float32(1)})
        np.testing.assert_allclose(found, system.enlarge(picture[None]), atol=1e-4)
    known = json.loads((tmp_path / form / "model.json").read_text())
    size = [64, 64] if form == "litert" else ["h", "w"]
    assert known["inputs"]["pictures"]["shape"] == ["N", *size, 3]
    large = "256, 256" if form == "litert" else "4 h, 4 w"
    assert known["outputs"]["images"] == f"float32 (N, {large}, 3), RGB from -1 to 1"


# === Evaluation ===


def test_evaluation_sets_it_beside_nearest_and_bicubic(run, system, tmp_path, capsys):
    out = tmp_path / "report"
    options = ["--samples", "22", "--bootstrap", "0", "--floor", "none", "--out", str(out)]
    options += ["--data-cache", str(tmp_path / "cache"), "--feature-cache", str(tmp_path / "f")]
    assert evaluate.main([str(run), *options]) == 0
    words = capsys.readouterr().out
    assert "22 pictures against 22 of 'faces-held-out' at 32 px" in words
    assert "held-out: 22 pictures that were not trained on, shrunk and enlarged again" in words
    assert "FD-lite1@240" in words  # lite0 compared its content
    ways = json.loads((out / "held_out_0.json").read_text())["ways"]
    assert list(ways) == ["nearest", "bicubic", "network"]
    # A network that saw nothing is worse; of the others bicubic is nearer, and nearest sharper.
    assert ways["network"]["psnr"]["value"] < ways["nearest"]["psnr"]["value"]
    assert ways["nearest"]["psnr"]["value"] < ways["bicubic"]["psnr"]["value"]
    assert ways["nearest"]["gradients"] < ways["bicubic"]["gradients"]
    assert ways["bicubic"]["consistency"] < 12
    with Image.open(out / "held_out_0.png") as page:
        assert page.size[0] == 4 * 34 + 2


def test_pictures_without_any_error_are_not_in_the_psnr(system, large):
    """A flat picture, which every simple way restores: its PSNR is infinite."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    truth[1] = 128
    made = SimpleNamespace(
        scale=system.recipe.scale, origin="x", degraded=lambda x: small_copies(x, 4),
        apply=lambda small: [np.repeat(np.repeat(each, 4, 0), 4, 1) for each in small],
    )  # fmt: skip
    extractor = SimpleNamespace(measure_name=lambda _: "FD")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upscaling, "extract", lambda e, x, progress: SimpleNamespace(pool=0))
        patch.setattr(upscaling, "frechet_distance", lambda *_: 0.0)
        found = upscaling.measure(made, truth, extractor)
        ways = found.values["ways"]
        expected = np.delete(
            fidelity.psnr(np.stack(made.apply(small_copies(truth, 4))), truth, 4), 1
        )
        assert ways["network"]["psnr"]["value"] == pytest.approx(expected.mean())
        assert [way["exact"] for way in ways.values()] == [1, 1, 1]
        assert "restored without error, and not in the PSNR: 1 picture by nearest" in found.text
        assert np.isfinite(json.loads(json.dumps(ways))["nearest"]["psnr"]["high"])
        flat = upscaling.measure(made, truth[1:2], extractor)
        assert flat.values["ways"]["network"]["psnr"]["value"] == 100


def test_a_history_of_checkpoints_is_for_generators(run, tmp_path, capsys):
    (run / "checkpoints").mkdir(exist_ok=True)
    (run / "checkpoints" / "checkpoint-00000002.weights.h5").write_bytes(b"")
    line = failed(capsys, evaluate.main, run, "--history", "checkpoints")
    assert "measures generators, and" in line
    assert "holds a srgan; name its checkpoints one by one" in line
