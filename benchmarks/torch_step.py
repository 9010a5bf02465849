"""The training step compared with PyTorch: `python benchmarks/torch_step.py [sagan|biggan]`.

It takes PyTorch-StudioGAN's SAGAN (residual networks, self-attention, spectral norm in both, hinge
loss, Adam; 12.3 and 19.6 million parameters) or BigGAN-PyTorch's BigGAN at 64 px, batch 32, with
ten classes. It compares this project's step on TensorFlow with the same networks and step in plain
PyTorch (`torch_networks.py`), eager in float32, and in bfloat16 with channels last, where the
processor has bfloat16 arithmetic; with `--compile` also both through `torch.compile`, which needs a
C++ compiler. All variants take turns in one process, so that a busy machine slows both sides; the
printed ratios, ours to theirs, are medians over the turns with their range. GPUs are hidden from
both sides: it compares on the processor. Without torch it prints a message and ends.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["KERAS_BACKEND"] = "tensorflow"

from benchmarks import batches, train_step
from console import backend
from foreign.numbers import whole
from models import recipes
from models.recipe import Recipe
from training import device

NETWORKS = {
    # PyTorch-StudioGAN's SAGAN: 12.3 and 19.6 million parameters at 64 px.
    "sagan": ("sagan_paper", {"d_wide": True, "g_filters": 1024, "d_filters": 64}),
    # BigGAN-PyTorch's default width; one D step and no orthogonal penalty, on either side.
    "biggan": ("biggan", {"d_steps": 1, "g_orthogonal": 0.0, "g_filters": 64, "d_filters": 64}),
}


def recipe_of(network: str, resolution: int, batch_size: int) -> Recipe:
    """That network at this resolution with ten classes, attention at half of it."""
    name, changes = NETWORKS[network]
    return dataclasses.replace(
        recipes.load(name),
        **changes,
        resolution=resolution,
        attention_resolution=resolution // 2,
        batch_size=batch_size,
        label_kind="classes",
        num_labels=10,
    )


def torch_stepper(recipe: Recipe, low: bool, compiled: bool = False):
    """(run(steps), parameters of G, parameters of D); `low`: bfloat16, channels last.

    `compiled`: both networks through `torch.compile`, forward and backward. D sees reals and fakes
    in one call then: a second call would change spectral norm's vectors in place, which the
    compiled backward pass of the first one still needs.
    """
    import torch

    from benchmarks.torch_networks import networks

    torch.manual_seed(0)
    generator, discriminator = networks(recipe)
    layout = torch.channels_last if low else torch.contiguous_format
    generator, discriminator = (
        each.train().to(memory_format=layout) for each in (generator, discriminator)
    )
    counts = [sum(p.numel() for p in each.parameters()) for each in (generator, discriminator)]
    rates = recipe.g_learning_rate, recipe.d_learning_rate
    g_adam, d_adam = (
        torch.optim.Adam(each.parameters(), rate, (recipe.beta_1, recipe.beta_2))
        for each, rate in zip((generator, discriminator), rates, strict=True)
    )
    own = list(discriminator.parameters())
    if compiled:
        generator, discriminator = map(torch.compile, (generator, discriminator))
    real = torch.rand(recipe.batch_size, 3, recipe.resolution, recipe.resolution) * 2 - 1
    real = real.to(memory_format=layout)
    labels = torch.randint(recipe.num_labels, (3, recipe.batch_size))

    def step():
        z = torch.randn(2, recipe.batch_size, recipe.latent_dim)
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            with torch.no_grad():
                fake = generator(z[0], labels[0])
            if compiled:
                both = torch.cat((real, fake.to(real.dtype))), torch.cat((labels[1], labels[0]))
                real_logits, fake_logits = discriminator(*both).chunk(2)
            else:
                real_logits = discriminator(real, labels[1])
                fake_logits = discriminator(fake, labels[0])
            loss = torch.relu(1 - real_logits).mean() + torch.relu(1 + fake_logits).mean()
        d_adam.zero_grad()
        loss.backward()
        d_adam.step()
        for parameter in own:  # no gradients that nobody uses
            parameter.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            loss = -discriminator(generator(z[1], labels[2]), labels[2]).mean()
        g_adam.zero_grad()
        loss.backward()
        g_adam.step()
        for parameter in own:
            parameter.requires_grad_(True)

    def run(steps):
        for _ in range(steps):
            step()

    return run, *counts


def measure(
    recipe: Recipe, turns: int, steps: int, bfloat16: bool = True, compiled: bool = False
) -> dict[str, float]:
    """Seconds a step of each variant, and ratios of ours to theirs with their range.

    bfloat16  measure that too, which takes minutes a step without arithmetic for it
    compiled  measure torch through `torch.compile` too
    """
    from models.networks import trained_parameters
    from models.systems.gan.turns import GAN

    variants, batch = {}, batches.batch_of(recipe)
    for precision in ("float32", "mixed_bfloat16")[: 1 + bfloat16]:
        gan = GAN(recipe, precision)
        built = [gan.generator, gan.discriminator]
        variants[precision] = lambda gan=gan: train_step.run_steps(
            gan, train_step.repeated(batch, steps)
        )
    theirs_by_name = {"torch float32": (False, False), "torch bfloat16": (True, False)}
    if compiled:
        theirs_by_name |= {
            "torch.compile float32": (False, True),
            "torch.compile bfloat16": (True, True),
        }
    theirs_by_name = {name: how for name, how in theirs_by_name.items() if bfloat16 or not how[0]}
    for name, (low, through) in theirs_by_name.items():
        run, *theirs = torch_stepper(recipe, low, through)
        variants[name] = lambda run=run: run(steps)
    ours = [trained_parameters(network) for network in built]
    if ours != theirs:
        raise SystemExit(f"the networks differ: {ours} parameters here, {theirs} in torch")
    times = train_step.by_turns(turns, variants)
    found = {name: statistics.median(each) / steps for name, each in times.items()}
    pairs = [(name, "torch float32") for name in times if name != "torch float32"]
    pairs += [("mixed_bfloat16", name) for name in theirs_by_name if "bfloat16" in name]
    pairs += [("float32", name) for name in theirs_by_name if "compile float32" in name]
    for mine, other in pairs:
        for which, value in train_step.spread(times[mine], times[other]).items():
            found[f"{mine} ÷ {other}" + f", {which}" * (which != "ratio")] = value
    return {"g_parameters": ours[0], "d_parameters": ours[1], **found}


def has_bfloat16() -> bool:
    """Whether this processor has bfloat16 arithmetic; says so if it has not."""
    there = device.find().bfloat16
    if not there:
        print("this CPU has no bfloat16 arithmetic: float32 alone is measured", file=sys.stderr)
    return there


def hide_gpus() -> None:
    """Let both libraries compute on the processor, before either is imported.

    The PyTorch side is written for it alone; ours would take a GPU wherever there is one.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"


