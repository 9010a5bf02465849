"""What the machine's plan chooses, and the numbers it prints."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from console.errors import UserError
from console.wording import duration, size
from models import recipe as recipe_module
from models import recipes
from models.systems.gan.recipe import GANRecipe
from models.systems.gan.turns import GAN
from training import command, device, estimate, session
from training.settings import Settings

GPU = device.Device("gpu", "Some GPU", 8, 24_000_000_000, True)
CPU = device.Device("cpu", "Some CPU", 2, 8_000_000_000, False)
TINY = dataclasses.replace(
    recipes.load("SAGAN_V6"), resolution=32, g_filters=16, d_filters=8, latent_dim=8, batch_size=8
)


def test_precision_follows_the_hardware():
    assert command.choose_precision("auto", GPU).value == "mixed_bfloat16"
    assert command.choose_precision("auto", CPU).value == "float32"
    old = dataclasses.replace(GPU, bfloat16=False)
    assert command.choose_precision("auto", old).value == "mixed_float16"
    amx = dataclasses.replace(CPU, bfloat16=True)
    assert command.choose_precision("auto", amx).value == "mixed_bfloat16"
    assert command.choose_precision("float32", amx).value == "float32"


def test_a_gpu_gets_the_notes_recipe_and_the_one_asked_for_wins():
    chosen = command.choose_recipe(None, "sagan", "gpu")
    recipe = recipes.load(chosen.value)
    assert (recipe.resolution, recipe.batch_size, recipe.steps) == (128, 64, 50_000)
    assert command.choose_recipe("sagan_v5", "sagan", "cpu").value == "SAGAN_V5"
    with pytest.raises(UserError, match="SAGAN_V6"):
        command.choose_recipe("SAGAN_V66", "sagan", "cpu")


def test_a_cpu_gets_the_small_recipe_where_there_is_one(monkeypatch):
    monkeypatch.setattr(command, "_CPU_RECIPES", {"sagan": "sagan_v3"})
    chosen = command.choose_recipe(None, "sagan", "cpu")
    assert chosen.value == "SAGAN_V3"
    assert "no GPU" in chosen.reason


@pytest.mark.parametrize(
    ("info", "expected"),
    [("flags : fpu avx512_bf16 sse", True), ("flags : amx_bf16", True), ("flags : avx2", False)],
)
def test_bfloat16_is_read_from_the_processor_flags(monkeypatch, info, expected):
    monkeypatch.setattr(device, "_proc", lambda path: f"model name : Some CPU\n{info}\n")
    assert device._cpu_has_bfloat16() is expected
    assert device._cpu_name() == "Some CPU"


def test_free_memory_respects_a_container(monkeypatch):
    files = {
        "/proc/meminfo": "MemAvailable:  1000000 kB\n",
        "/sys/fs/cgroup/memory.max": "500000000\n",
        "/sys/fs/cgroup/memory.current": "100000000\n",
    }
    monkeypatch.setattr(device, "_proc", lambda path: files.get(path, ""))
    assert device._free_memory() == 400_000_000
    # What was read from files lies there until something else needs the room.
    files["/sys/fs/cgroup/memory.stat"] = "anon 20000000\nfile 80000000\ninactive_file 70000000\n"
    assert device._free_memory() == 470_000_000
    files["/sys/fs/cgroup/memory.max"] = "max\n"
    assert device._free_memory() == 1_024_000_000


@pytest.mark.parametrize(
    ("visible", "asked"),
    [
        (None, []),
        ("", []),
        ("2", ["--id=2"]),
        ("3,1", ["--id=3"]),
        ("GPU-8f6,GPU-9a", ["--id=GPU-8f6"]),
    ],
)
def test_free_memory_of_a_gpu_is_that_of_the_first_visible(monkeypatch, visible, asked):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    queries = []

    def run(query, **how):
        queries.append(query)
        return SimpleNamespace(stdout="40000\n10000\n")

    monkeypatch.setattr(device.subprocess, "run", run)
    assert device._nvidia_free() == 40_000 * 2**20
    assert queries[0][3:] == asked


def test_measuring_the_quality_takes_memory_too():
    gan = GAN(TINY)
    plain, measured = (estimate.estimate(gan, "cpu", 1, each) for each in (False, True))
    assert measured.memory == plain.memory + 700_000_000
    assert "quality" not in str(plain)
    assert str(measured).endswith(", quality 700 MB")


def test_weights_and_operations_agree_with_a_count_by_hand():
    gan = GAN(TINY)
    found = estimate.estimate(gan, "cpu")
    g = sum(v.value.shape.num_elements() if hasattr(v.value.shape, "num_elements") else v.value.size
            for v in gan.generator.variables)  # fmt: skip
    d = gan.discriminator.count_params()
    assert found.weights == 4 * (2 * g + d) + 8  # G, its average, D, step and rate factor
    trainable = sum(
        int(v.shape[0]) if len(v.shape) == 1 else int(v.numpy().size)
        for v in [*gan.generator.trainable_variables, *gan.discriminator.trainable_variables]
    )
    assert 2 * 4 * trainable <= found.moments <= 2 * 4 * trainable + 100
    # The notes' D at 32 px with 8 filters: 4 × 4 kernels, stride 2, 16², 8², 4² positions, then 1.
    convolutions = 16 * (3 * 8 * 256 + 8 * 16 * 64 + 16 * 32 * 16 + 32 * 1)
    measured = estimate._flops(gan.discriminator)
    assert 2 * convolutions <= measured < 3 * 2 * convolutions  # attention is the rest


def test_activations_grow_with_the_batch_and_shrink_with_micro_batches_and_bfloat16():
    def activations(precision="float32", **changes):
        # Without attention, whose maps stay float32.
        recipe = dataclasses.replace(TINY, attention_resolution=0, **changes)
        gan = GAN(recipe, precision=precision)
        return estimate.estimate(gan, "cpu").activations

    assert activations(batch_size=16) == pytest.approx(2 * activations(), rel=1e-6)
    assert activations(micro_batches=4) == pytest.approx(activations() / 4, rel=1e-6)
    assert activations("mixed_bfloat16") < 0.7 * activations()
    # With two fakes a real D keeps three batches, not two; a large batch of G's outweighs them.
    assert activations(fakes_per_real=2) <= 1.5 * activations()
    assert activations(g_batch_factor=8) == pytest.approx(2 * activations(g_batch_factor=4))


def test_operations_count_the_fakes_of_both_steps():
    def flops(**changes):
        gan = GAN(dataclasses.replace(TINY, **changes))
        found = estimate.estimate(gan, "cpu").flops / TINY.batch_size
        return found, estimate._flops(gan.generator), estimate._flops(gan.discriminator)

    total, g, d = flops(d_steps=2, fakes_per_real=3, g_batch_factor=5)
    # A D step draws 3 fakes and trains on 4 pictures; a G step draws and judges 5, and D's kernels
    # want no gradient then.
    assert total == pytest.approx(2 * (3 * g + 4 * 3 * d) + 5 * (3 * g + 2 * d))


def test_a_penalty_takes_one_more_pass_through_the_discriminator_there_and_back_twice():
    """Forward and back to the input, three passes' worth, and the same again for the kernels."""
    plain, penalised = (
        estimate.estimate(GAN(dataclasses.replace(TINY, penalty=name, d_steps=2)), "cpu")
        for name in ("none", "gradient")
    )
    forward = estimate._flops(GAN(TINY).discriminator)
    assert penalised.flops - plain.flops == pytest.approx(8 * 2 * 6 * forward)
    assert penalised.weights == plain.weights


