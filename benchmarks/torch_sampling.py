"""Making pictures compared with PyTorch: `python benchmarks/torch_sampling.py [sagan|biggan]`.

The generators of `torch_step.py`, ten classes, 64 px, one picture at a time and 64 at once. Ours as
a user has them: `served`, a `generator.keras` through `serving.load`, and `saved_model`, what
`export.py` makes of it, both in float32; and `training`, as a run in mixed_bfloat16 draws its own
grids. PyTorch's in eval mode without gradients, eager, in float32, and in bfloat16 with channels
last. Where the processor has no bfloat16 arithmetic, `training` is in float32 and torch's bfloat16
is left out. All variants take turns in one process; ratios, our time to theirs, are medians over
the turns with their range. GPUs are hidden from both sides. Without torch it prints a message and
ends.
"""

import argparse
import functools
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np

from benchmarks import torch_step, train_step
from console import backend
from models.recipe import Recipe

BATCHES = (1, 64)
OURS, THEIRS = ("served", "saved_model", "training"), ("torch float32", "torch bfloat16")


def ours(recipe: Recipe, folder: Path, precision: str) -> dict[str, Callable]:
    """Each form of this project's generator: (latents, labels) → pictures."""
    import serving
    from models import files
    from models.systems.gan.turns import GAN
    from serving.export.export import export
    from serving.export.formats import FORMS
    from serving.export.graph import PortableGenerator, named

    gan = GAN(recipe, precision)
    files.save(gan.output("generator"), folder / "g.keras", {"recipe": recipe.to_dict()})
    served = serving.load(folder / "g.keras")
    export(served, "saved_model", folder / "saved_model")
    run = FORMS["saved_model"].read(folder / "saved_model", PortableGenerator)
    return {
        "served": served.generate,
        "saved_model": lambda latents, labels: run(named(latents, labels, 1.0)),
        "training": gan.sample,
    }


def theirs(recipe: Recipe, low: bool) -> Callable:
    """PyTorch's generator: (latents, labels) → pictures; `low`: bfloat16, channels last."""
    import torch

    from benchmarks.torch_networks import networks

    torch.manual_seed(0)
    layout = torch.channels_last if low else torch.contiguous_format
    generator = networks(recipe)[0].eval().to(memory_format=layout)

    def run(latents, labels):
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=low):
            made = generator(torch.from_numpy(latents), torch.from_numpy(labels).long())
        return made.float().permute(0, 2, 3, 1).numpy()

    return run


def measure(recipe: Recipe, turns: int, bfloat16: bool = True) -> dict[str, float]:
    """Seconds a call of each variant and batch, and ratios of ours to theirs with their range."""
    rng, found = np.random.default_rng(0), {}
    others = THEIRS if bfloat16 else THEIRS[:1]
    with tempfile.TemporaryDirectory() as folder:
        makers = ours(recipe, Path(folder), "mixed_bfloat16" if bfloat16 else "float32")
        makers |= {name: theirs(recipe, name.endswith("16")) for name in others}
        for batch in BATCHES:
            latents = rng.standard_normal((batch, recipe.latent_dim), dtype="float32")
            labels = rng.integers(recipe.num_labels, size=batch).astype("int32")
            variants = {
                name: functools.partial(make, latents, labels) for name, make in makers.items()
            }
            for name, run in variants.items():
                shape = np.shape(run())
                if shape != (batch, *recipe.data_shape):
                    raise SystemExit(f"{name} made pictures of shape {shape}")
            times = train_step.by_turns(turns, variants)
            found |= {f"{name}, {batch}": statistics.median(times[name]) for name in times}
            pairs = [(mine, other) for mine in OURS for other in others]
            for mine, other in [*pairs, ("served", "saved_model")]:
                for which, value in train_step.spread(times[mine], times[other]).items():
                    more = "" if which == "ratio" else f", {which}"
                    found[f"{mine} ÷ {other}, {batch}{more}"] = value
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("network", nargs="?", default="sagan", choices=list(torch_step.NETWORKS))
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--turns", type=int, default=9, help="turns of each variant (default 9)")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    options = parser.parse_args()
    if options.turns < 1:
        parser.error("--turns is at least 1")
    torch_step.hide_gpus()
    backend.choose()
    try:
        torch_step.use_threads(len(os.sched_getaffinity(0)))
    except ImportError:
        print("torch is not installed: nothing to compare with", file=sys.stderr)
        print("{}" if options.json else "")
        return
    recipe = torch_step.recipe_of(options.network, options.resolution, batch_size=64)
    found = measure(recipe, options.turns, torch_step.has_bfloat16())
    if options.json:
        print(json.dumps(found))
        return
    print(f"{options.network}, {options.resolution} px, {train_step.machine()}")
    for name, value in found.items():
        print(f"  {name:<48}{value:10.4f}")


if __name__ == "__main__":
    main()