def use_threads(count: int) -> None:
    """Let both libraries compute on `count` threads. Raises ImportError without torch."""
    import torch

    with contextlib.suppress(ImportError):
        import triton  # noqa: F401 - loaded by torch's optimizers; after TensorFlow it crashes
    import tensorflow as tf

    torch.set_num_threads(count)
    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("network", nargs="?", default="sagan", choices=list(NETWORKS))
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=whole(1), default=1, help="steps per turn (default 1)")
    parser.add_argument(
        "--turns", type=whole(1), default=5, help="turns of each variant (default 5)"
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=0,
        help="of either side; 1 on a busy machine, where torch's threads wait for each other and a "
        "step takes thirty times as long (default: one per core)",
    )
    parser.add_argument(
        "--compile", action="store_true", help="torch through torch.compile too, minutes at first"
    )
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    options = parser.parse_args()
    hide_gpus()
    backend.choose()
    try:
        use_threads(options.threads or len(os.sched_getaffinity(0)))
    except ImportError:
        print("torch is not installed: nothing to compare with", file=sys.stderr)
        print("{}" if options.json else "")
        return
    recipe = recipe_of(options.network, options.resolution, options.batch_size)
    found = measure(recipe, options.turns, options.steps, has_bfloat16(), options.compile)
    if options.json:
        print(json.dumps(found))
        return
    threads = f", {options.threads} threads" if options.threads else ""
    size = f"{recipe.resolution} px, batch {recipe.batch_size}"
    print(f"{options.network}, {size}, {train_step.machine()}{threads}")
    for name, value in found.items():
        print(f"  {name:<34}{value:12.3f}" if value < 1e3 else f"  {name:<34}{value:12,.0f}")


if __name__ == "__main__":
    main()
