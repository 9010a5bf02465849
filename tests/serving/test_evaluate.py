"""`evaluate.py` from the outside: tables, records, refusals."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

from serving import evaluation, report
from serving.commands import evaluate
from tests.serving import tiny


@pytest.fixture
def folders(tmp_path):
    """Folders of real and of darker, noisier fake pictures, and a network to measure them with."""
    rng = np.random.default_rng(0)
    for name, noise, top, count in (
        ("real", 5, 200, 60),
        ("fake", 60, 90, 30),
        ("other", 5, 200, 24),
    ):
        (tmp_path / name).mkdir()
        for index in range(count):
            colour = rng.integers(top // 3, top, 3) + rng.normal(0, noise, (16, 16, 3))
            picture = Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8))
            picture.save(tmp_path / name / f"{index:03d}.png")
    keras.utils.set_random_seed(0)
    network = [keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 64), keras.layers.Conv2D(4, 3)]
    keras.Sequential([*network, keras.layers.ReLU()]).save(tmp_path / "net.keras")
    return tmp_path


def run(folders, *arguments, fake="fake"):
    return evaluate.main(
        [
            *("--fake", str(folders / fake), "--real", str(folders / "real")),
            *("--extractor", str(folders / "net.keras"), "--bootstrap", "3"),
            *("--data-cache", str(folders / "data"), "--feature-cache", str(folders / "features")),
            *arguments,
        ]
    )


def test_folder_against_folder(folders, capsys):
    out, file = folders / "out", folders / "r.json"
    assert run(folders, "--json", str(file), "--out", str(out)) == 0
    table = capsys.readouterr().out
    assert "30 pictures against 30 of 'real' at 16 px" in table
    assert "FD-net@16" in table
    assert "FID" not in table.replace("published FID", "")
    (record,) = json.loads(file.read_text())
    assert record["protocol"]["fake"]["count"] == record["protocol"]["real"]["count"] == 30
    assert record["protocol"]["settings"]["kernel_subset_size"] == 30
    assert not any("reals/reals" in note for note in record["notes"])  # 30 and 30 others
    fd = record["results"]["FD-net@16"]
    assert fd["low"] < fd["value"] < fd["high"]
    assert fd["value"] > 3 * fd["floor"]  # the dark shows
    names = {path.name for path in out.iterdir()}
    assert names == {"nearest_reals_0.png", "precision_recall.png", "records.json"}
    earlier = [
        *("nearest_reals_1.png", "quality.png", "quality_logged.png", "quality_logged_12.png"),
        *("held_out_0.json", "held_out_0.png", "control_3.csv", "control_3.md", "control_3.json"),
        "gan_train_0.md",
    ]
    mine = {"control_x.md", "quality_logged_.png", "my quality.png", "notes.txt"}
    for name in (*earlier, *mine):
        (out / name).write_text("earlier")
    (out / "held_out_7.json").mkdir()
    assert run(folders, "--out", str(out), "--overwrite") == 0
    assert {path.name for path in out.iterdir()} == names | mine | {"held_out_7.json"}


def test_a_folder_called_as_a_drawn_set_is_the_folder(folders, capsys, monkeypatch):
    """README's first command writes to a folder `faces`."""
    monkeypatch.chdir(folders)
    (folders / "fake").rename(folders / "faces")
    given = ("--fake", "faces", "--real", "real", "--extractor", "net.keras", "--bootstrap", "0")
    kept = ("--data-cache", "data", "--feature-cache", "features")
    assert evaluate.main([*given, *kept]) == 0
    assert "30 pictures against 30 of 'real' at 16 px" in capsys.readouterr().out


def test_a_page_among_the_pictures_is_refused(folders, capsys):
    (folders / "fake" / "sheet.png").write_bytes((folders / "fake" / "000.png").read_bytes())
    (folders / "fake" / "pictures.json").write_text("{}")
    assert run(folders) == 2
    assert "sheet.png is a page of the pictures beside it; remove it" in capsys.readouterr().err


