"""What can be known beforehand is refused beforehand: no picture is read, no cache is begun."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from comparison import command as compare_command
from tests.serving import tiny
from toys import command as toy_command

# Options → what the one line says. All on the embedded faces, which take minutes to draw.
KNOWN_FROM_THE_RECIPE = {
    "attention that does not occur": (["--recipe=biggan", "--resolution=32", "--latent-dim=120"],
                                      "attention_resolution 64: no feature map of biggan"),
    "attention of no size": (["--attention-resolution=3"], "attention_resolution 3: no feature"),
    "an ignored field": (["--recipe=sngan_cnn", "--upsample=nearest"],
                         "upsample is read only where architecture is one of sagan, sresnet"),
    "an ignored weight": (["--penalty-weight=5"], "penalty_weight is read only where penalty"),
    "an ignored decay": (["--optimizer=sgd", "--beta-2=0.5"], "beta_2 is read only where"),
    "smoothing of a margin": (["--label-smoothing=0.1"], "label_smoothing is read only where loss"),
    "labels that nothing takes": (["--label-noise=0.1"], "label_noise is read only where label_k"),
    "too few filters": (["--g-filters=3"], "g_filters 3 cannot be halved"),
    "latents that do not divide": (
        ["--recipe=biggan", "--latent-dim=121", "--attention-resolution=16"], "cannot be cut"),
    "more than the data": (["--count=4", "--batch-size=8"], "larger than the data (4 pictures"),
    "labels taken away": (["--recipe=cgan", "--labels=none", "--g-filters=8"],
                          "needs labels and --labels none takes them away"),
    "labels that cannot reach the generator": (["--recipe=gan", "--labels=data"],
                                               "takes its labels by g_conditioning concat"),
    "labels of another set": (["--labels=cats.csv"], "brings its own labels"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "says"), KNOWN_FROM_THE_RECIPE.values(),
                         ids=KNOWN_FROM_THE_RECIPE.keys())  # fmt: skip
def test_no_face_is_drawn_for_it(train, tmp_path, options, says):
    fresh = tmp_path / "cache"
    code, words = train("--data=faces", "--steps=2", f"--cache-dir={fresh}", *options)
    assert code == 2
    assert says in words.splitlines()[-1]
    assert "Traceback" not in words
    assert not fresh.exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", ["", "samples", "sub/../samples"])
def test_a_run_among_its_own_pictures(train, tmp_path, pictures, out):
    """What it draws would be trained on, and --resume would find other data."""
    code, words = train(f"--data={pictures}", f"--out={pictures / out}")
    assert code == 2
    assert "lies in the folder of pictures" in words.splitlines()[-1]
    assert not (pictures / "samples").exists()
    hidden = pictures / ".samples"
    assert train(f"--data={pictures}", f"--out={hidden}", "--dry-run")[0] == 0  # never scanned


def test_what_measures_nothing(train, tmp_path):
    for options, says in (
        (["--quality-every=5", "--quality-samples=0"], "--quality-every measures nothing"),
        (["--control-samples=9", "--labels=none"], "these pictures are used without"),
    ):
        code, words = train("--steps=2", *options)
        assert code == 2
        assert says in words.splitlines()[-1]
        assert not (tmp_path / "out").exists()


def test_a_folder_without_labels_of_its_own(train, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "1.png").write_bytes(b"never read")
    code, words = train(
        f"--data={tmp_path / 'pictures'}", "--labels=data", "--batch-size=1",
        f"--cache-dir={tmp_path / 'cache'}",
    )  # fmt: skip
    assert code == 2
    assert "has no labels of its own; give --labels FILE" in words.splitlines()[-1]
    assert not (tmp_path / "cache").exists()


COMPARED = {
    "ignored by one": (["sngan", "sngan:upsample=transposed"], "Recipe sngan: upsample is read"),
    "ignored by all": (["sngan", "--upsample=nearest"], "upsample is read only where"),
    "on points": (["gan", "--resolution=64"], "resolution is read only where point_dim is 0"),
    "unfit": (["sagan", "--data=faces", "--attention-resolution=5"], "sagan: attention_resolution"),
    "few": (["sagan", "--data=faces", "--count=9"], "sagan: --batch-size 64 is larger"),
    "unlabelled": (["sagan", "--data=faces", "--label-noise=0.5"], "sagan: Recipe sagan: label_n"),
}


@pytest.mark.parametrize(("words", "says"), COMPARED.values(), ids=COMPARED.keys())
def test_compare_refuses_it_too(words, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert compare_command.run([*words, f"--out={tmp_path / 'out'}"]) == 2
    assert says in capsys.readouterr().err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_toy_refuses_what_points_do_not_have(tmp_path, capsys):
    assert toy_command.run(["gan", "--mirror", f"--out={tmp_path / 'out'}"]) == 2
    assert "mirror is read only where point_dim is 0; it is 2" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_command_prints_no_chatter_of_the_libraries(tmp_path):
    saved = tiny.saved(tmp_path, "none")
    script = Path(__file__).parents[2] / "generate.py"
    done = subprocess.run(
        [sys.executable, script, saved, "--count", "2", "--out", tmp_path / "out"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout == ""
    assert all("pictures" in line for line in done.stderr.split("\n") if line.strip()), done.stderr
