"""translate.py: every kind of input, and what it refuses in one line."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import runs
import serving
from datasets import decode
from foreign.files import write_json
from models import files
from serving.commands import evaluate, explore, generate, translate
from tests.serving import tiny
from tests.serving.conftest import TITLES
from tests.serving.mistakes import failed


def picture(path, size=(16, 16), seed=0, mode="RGB"):
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], len(mode)), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels, mode).save(path)
    return path


def expected(system, path, back=False):
    """The picture's 16 px as the training reads them, through the averaged network."""
    made = system.translate(decode.read(path, 16)[0][None], back)[0]
    return np.clip(np.rint((made + 1) * 127.5), 0, 255)


def translated(*arguments):
    assert translate.main([str(each) for each in arguments]) == 0


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_a_sheet_that_exists_is_replaced_only_when_asked(run, tmp_path, capsys):
    source, sheet = picture(tmp_path / "in" / "x.png"), picture(tmp_path / "s.png", seed=5)
    before = sheet.read_bytes()
    given = (run, source, "--out", tmp_path / "out", "--sheet", sheet)
    assert "s.png exists; --overwrite replaces it" in failed(capsys, translate.main, *given)
    assert sheet.read_bytes() == before
    translated(*given, "--overwrite")
    assert sheet.read_bytes() != before


@pytest.mark.parametrize("back", [False, True])
def test_one_picture(run, system, tmp_path, back):
    source = picture(tmp_path / "in" / "x.png", size=(40, 24))
    before = source.read_bytes()
    translated(run, source, "--out", tmp_path / "y.png", *(["--back"] if back else []))
    assert np.abs(pixels(tmp_path / "y.png") - expected(system, source, back)).max() <= 1
    assert source.read_bytes() == before
    translated(run, source, "--out", tmp_path / "folder")
    assert (tmp_path / "folder" / "x.png").exists()


def test_a_folder_keeps_its_names_and_names_what_it_cannot_read(run, system, tmp_path, capsys):
    place = tmp_path / "in"
    sources = [picture(place / f"{n}.png", seed=n) for n in range(5)]
    sources += [picture(place / "deep" / "er" / name) for name in ("j.jpg", "w.webp", "b.bmp")]
    sources += [picture(place / "glass.png", mode="RGBA")]
    (place / "broken.png").write_bytes(sources[0].read_bytes()[:99])
    (place / "notes.txt").write_text("no picture")
    sheet = tmp_path / "sheet.png"
    translated(run, place, "--out", tmp_path / "out", "--batch-size", 4, "--sheet", sheet)
    made = {path.relative_to(tmp_path / "out").as_posix()
            for path in (tmp_path / "out").rglob("*") if path.is_file()}  # fmt: skip
    assert made == {path.relative_to(place).as_posix() for path in sources}
    for path in sources:
        error = np.abs(pixels(tmp_path / "out" / path.relative_to(place)) - expected(system, path))
        assert error.max() <= (40 if path.suffix == ".jpg" else 1), path
        assert error.mean() <= 4, path
    words = capsys.readouterr().err
    assert "translate  day → night" in words
    assert "left out   1 that cannot be read: " in words
    assert "broken.png (" in words
    assert "done: 9 files" in words
    with Image.open(sheet) as page:
        assert page.size == (8 * 18 + 2, 3 * 18 + 2)  # 18 pictures in pairs, eight a row
        first = np.asarray(page)[2:18, 2:18]
    np.testing.assert_array_equal(first, pixels(sources[0]))


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_film_frame_by_frame(run, system, tmp_path, suffix):
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).quantize(16)
              for _ in range(5)]  # fmt: skip
    frames = [frame.convert("RGB") for frame in frames]
    times = [50, 200, 30, 1000, 70]
    more = {"lossless": True} if suffix == ".webp" else {}
    source = tmp_path / f"walk{suffix}"
    frames[0].save(source, save_all=True, append_images=frames[1:], duration=times, loop=0, **more)
    translated(run, source, "--out", tmp_path / "out", "--batch-size", 2)
    with Image.open(tmp_path / "out" / source.name) as made, Image.open(source) as given:
        assert made.n_frames == 5
        for number, milliseconds in enumerate(times):
            made.seek(number), given.seek(number)
            found, shown = np.asarray(made.convert("RGB")).astype(int), given.convert("RGB")
            assert made.info["duration"] == milliseconds
            wanted = system.translate(np.asarray(shown)[None])[0]
            assert np.abs(found - (wanted + 1) * 127.5).mean() < 20  # lossy; another frame: 60


def test_python_gives_what_the_command_gives(run, system, tmp_path):
    there = serving.load_translator(run)
    assert (there.title, there.verb, there.resolution) == ("day → night", "translate", 16)
    assert serving.load_translator(run, back=True).title == "night → day"
    source = picture(tmp_path / "x.png")
    made = there.translate(there.read(source)[None])
    assert (made.dtype, made.shape) == (np.uint8, (1, 16, 16, 3))
    assert np.abs(made[0] - expected(system, source)).max() <= 1
    lone = serving.load_translator(run / "translator_back.keras")
    assert lone.title == "night → day"


def test_a_checkpoint_gives_the_averaged_or_the_raw_network(system, run, tmp_path):
    here = runs.create(tmp_path / "samples", "cyclegan_cpu", "days")
    here.write(system.recipe, {"data": {"domains": TITLES}, "precision": "float32"})
    here.checkpoints.mkdir()
    system.save_weights(here.checkpoints / "checkpoint-00000002.weights.h5")
    shown = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype("uint8")
    for weights, back in (("ema", False), ("raw", True)):
        found = serving.load_translator(here.folder, weights, back)
        made = system.translate(shown, back, ema=weights == "ema")
        assert np.abs(found.translate(shown) - (made + 1) * 127.5).max() <= 1.01
        assert found.title == ("night → day" if back else "day → night")