def test_a_file_that_is_no_picture_does_not_decide_the_size(folders, capsys):
    (folders / "fake" / "000.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    assert run(folders) == 0
    assert "29 pictures against 29 of 'real' at 16 px" in capsys.readouterr().out


def test_pixels_are_compared_if_asked(folders, capsys):
    file = folders / "r.json"
    assert run(folders, "--pixels", "--json", str(file)) == 0
    (record,) = json.loads(file.read_text())
    assert record["protocol"]["pixels"]["count"] == 30
    swd, alike = record["results"]["SWDx1e3 16 px"], record["results"]["MS-SSIM"]
    assert swd["value"] > 1.3 * swd["floor"]
    assert {"low", "high", "floor"} < set(alike)
    assert "SWDx1e3 mean" in capsys.readouterr().out
    assert run(folders, "--against", str(file)) == 2  # other measures, another protocol
    assert "pixels.count: 30 / None" in capsys.readouterr().err


def test_the_pixel_floor_compares_equal_halves():
    """Of 30 reals: 30 against the fakes, 15 against 15 others for the floor."""
    images = np.arange(30 * 16 * 16 * 3).reshape(30, 16, 16, 3).astype("uint8")
    images[:, 0, 0, 0] = np.arange(30)
    real = evaluation.Reference(SimpleNamespace(images=images), seed=2020)
    own, halves = real.pixels(30)
    numbers = [set(part[:, 0, 0, 0].tolist()) for part in (own, *halves)]
    assert [len(part) for part in numbers] == [30, 15, 15]
    assert not numbers[1] & numbers[2]
    few = evaluation.Reference(SimpleNamespace(images=images[:3]), seed=0)
    assert few.pixels(3)[1] is None


def test_the_passport_of_reals_changes_with_them():
    """Else --against would compare measurements of other pictures."""
    images, passports = np.zeros((3, 16, 16, 3), "uint8"), []
    for fingerprint in ("0" * 12, "1" * 12):
        data = SimpleNamespace(images=images, name="x", fingerprint=fingerprint)
        passports.append(evaluation.Reference(data, seed=0).passport(3))
    assert passports[0] != passports[1]


def test_a_runs_own_plots_are_no_earlier_evaluation(tmp_path):
    (tmp_path / "quality.png").touch()
    report.remove_earlier(tmp_path)
    assert (tmp_path / "quality.png").exists()
    (tmp_path / "records.json").touch()
    report.remove_earlier(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_floor_of_fewer_pictures_is_told(folders, capsys):
    """Of 24 reals, 12 against 12."""
    assert run(folders, "--real", str(folders / "other"), "--samples", "24") == 0
    assert (
        "reals/reals is of 12 pictures on each side, fewer than 24: its" in capsys.readouterr().out
    )


def test_records_of_other_protocols_are_refused_before_measuring(folders, capsys):
    file = folders / "r.json"
    assert run(folders, "--json", str(file)) == 0
    assert run(folders, "--against", str(file), fake="other") == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "different protocols (fake.count: 30 / 24" in error
    assert run(folders, "--against", str(file), "--force", fake="other") == 0
    assert "forced: the protocols differ in fake.count" in capsys.readouterr().err
    assert run(folders, "--against", str(file)) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give RUN, or --fake DIR"),
        (["7", "--fake", "x", "--real", "y"], "give RUN, or --fake DIR"),
        (["--fake", "x"], "--fake needs --real"),
        (["--fake", "nowhere", "--real", "faces"], "there is no folder nowhere"),
        (["--fake", "x", "--real", "y", "--samples", "1"], "--samples must be 2 or more"),
        (
            ["--fake", "x", "--real", "y", "--weights", "best"],
            "--weights applies to a generator; leave it out",
        ),
        (
            ["--fake", "x", "--real", "y", "--seed", "3"],
            "--seed applies to a generator; leave it out",
        ),
        (["7", "--labels", "folders"], "--labels folders applies to the pictures of --real DATA"),
        (["--fake", "x", "--real", "y", "--extractor", "vgg"], "Unknown extractor 'vgg'"),
        (
            ["7", "--labels", "folders", "--real", "faces"],
            "--labels folders is for picture folders, and --real faces is none; leave it out",
        ),
        (["7", "--input-range", "0..1"], "only with --extractor FILE.keras, not with the usual"),
        (
            ["7", "--input-range=0..255", "--extractor", "lite1"],
            "--input-range is read only with --extractor FILE.keras, not with lite1; leave it out",
        ),
    ],
)
def test_mistakes_are_one_line(arguments, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert evaluate.main(arguments) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line
    assert list(tmp_path.iterdir()) == []


def test_every_input_range_can_be_given(capsys):
    """argparse takes a word that begins with - for an option, unless = stands before it."""
    given = evaluate.build_parser().parse_args(["7", "--input-range=-1..1"])
    assert given.input_range == "-1..1"
    with pytest.raises(SystemExit):
        evaluate.build_parser().parse_args(["--help"])
    assert "is written --input-range=-1..1" in " ".join(capsys.readouterr().out.split())


def test_weights_that_nothing_would_read_are_refused(folders, capsys):
    for option in (["--inception", "x.pth"], ["--download"]):
        assert run(folders, *option) == 2
        words = capsys.readouterr().err
        assert f"{option[0]} is read only with --extractor inception, not with " in words


def test_missing_inception_weights_say_the_ways_out(folders, capsys, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(folders))
    monkeypatch.setenv("HOME", str(folders))
    assert run(folders, "--extractor", "inception") == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "--inception PATH" in error
    assert "--download" in error


def test_control_is_refused_for_a_folder(folders, capsys):
    assert run(folders, "--control", "20") == 2
    assert "--control needs a generator with labels" in capsys.readouterr().err


def test_a_generator_against_real_pictures(folders, capsys):
    source = tiny.saved(folders, "classes")
    arguments = [
        *(str(source), "--real", str(folders / "real"), "--samples", "20", "--floor", "none"),
        *("--extractor", str(folders / "net.keras"), "--bootstrap", "0", "--truncation", "0.5"),
        *("--data-cache", str(folders / "data"), "--feature-cache", str(folders / "features")),
        *("--json", str(folders / "r.json")),
    ]
    assert evaluate.main(arguments) == 0
    assert "generator.keras, step 7: 20 pictures against 20 of 'real'" in capsys.readouterr().out
    (record,) = json.loads((folders / "r.json").read_text())
    fake = record["protocol"]["fake"]
    assert (fake["weights"], fake["truncation"], fake["count"]) == ("ema", 0.5, 20)
    assert record["subject"]["step"] == 7
    assert evaluate.main([str(source), *arguments[3:-2]]) == 2
    assert "give --real DATA" in capsys.readouterr().err
