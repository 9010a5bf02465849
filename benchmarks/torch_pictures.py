"""Networks on pictures compared with PyTorch: `python benchmarks/torch_pictures.py [WHAT …]`.

    srresnet   a step of srgan_cpu's first phase, which compares pixels
    srgan      a step of its second phase: discriminator, content, pixels
    cyclegan   a step of cyclegan_cpu: both generators, then both discriminators
    upscale    srgan_cpu's generator on one picture of 256 px: megapixels a second

Against the same networks and steps in plain PyTorch (`torch_picture_networks.py`), eager, float32.
Ours in float32 and, but for `upscale`, in bfloat16 too. All variants take turns in one process, so
that a busy machine slows both sides; the ratios, ours to theirs, are medians over the turns. Torch
gets its batches in memory, small copies included; ours crops and shrinks within the step. GPUs are
hidden from both sides. Without torch it prints a message and ends.
"""

import argparse
import itertools
import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["KERAS_BACKEND"] = "tensorflow"

from benchmarks import batches, train_step
from benchmarks.torch_step import hide_gpus, use_threads
from console import backend
from models import recipes

STEPS = {"srresnet": ("srgan_cpu", 0), "srgan": ("srgan_cpu", 1), "cyclegan": ("cyclegan_cpu", 0)}
_SIDE = 256  # of the picture that is enlarged


def torch_step(what: str, recipe) -> tuple[Callable[[], None], int]:
    """(one step in PyTorch, how many numbers it learns)."""
    import torch
    from torch.nn import functional

    from benchmarks import torch_picture_networks as peers

    torch.manual_seed(0)
    adam = lambda *networks: torch.optim.Adam(  # noqa: E731
        itertools.chain(*(each.parameters() for each in networks)), 1e-4
    )

    def descend(optimizer, loss):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    if what == "cyclegan":
        there, back = peers.Translator(recipe), peers.Translator(recipe)
        judges = peers.patch_judge(recipe), peers.patch_judge(recipe)
        g_adam, d_adam = adam(there, back), adam(*judges)
        a, b = (peers.random_pictures(recipe.batch_size, recipe.resolution) for _ in range(2))

        def cycle_step():
            for judge in judges:
                judge.requires_grad_(False)
            fake_b, fake_a = there(a), back(b)
            fooled = sum(
                (judge(fake) - 1).square().mean()
                for judge, fake in zip(judges, (fake_a, fake_b), strict=True)
            )
            cycle = (back(fake_b) - a).abs().mean() + (there(fake_a) - b).abs().mean()
            descend(g_adam, fooled + recipe.cycle_weight * cycle)
            losses = []
            for judge, real, fake in zip(judges, (a, b), (fake_a, fake_b), strict=True):
                judge.requires_grad_(True)
                losses.append((judge(real) - 1).square().mean())
                losses.append(judge(fake.detach()).square().mean())
            descend(d_adam, 0.5 * sum(losses))

        return cycle_step, peers.parameters(there, back, *judges)

    generator = peers.Enlarger(recipe).train()
    g_adam = adam(generator)
    large = peers.random_pictures(recipe.batch_size, recipe.crop)
    small = functional.interpolate(large, scale_factor=1 / recipe.scale)
    if what == "srresnet":
        return lambda: descend(
            g_adam, functional.mse_loss(generator(small), large)
        ), peers.parameters(generator)
    judge, content = peers.crop_judge(recipe).train(), peers.frozen(peers.Lite0())
    d_adam = adam(judge)

    def srgan_step():
        judge.requires_grad_(True)
        with torch.no_grad():
            fake = generator(small)
        loss = functional.softplus(-judge(large)).mean() + functional.softplus(judge(fake)).mean()
        descend(d_adam, loss)
        judge.requires_grad_(False)
        made = generator(small)
        with torch.no_grad():
            wanted = content(large)
        loss = recipe.content_weight * functional.mse_loss(content(made), wanted)
        loss = loss + recipe.pixel_weight * functional.mse_loss(made, large)
        fooled = functional.softplus(-judge(made)).mean()
        descend(g_adam, loss + recipe.adversarial_weight * fooled)

    return srgan_step, peers.parameters(generator, judge)


def step_times(what: str, turns: int, steps: int) -> dict[str, list[float]]:
    """Seconds of each variant in each turn, of `steps` steps."""
    from models.networks import trained_parameters
    from models.systems import system_class

    name, phase = STEPS[what]
    recipe = recipes.load(name)
    theirs, count = torch_step(what, recipe)
    batch, variants = batches.batch_of(recipe), {}
    for precision in ("float32", "mixed_bfloat16"):
        system = system_class(recipe)(recipe, precision, phase=phase)
        ours = sum(trained_parameters(getattr(system, each)) for each in system.network_names)
        if ours != count:
            raise SystemExit(f"the networks differ: {ours} parameters here, {count} in torch")
        variants[precision] = lambda system=system: train_step.run_steps(
            system, train_step.repeated(batch, steps)
        )
    variants["torch float32"] = lambda: [theirs() for _ in range(steps)]
    return train_step.by_turns(turns, variants)


def upscale_times(turns: int) -> dict[str, list[float]]:
    """Seconds for one picture, by `serving.upscaler` in tiles and by torch in one piece."""
    import numpy as np
    import torch

    from benchmarks import torch_picture_networks as peers
    from models.systems.srgan import networks
    from serving.source import Source
    from serving.upscaler import Upscaler

    recipe = recipes.load("srgan_cpu")
    source = Source(networks.generator(recipe), recipe, {"verb": "upscale"}, Path("srgan_cpu"))
    ours, theirs = Upscaler(source), peers.frozen(peers.Enlarger(recipe))
    picture = np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8)

    def by_torch():
        with torch.inference_mode():
            x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
            made = theirs(x).clamp(-1, 1)
            ((made + 1) * 127.5).round().byte()[0].permute(1, 2, 0).numpy()

    return train_step.by_turns(
        turns, {"float32": lambda: ours.apply([picture]), "torch float32": by_torch}
    )


def report(what: str, options) -> None:
    if what == "upscale":
        times = upscale_times(options.turns)
        pixels = (4 * _SIDE) ** 2 / 1e6
        unit, size = "MP/s", {name: pixels / statistics.median(t) for name, t in times.items()}
    else:
        times = step_times(what, options.turns, options.steps)
        unit = "s a step"
        size = {name: statistics.median(t) / options.steps for name, t in times.items()}
    print(f"{what}, {train_step.machine()}")
    for name, each in times.items():
        line = f"  {name:<16}{size[name]:9.3f} {unit}"
        if name != "torch float32":
            line += f"   {train_step.ratio(each, times['torch float32']):.2f} × torch's time"
        print(line, flush=True)


def main() -> None:
    known = (*STEPS, "upscale")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("what", nargs="*", metavar="WHAT", help=", ".join(known) + "; default: all")
    parser.add_argument("--steps", type=int, default=3, help="steps per turn (default 3)")
    parser.add_argument("--turns", type=int, default=7, help="turns of each variant (default 7)")
    options = parser.parse_args()
    if unknown := [each for each in options.what if each not in known]:
        parser.error(f"unknown {unknown[0]!r}. Known: {', '.join(known)}")
    hide_gpus()
    backend.choose()
    try:
        use_threads(len(os.sched_getaffinity(0)))
    except ImportError:
        print("torch is not installed: nothing to compare with", file=sys.stderr)
        return
    for what in options.what or known:
        report(what, options)


if __name__ == "__main__":
    main()
