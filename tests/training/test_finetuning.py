"""Fine-tuning: a run that begins with another one's networks, on other data."""

from __future__ import annotations

import json

import numpy as np
import pytest

import runs
from models import recipes, transfer
from models.systems.gan.turns import GAN
from runs import checkpoints
from tests.models import tiny
from training import finetuning

pytestmark = pytest.mark.usefixtures("eagerly")


def gan_of(folder):
    run = runs.Run(folder)
    gan = GAN(run.recipe())
    gan.load_weights(checkpoints.newest(run.checkpoints))
    return gan


def test_a_run_begins_with_the_networks_of_another(train, tmp_path):
    """Its first grid is the other's last; its record says so; frozen blocks stay, others move."""
    assert train("--steps=3", "--picture-every=3")[0] == 0
    code, words = train("--steps=2", "--from=0", "--freeze-d=2")
    assert code == 0, words
    assert "step 3: generator whole; discriminator whole; ema_generator whole" in words
    first, second = (each.folder for each in runs.runs(tmp_path / "out"))
    before, after = first / "fakes/step-00000003.png", second / "fakes_init.png"
    assert before.read_bytes() == after.read_bytes()
    record = json.loads((second / "run.json").read_text())
    assert record["from"] == {"run": first.name, "step": 3, "recipe": "SAGAN_V6", "data": "tiny"}
    old, new = (gan_of(folder).discriminator for folder in (first, second))
    moved = {}
    for mine, theirs in zip(new.variables, old.variables, strict=True):
        if not mine.path.endswith(("/u", "seed_generator_state")):
            layer = mine.path.split("/")[0]
            moved[layer] = moved.get(layer, False) or (mine.numpy() != theirs.numpy()).any()
    assert not moved["stage_0"]
    assert not moved["stage_1"]
    assert moved["stage_2"]
    assert moved["to_logit"]
    code, words = train("--steps=3", "--from=0", "--freeze-d=2", "--resume=1")
    assert code == 0, words  # the frozen blocks have no moments in the checkpoint
    assert json.loads((second / "run.json").read_text())["from"] == record["from"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from=0", "--g-filters=32"], "its shapes are others: generator's stage_0/kernel was "),
        (["--from=7"], "no run"),
        (
            ["--from=nowhere/checkpoint-00000001.weights.h5"],
            "--from: there is no file nowhere/",
        ),
        (["--from=0", "--freeze-d=9"], "freeze_d 9: this discriminator has 3 blocks; one must be"),
        (["--freeze-d=2"], "freeze_d 2 would keep blocks that were never trained; say what to"),
        (
            ["--from=0", "--d-weight-norm=none"],
            "was trained with d_weight_norm spectral; with none its weights are others: give "
            "--d-weight-norm spectral",
        ),
        (["--from=0", "--recipe=pggan"], "holds a gan, not a pggan"),
        (["--from=0", "--resolution=64"], "on 32 × 32 × 3, and recipe SAGAN_V6 trains on 64 × 64"),
    ],
)
def test_what_does_not_fit_is_one_line_and_leaves_nothing(options, words, train, tmp_path):
    if not (tmp_path / "out").exists():
        assert train("--steps=2")[0] == 0
    before = sorted(path.name for path in (tmp_path / "out").iterdir())
    if "--recipe=pggan" in options:
        from training import cli

        code = cli.run(None, ["pggan", f"--out={tmp_path / 'out'}", "--from=0", "--resolution=32"])
        assert code == 2
    else:
        code, said = train("--steps=4", *options)
        assert code == 2
        assert words in said.splitlines()[-1]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == before


def test_a_run_in_another_precision_can_be_started_from(train, tmp_path):
    """The optimizers of mixed_float16 have more variables."""
    assert train("--steps=1", "--precision=mixed_float16")[0] == 0
    code, words = train("--steps=1", "--from=0", "--g-activation=relu")
    assert code == 0, words
    assert "generator whole" in words
    (line,) = (line for line in words.splitlines() if "unlike there" in line)
    assert line.endswith("unlike there: g_activation was leaky_relu, now relu")
    (path,) = (tmp_path / "out/00000-SAGAN_V6-tiny/checkpoints").iterdir()
    path.write_bytes(path.read_bytes()[:5_000])
    code, words = train("--steps=1", "--from=0")
    assert code == 2
    assert f"error: --from: checkpoint {path} cannot be read (" in words.splitlines()[-1]
    assert words.splitlines()[-1].endswith("; remove it to take the one before, or give another")


def test_the_average_that_is_taken_over_is_kept(train, tmp_path):
    """An average of drawn weights forgets nine tenths in its first step; of trained ones none."""
    assert train("--steps=2", "--ema-decay=0.99")[0] == 0
    assert train("--steps=1", "--from=0", "--ema-decay=0.99")[0] == 0
    assert train("--steps=2", "--from=0", "--ema-decay=0.99", "--resume=1")[0] == 0
    old, new = (gan_of(each.folder) for each in runs.runs(tmp_path / "out"))
    kernels = [
        tiny.values([each for each in network.variables if each.path.endswith("kernel")])
        for network in (new.ema_generator, new.generator, old.ema_generator)
    ]
    assert len(kernels[0]) > 3
    for mean, now, before in zip(*kernels, strict=True):
        assert np.abs(now - before).max() > 1e-5
        assert np.abs(mean - before).max() < 0.05 * np.abs(now - before).max()