def test_several_gpus_share_the_batch_and_several_processors_one_memory():
    gan = GAN(TINY)
    one, two = (estimate.estimate(gan, "gpu", devices) for devices in (1, 2))
    assert two.activations == pytest.approx(one.activations / 2, rel=1e-6)
    assert two.flops == pytest.approx(one.flops / 2)
    for kept in ("weights", "gradients", "moments", "runtime"):  # each GPU holds them all
        assert getattr(two, kept) == getattr(one, kept)
    assert estimate.estimate(gan, "cpu", 2) == estimate.estimate(gan, "cpu", 1)


def test_too_large_says_what_to_change_and_the_change_fits():
    gan = GAN(TINY)
    guess = estimate.estimate(gan, "cpu")
    rest = guess.memory - guess.activations
    room = dataclasses.replace(CPU, memory=rest + int(0.3 * guess.activations))
    with pytest.raises(UserError) as refused:
        estimate.refuse_too_large(guess, gan, room)
    words = str(refused.value)
    for way in ("--batch-size 2", "--micro-batches 4", "--precision mixed_bfloat16",
                "--memory-check off"):  # fmt: skip
        assert way in words
    assert "(each part by itself for batch norm)" in words
    for changes, caution in (
        ({}, "the same result"), ({"loss": "rahinge"}, "each part by itself for loss rahinge")
    ):  # fmt: skip
        plain = GAN(dataclasses.replace(TINY, g_norm="none", d_norm="none", **changes))
        guess_of = estimate.estimate(plain, "cpu")
        least = guess_of.memory - guess_of.activations
        with pytest.raises(UserError, match=rf"--micro-batches \d+ \({caution}\)"):
            estimate.refuse_too_large(
                guess_of, plain, dataclasses.replace(CPU, memory=least + guess_of.activations // 2)
            )
    tall = GAN(dataclasses.replace(TINY, resolution="64x96"))
    with pytest.raises(UserError, match="--resolution 32x48"):
        estimate.refuse_too_large(estimate.estimate(tall, "cpu"), tall, room)
    smaller = GAN(dataclasses.replace(TINY, batch_size=2))
    estimate.refuse_too_large(estimate.estimate(smaller, "cpu"), smaller, room)
    estimate.refuse_too_large(guess, gan, CPU)
    estimate.refuse_too_large(guess, gan, dataclasses.replace(CPU, memory=None))


def test_numbers_read_well():
    assert [duration(s) for s in (0.25, 42, 540, 3900, 180_000)] == [
        "0.25 s", "42 s", "9 min", "65 min", "2 d 2 h",
    ]  # fmt: skip
    assert duration(7_500) == "2 h 05 min"
    assert [size(b) for b in (12, 1_500, 8.12e8, 3.2e9)] == ["12 B", "1.5 kB", "812 MB", "3.2 GB"]


def asked(**given):
    """A command line that asks for SAGAN_V6 on a machine without a GPU."""
    values = {
        "script": "train_sagan.py", "default_recipe": "sagan", "asked_recipe": "SAGAN_V6",
        "overrides": {}, "settings": {}, "resume": None, "dry_run": False,
    }  # fmt: skip
    return command.Command(**{**values, **given})


def test_what_nothing_reads_is_refused_before_keras_is_imported(monkeypatch):
    monkeypatch.setattr(command.device, "surely_no_gpu", lambda: True)
    asked(overrides={"penalty": "r1", "penalty_weight": 1.0}).check()
    with pytest.raises(UserError, match="penalty_weight is read only where penalty"):
        asked(overrides={"penalty_weight": 1.0}).check()


@pytest.mark.parametrize(("no_gpu", "resume"), [(True, "newest"), (True, "7"), (False, "7")])
def test_a_run_that_is_not_there_is_missed_before_keras_is_imported(
    monkeypatch, tmp_path, no_gpu, resume
):
    monkeypatch.setattr(command.device, "surely_no_gpu", lambda: no_gpu)
    here = {"settings": {"out": str(tmp_path)}, "resume": resume}
    with pytest.raises(UserError, match="no run"):
        asked(**here).check()


def test_which_newest_run_is_meant_waits_for_the_device(monkeypatch, tmp_path):
    """With a GPU the default recipe is another one."""
    monkeypatch.setattr(command.device, "surely_no_gpu", lambda: False)
    here = {"settings": {"out": str(tmp_path)}, "resume": "newest", "asked_recipe": None}
    asked(**here).check()
    with pytest.raises(UserError, match="no run of recipe sagan_cpu"):
        asked(**here).decide(CPU)
    with pytest.raises(UserError, match="no run of recipe sagan in"):
        asked(**here).decide(GPU)


def test_time_adds_up_the_phases_to_go(monkeypatch):
    """At 60 % of 1 GFLOP/s: 10 steps of .6 GFLOP and 20 of 1.8 take 10 · 1 s + 20 · 3 s."""
    monkeypatch.setattr(estimate, "matrix_speed", lambda precision: 1e9)
    small, large = (estimate.Estimate(0, 0, 0, 0, 0, flops) for flops in (0.6e9, 1.8e9))
    words = estimate.time_words([(10, small), (20, large)], "float32", "cpu")
    assert words.startswith("30 steps take about 70 s (1 to 3 s a step; rough: 1 GFLOP a step")
    words = estimate.time_words([(0, small), (20, large)], "float32", "cpu")
    assert words.startswith("20 steps take about 60 s (3 s a step;")


@dataclasses.dataclass(frozen=True)
class Widening(GANRecipe):
    """A GAN whose second phase has four times the batch."""

    def phases(self):
        last = recipe_module.Phase("wide", 2, {"batch_size": 4 * self.batch_size})
        return (recipe_module.Phase("narrow", self.steps - 2), last)


@pytest.mark.parametrize(("phase", "step", "counts"), [(0, 1, [2, 2]), (1, 4, [1])])
def test_the_plan_knows_the_largest_phase_to_come(phase, step, counts, monkeypatch, capsys):
    recipe = Widening(**{**dataclasses.asdict(TINY), "steps": 5, "batch_size": 2})
    made = session.Session(
        None, SimpleNamespace(scope=nullcontext, devices=1), CPU, recipe, Settings(), "float32",
        None, None, {}, None,
    )  # fmt: skip
    made.system = made.build(phase)
    made.system.steps_done.assign(step)
    before = [weight.copy() for weight in made.system.get_weights()]
    monkeypatch.setattr(session, "_data_words", lambda _: "some")
    found = session._estimates(made)
    assert [count for count, _ in found] == counts
    assert found[-1][1].activations == pytest.approx(
        estimate.estimate(GAN(dataclasses.replace(TINY, batch_size=8)), "cpu").activations
    )
    session.print_plan(made)
    memory = next(line for line in capsys.readouterr().err.splitlines() if "memory" in line)
    assert memory.endswith(f"{found[-1][1]}; phase wide")
    for mine, theirs in zip(before, made.system.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("script", "default", "asked", "words"),
    [
        ("train_sagan.py", "SAGAN_V6", None, "python train_sagan.py"),
        ("train_sagan.py", "SAGAN_V6", "SAGAN_V4", "python train_sagan.py"),
        ("train.py", None, "my recipe.toml", "python train.py 'my recipe.toml'"),
    ],
)
def test_a_run_goes_on_by_the_command_that_began_it(script, default, asked, words):
    """The run says its recipe itself where a script has a default; train.py must be told one."""
    assert command.Command(script, default, asked, {}, {}, None, False).again() == words