def test_the_help_says_what_the_run_does(run, capsys):
    with pytest.raises(SystemExit):
        translate.main([str(run), "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert "day → night; with --back: night → day." in words


# === What is refused ===


def test_originals_are_never_replaced(run, tmp_path, capsys):
    source = picture(tmp_path / "x.png")
    for out in (tmp_path, source):
        words = failed(capsys, translate.main, run, source, "--out", out, "--overwrite")
        assert "is one of the originals; choose another --out" in words
    words = failed(capsys, translate.main, run, tmp_path, "--out", tmp_path, "--overwrite")
    assert "is one of the originals" in words
    words = failed(capsys, translate.main, run, source, "--out", tmp_path / "y.png",
                   "--sheet", source, "--overwrite")  # fmt: skip
    assert "is one of the originals" in words


def test_a_sheet_replaces_no_result_and_is_a_png(run, tmp_path, capsys):
    source = picture(tmp_path / "in" / "x.png")
    (tmp_path / "link").symlink_to(tmp_path)
    for out, sheet in (("out", "out/x.png"), ("y.png", "y.png"), ("out", "link/out/x.png")):
        (tmp_path / "out").mkdir(exist_ok=True)
        given = [source, "--out", tmp_path / out, "--sheet", tmp_path / sheet, "--overwrite"]
        words = failed(capsys, translate.main, run, *given)
        assert f"{sheet} is one of the results; choose another" in words
    given = [source, "--out", tmp_path / "out", "--sheet", tmp_path / "s.jpg"]
    assert "--sheet writes a PNG; call it s.png, not s.jpg" in failed(
        capsys, translate.main, run, *given
    )
    assert list((tmp_path / "out").iterdir()) == []


def test_results_are_replaced_only_when_asked(run, tmp_path, capsys):
    source = picture(tmp_path / "in" / "x.png")
    old = picture(tmp_path / "out" / "x.png", seed=5)
    before = old.read_bytes()
    words = failed(capsys, translate.main, run, source, "--out", tmp_path / "out")
    assert "x.png exist already; --overwrite replaces such files" in words
    assert old.read_bytes() == before
    translated(run, source, "--out", tmp_path / "out", "--overwrite")
    assert old.read_bytes() != before


def test_an_output_folder_inside_the_input_is_not_read(run, tmp_path):
    picture(tmp_path / "x.png")
    for _ in range(2):
        translated(run, tmp_path, "--out", tmp_path / "out", "--overwrite")
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["x.png"]


def test_mistakes_are_one_line(run, tmp_path, capsys):
    source = picture(tmp_path / "in" / "x.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.png").write_bytes(b"no picture")
    (tmp_path / "file").write_text("")
    out = ("--out", tmp_path / "out")
    for arguments, words in (
        ((run, tmp_path / "none.png", *out), "there is no file or folder"),
        ((run, tmp_path / "empty", *out), "holds no picture (.bmp, "),
        ((run, tmp_path / "bad", *out), "holds no picture that can be read; nothing was written"),
        ((run, source, "--out", tmp_path / "file" / "y"), "cannot write to"),
        ((run / "translator.keras", source, *out, "--back"), "for the other way give a run folder"),
        ((run / "translator.keras", source, *out, "--weights", "raw"), "needs a run folder"),
        ((run, source, *out, "--weights", "best"), "has no best_translator.keras"),
        ((run, source, *out, "--batch-size", "0"), "must be a whole number from 1 to 4096"),
    ):
        assert words in failed(capsys, translate.main, *arguments)
    assert not (tmp_path / "out").exists()


def test_a_gan_is_told_to_use_the_other_script(run, tmp_path, capsys):
    source = picture(tmp_path / "x.png")
    gan = tiny.saved(tmp_path)
    words = failed(capsys, translate.main, gan, source, "--out", tmp_path / "out")
    assert "holds a gan: it cannot translate, reconstruct, upscale, colour or age, it" in words
    words = failed(capsys, generate.main, run, "--out", tmp_path / "out")
    assert "holds a cyclegan: it cannot generate, it can translate (see translate.py)" in words
    words = failed(capsys, evaluate.main, run)
    assert (
        "holds a cyclegan: it cannot generate, age, upscale or colour, it can translate (see"
        in words
    )
    words = failed(capsys, explore.main, "interpolate", run, "--out", tmp_path / "walk.gif")
    assert "it can translate (see translate.py)" in words


def test_a_run_without_names_of_its_domains_still_opens(system, tmp_path):
    here = runs.create(tmp_path / "samples", "cyclegan_cpu", "days")
    here.write(system.recipe, {})
    write_json(here.folder / "run.json", {})
    metadata = {"verb": "translate", "recipe": system.recipe.to_dict()}
    files.save(system.output("translator"), here.output("translator"), metadata)
    assert serving.load_translator(here.folder).title == ""


def test_a_batch_size_that_nothing_reads_is_refused(tmp_path, capsys, monkeypatch):
    """Pictures of any size are made one at a time."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("a.png")
    upscaler = SimpleNamespace(any_size=True, origin="large.keras", verb="upscale")
    monkeypatch.setattr("serving.load_translator", lambda *_: upscaler)
    given = ["anime", "a.png", "--out", "o", "--batch-size", "16"]
    line = failed(capsys, translate.main, *given)
    assert "large.keras takes any, one at a time; leave it out" in line


def test_a_run_that_is_not_there_is_noticed_before_keras_starts(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("a.png")
    monkeypatch.setattr("serving.load_translator", None)
    assert "no run folder run" in failed(capsys, translate.main, "run", "a.png", "--out", "o")