def test_a_run_without_a_checkpoint_cannot_be_started_from(train, tmp_path):
    assert train("--steps=2")[0] == 0
    for path in (tmp_path / "out").glob("*/checkpoints/*"):
        path.unlink()
    code, words = train("--steps=2", "--from=0")
    assert code == 2
    assert "it holds no checkpoint" in words.splitlines()[-1]


# === Labels ===


def labelled(count, kind="attributes", **changes):
    labels = {"label_kind": kind, "num_labels": count} if count else {}
    return GAN(tiny.recipe(d_norm="none", **labels, **changes), seed=count)


@pytest.mark.parametrize(("before", "now"), [(5, 3), (0, 3), (5, 0)])
def test_only_what_reads_labels_changes_with_them(before, now):
    source, system = labelled(before), labelled(now)
    own = tiny.values(system.generator.variables)
    taken = {each.network: each for each in transfer.take(system, source)}
    theirs = {v.path: np.array(v.numpy()) for v in source.generator.variables}
    for variable, mine in zip(system.generator.variables, own, strict=True):
        old = theirs.get(variable.path)
        kept = old is not None and old.shape == mine.shape
        np.testing.assert_array_equal(
            variable.numpy(), old if kept else mine, err_msg=variable.path
        )
        if "kernel" in variable.path:
            assert kept, variable.path
    generator = taken["generator"]
    assert generator.changed
    assert all("norm" in name for name in generator.changed)
    assert 0 < generator.numbers < generator.of
    changed = generator.of - generator.numbers
    assert str(generator).startswith(
        f"generator, {changed:,} of {generator.of:,} numbers changed for other labels (stage_0_norm"
    )


def test_labels_that_come_in_through_a_frozen_kernel_are_refused():
    plane = {"d_conditioning": "concat", "freeze_d": 1}
    with pytest.raises(ValueError, match="freeze_d keeps the kernel through which other labels"):
        transfer.take(labelled(5, **plane), labelled(0))
    source = labelled(5, **plane)
    transfer.take(labelled(5, **plane), source)  # of the same labels it knows the kernel


def test_what_begins_anew_without_other_labels_is_said_to():
    new = labelled(5, d_classifier_weight=0.25)
    (told,) = (each for each in transfer.take(new, labelled(5)) if each.network == "discriminator")
    assert " numbers begin anew (" in str(told)
    assert "labels" not in str(told).partition("(")[0]


def test_shapes_that_labels_do_not_explain_are_refused():
    with pytest.raises(ValueError, match=r"its shapes are others: generator's stage_0/kernel was"):
        transfer.take(labelled(5, g_filters=32), labelled(3))
    other = GAN(tiny.recipe("biggan", attention_resolution=8, resolution=32), seed=1)
    with pytest.raises(ValueError, match=r"its shapes are others: .* is missing there, now"):
        transfer.take(labelled(0), other)


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("SAGAN_V6", 2), ("biggan", 4), ("sngan_cnn", 4), ("sngan", 4), ("r3gan", 3),
        ("fastgan", 3),
    ],
)  # fmt: skip
def test_every_network_of_pictures_can_be_frozen(name, blocks):
    """The first block stays; the last one, and what gives the logit, is trained."""
    recipe = recipes.load(name)
    changes = {
        "SAGAN_V6": {"resolution": 16}, "biggan": {"resolution": 32},
        "r3gan": {"resolution": 16, "stage_blocks": 1, "g_filters": 16, "d_filters": 16},
        "fastgan": {"resolution": 64, "g_filters": 2, "d_filters": 4},
    }.get(name)  # fmt: skip
    small = tiny.recipe(name, **changes) if changes else recipe
    gan = GAN(small, seed=1) if changes else None
    network = gan.discriminator if gan else None
    if network is None:
        from models import networks

        network = networks.build(recipe, 0)[1]
    transfer.freeze(network, 1)
    named = [layer for layer in network.layers if transfer._BLOCK.match(layer.name)]
    assert not named[0].trainable
    assert named[-1].trainable
    assert network.get_layer("to_logit").trainable
    names = dict.fromkeys(transfer._BLOCK.match(layer.name)[0] for layer in named)
    assert len(names) == blocks
    with pytest.raises(ValueError, match=f"this discriminator has {blocks} blocks"):
        transfer.freeze(network, blocks)


def test_a_named_checkpoint_is_the_one_that_is_taken(tmp_path):
    folder, out = tmp_path / "00000-SAGAN_V6-tiny", str(tmp_path / "elsewhere")
    (folder / "checkpoints").mkdir(parents=True)
    for name in ("recipe.json", "run.json"):
        (folder / name).write_text("{}")
    first, second = (folder / "checkpoints" / checkpoints.name(step) for step in (1, 2))
    for path in (first, second):
        path.touch()
    found = finetuning.find(str(first), out)
    assert (found.run.folder, found.path) == (folder.resolve(), first)
    assert finetuning.find(str(folder), out).path == second


# === Files ===
