"""The training step against PyTorch: `python benchmarks/torch_step.py`.

The residual SAGAN (`sagan_paper`: spectral norm in both networks, self-attention, hinge loss, Adam)
at 64 px, batch 32, without labels, as this project trains it on TensorFlow, and the same networks
and step written in plain PyTorch with `torch.nn.utils.parametrizations.spectral_norm`: eagerly in
float32, and in bfloat16 with channels last. All take turns in one process; the printed ratios are
medians over the turns of ours to theirs, so that a busy machine slows both. Without torch it says
so and ends.
"""

import argparse
import dataclasses
import json
import math
import os
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["KERAS_BACKEND"] = "tensorflow"

from benchmarks import train_step
from models import recipe as recipes
from models.recipe import Recipe
from training import backend


def recipe_of(resolution: int, batch_size: int, filters: int) -> Recipe:
    """The residual SAGAN without labels; `filters` are the discriminator's first."""
    return dataclasses.replace(
        recipes.load("sagan_paper"),
        resolution=resolution,
        attention_resolution=resolution // 2,
        batch_size=batch_size,
        g_filters=16 * filters,
        d_filters=filters,
        label_kind="none",
        num_labels=0,
    )


def torch_networks(recipe: Recipe):
    """(generator, discriminator) in plain PyTorch, layer for layer those of `recipe`."""
    import torch
    from torch import nn
    from torch.nn import functional
    from torch.nn.utils.parametrizations import spectral_norm

    from models.networks.sn_resnet import discriminator_widths, generator_widths

    def conv(inputs, outputs, size=3, bias=True):
        return spectral_norm(nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=bias))

    class Attention(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.f = conv(channels, channels // 8, 1, bias=False)
            self.g = conv(channels, channels // 8, 1, bias=False)
            self.h = conv(channels, channels // 2, 1, bias=False)
            self.o = conv(channels // 2, channels, 1, bias=False)
            self.gamma = nn.Parameter(torch.zeros(()))

        def forward(self, x):
            keys = functional.max_pool2d(self.f(x), 2).flatten(2)
            queries, values = self.g(x).flatten(2), functional.max_pool2d(self.h(x), 2).flatten(2)
            weights = torch.softmax(queries.transpose(1, 2) @ keys, dim=-1)
            seen = (values @ weights.transpose(1, 2)).reshape(len(x), -1, *x.shape[2:])
            return x + self.gamma * self.o(seen)

    class Up(nn.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.norm_1, self.norm_2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
            self.conv_1, self.conv_2 = conv(inputs, outputs), conv(outputs, outputs)
            self.skip = conv(inputs, outputs, 1)

        def forward(self, x):
            y = functional.interpolate(torch.relu(self.norm_1(x)), scale_factor=2)
            y = self.conv_2(torch.relu(self.norm_2(self.conv_1(y))))
            return y + self.skip(functional.interpolate(x, scale_factor=2))

    class Down(nn.Module):
        def __init__(self, inputs, outputs, first, halve):
            super().__init__()
            hidden = outputs if first else inputs
            self.conv_1, self.conv_2 = conv(inputs, hidden), conv(hidden, outputs)
            self.skip = conv(inputs, outputs, 1) if halve or inputs != outputs else nn.Identity()
            self.first, self.halve = first, halve

        def forward(self, x):
            y = self.conv_2(torch.relu(self.conv_1(x if self.first else torch.relu(x))))
            x = self.skip(x)
            return functional.avg_pool2d(x + y, 2) if self.halve else x + y

    class Generator(nn.Module):
        def __init__(self):
            super().__init__()
            first, *widths = generator_widths(recipe.resolution, recipe.g_filters)
            self.dense = spectral_norm(nn.Linear(recipe.latent_dim, 16 * first))
            blocks, size, before = [], 4, first
            for width in widths:
                blocks.append(Up(before, width))
                size, before = 2 * size, width
                if size == recipe.attention_resolution:
                    blocks.append(Attention(width))
            last = [nn.BatchNorm2d(before), nn.ReLU(), conv(before, 3), nn.Tanh()]
            self.blocks, self.first = nn.Sequential(*blocks, *last), first

        def forward(self, z):
            return self.blocks(self.dense(z).reshape(len(z), self.first, 4, 4))

    class Discriminator(nn.Module):
        def __init__(self):
            super().__init__()
            widths, halvings = discriminator_widths(recipe.resolution, recipe.d_filters)
            blocks, size, before = [], recipe.resolution, 3
            for index, width in enumerate(widths):
                blocks.append(Down(before, width, index == 0, index < halvings))
                size, before = size // 2 if index < halvings else size, width
                if index < halvings and size == recipe.attention_resolution:
                    blocks.append(Attention(width))
            self.blocks = nn.Sequential(*blocks, nn.ReLU())
            self.dense = spectral_norm(nn.Linear(before, 1))

        def forward(self, x):
            return self.dense(self.blocks(x).sum((2, 3)))

    return Generator(), Discriminator()


def torch_stepper(recipe: Recipe, low: bool):
    """(run(steps), parameters of G, parameters of D); `low`: bfloat16, channels last."""
    import torch

    torch.manual_seed(0)
    generator, discriminator = torch_networks(recipe)
    layout = torch.channels_last if low else torch.contiguous_format
    generator, discriminator = (
        each.train().to(memory_format=layout) for each in (generator, discriminator)
    )
    rates = recipe.g_learning_rate, recipe.d_learning_rate
    g_adam, d_adam = (
        torch.optim.Adam(each.parameters(), rate, (recipe.beta_1, recipe.beta_2))
        for each, rate in zip((generator, discriminator), rates, strict=True)
    )
    real = torch.rand(recipe.batch_size, 3, recipe.resolution, recipe.resolution) * 2 - 1
    real = real.to(memory_format=layout)

    def step():
        z = torch.randn(2, recipe.batch_size, recipe.latent_dim)
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            with torch.no_grad():
                fake = generator(z[0])
            real_logits, fake_logits = discriminator(real), discriminator(fake)
            loss = torch.relu(1 - real_logits).mean() + torch.relu(1 + fake_logits).mean()
        d_adam.zero_grad()
        loss.backward()
        d_adam.step()
        for parameter in discriminator.parameters():  # no gradients that nobody uses
            parameter.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            loss = -discriminator(generator(z[1])).mean()
        g_adam.zero_grad()
        loss.backward()
        g_adam.step()
        for parameter in discriminator.parameters():
            parameter.requires_grad_(True)

    def run(steps):
        for _ in range(steps):
            step()

    return run, *(sum(p.numel() for p in each.parameters()) for each in (generator, discriminator))


def measure(recipe: Recipe, turns: int, steps: int) -> dict[str, float]:
    """Seconds a step of each variant, and ratios of ours to theirs."""
    from models.gan import GAN

    variants, batch = {}, train_step.batch_of(recipe)
    for precision in ("float32", "mixed_bfloat16"):
        gan = GAN(recipe, precision)
        built = [gan.generator, gan.discriminator]
        variants[precision] = lambda gan=gan: train_step.run_steps(
            gan, train_step.repeated(batch, steps)
        )
    for name, low in (("torch float32", False), ("torch bfloat16", True)):
        run, *theirs = torch_stepper(recipe, low)
        variants[name] = lambda run=run: run(steps)
    ours = [_parameters(network) for network in built]
    if ours != theirs:
        raise SystemExit(f"the networks differ: {ours} parameters here, {theirs} in torch")
    times = train_step.by_turns(turns, variants)
    found = {name: statistics.median(each) / steps for name, each in times.items()}
    for mine, other in (
        ("float32", "torch float32"),
        ("mixed_bfloat16", "torch float32"),
        ("mixed_bfloat16", "torch bfloat16"),
        ("torch bfloat16", "torch float32"),
    ):
        found[f"{mine} ÷ {other}"] = train_step.ratio(times[mine], times[other])
    return {"g_parameters": ours[0], "d_parameters": ours[1], **found}


def _parameters(network) -> int:
    """How many numbers are trained."""
    return sum(math.prod(weight.shape) for weight in network.trainable_variables)


def use_threads(count: int) -> None:
    """Let both libraries compute on `count` threads. Raises ImportError without torch."""
    import tensorflow as tf
    import torch

    torch.set_num_threads(count)
    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--filters", type=int, default=64, help="of D's first block; G's / 16")
    parser.add_argument("--steps", type=int, default=1, help="steps per turn (default 1)")
    parser.add_argument("--turns", type=int, default=5, help="turns of each variant (default 5)")
    parser.add_argument(
        "--threads",
        type=int,
        default=0,
        help="of either side; 1 on a busy machine, where torch's threads wait for each other and a "
        "step takes thirty times as long (default: one per core)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    options = parser.parse_args()
    backend.choose()
    try:
        use_threads(options.threads or len(os.sched_getaffinity(0)))
    except ImportError:
        print("torch is not installed: nothing to compare with", file=sys.stderr)
        print("{}" if options.json else "")
        return
    recipe = recipe_of(options.resolution, options.batch_size, options.filters)
    found = measure(recipe, options.turns, options.steps)
    if options.json:
        print(json.dumps(found))
        return
    threads = f", {options.threads} threads" if options.threads else ""
    print(
        f"SAGAN, {recipe.resolution} px, batch {recipe.batch_size}, {train_step.machine()}{threads}"
    )
    for name, value in found.items():
        print(f"  {name:<34}{value:12.3f}" if value < 1e3 else f"  {name:<34}{value:12,.0f}")


if __name__ == "__main__":
    main()
