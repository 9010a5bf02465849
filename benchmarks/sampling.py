"""Sampling speed of a generator in every format, and the time to the first picture.

    python benchmarks/sampling.py [RUN|generator.keras] [--seconds 5]

Without a generator it takes the sagan_cpu recipe, untrained. One run measures all formats in turns
on this machine's processor; ratios are to the trained Keras generator (above 1 is faster).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

BATCHES = (1, 64)
ROUNDS = 5

_FIRST = """
import numpy as np, os
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
{load}
z, t = np.zeros((1, {dim}), "float32"), np.array(1, "float32")
inputs = {{"latents": z, "truncation": t{labels}}}
{run}
"""
_FORMS = {
    "keras": (
        "import serving\ngan = serving.load({path!r})",
        "gan.generate(z, inputs.get('labels'))",
    ),
    "saved_model": (
        "import tensorflow as tf\nloaded = tf.saved_model.load({path!r})",
        "loaded.signatures['serving_default']("
        "**{name: tf.constant(value) for name, value in inputs.items()})",
    ),
    "onnx": (
        "import onnxruntime\nsession = onnxruntime.InferenceSession({path!r})",
        "session.run(None, inputs)",
    ),
    "litert": (
        "try:\n    from ai_edge_litert.interpreter import Interpreter\n"
        "except ImportError:\n    from tensorflow import lite\n    Interpreter = lite.Interpreter\n"
        "signature = Interpreter({path!r}).get_signature_runner()",
        "signature(**inputs)",
    ),
}
_FILES = {"keras": "generator.keras", "onnx": "generator.onnx", "litert": "generator.tflite"}


def main() -> None:
    """Export, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", help="a run or a generator.keras")
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="of measuring per form and batch"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(_generator(options.source, Path(folder)), Path(folder), options.seconds)


def _generator(source: str | None, folder: Path):
    import serving
    from models import files, networks, recipes

    if source is None:
        recipe = recipes.load("sagan_cpu")
        network, _ = networks.build(recipe, seed=0)
        source = str(folder / "untrained.keras")
        files.save(network, source, {"recipe": recipe.to_dict()})
    return serving.load(source)


def measure(generator, folder: Path, seconds: float) -> None:
    """Print size, error, rates, ratios and the time to the first picture of every form."""
    from models.networks import trained_parameters
    from serving.export.export import export
    from serving.export.formats import FORMS
    from serving.export.graph import PortableGenerator

    recipe = generator.recipe
    parameters = trained_parameters(generator.network)
    print(f"{recipe.name}, {recipe.resolution} px, {parameters:,} parameters")
    runs, made = {"keras, as trained": _as_trained(generator)}, {}
    for form in FORMS:
        made[form] = export(generator, form, folder / form)
        runs[form] = FORMS[form].read(folder / form, PortableGenerator)
    rates = {batch: _rates(generator, runs, batch, seconds) for batch in BATCHES}
    print(f"{'':<20}{'size':>9}{'error':>9}" + "".join(
        f"{f'batch {batch}':>18}" for batch in BATCHES) + f"{'first picture':>16}")  # fmt: skip
    for name in runs:
        size = f"{made[name].size / 1e6:.1f} MB" if name in made else ""
        error = f"{made[name].error:.0e}" if name in made else ""
        line = f"{name:<20}{size:>9}{error:>9}"
        for batch in BATCHES:
            rate = rates[batch][name]
            ratio = rate / rates[batch]["keras, as trained"]
            line += f"{rate:>10,.0f}/s ×{ratio:<5.2f}"
        first = _first_picture(generator, name, folder) if name in _FORMS else None
        print(line + (f"{first:>14.1f} s" if first else ""))


def _as_trained(generator) -> Callable:
    """The network with its kernels normalised at every call."""
    from models import portable

    network = portable.in_float32(generator.source.network)
    network.jit_compile = False

    def run(inputs):
        z = inputs["latents"] * inputs["truncation"]
        y = inputs.get("labels", np.zeros(len(z), "int32"))
        return np.asarray(network.predict_on_batch([z, y]))

    return run


def _rates(generator, runs: dict, batch: int, seconds: float) -> dict[str, float]:
    """Pictures per second of each form: the median of rounds taken turn about."""
    from serving.export.graph import named

    inputs = named(generator.draw_latents(batch), generator.draw_labels(batch), 1.0)
    seen = {name: [] for name in runs}
    for run in runs.values():
        run(inputs)
    for _ in range(ROUNDS):
        for name, run in runs.items():
            begin, count, passed = time.perf_counter(), 0, 0.0
            while passed < seconds / ROUNDS:
                run(inputs)
                count += batch
                passed = time.perf_counter() - begin
            seen[name].append(count / passed)
    return {name: statistics.median(rates) for name, rates in seen.items()}


def _first_picture(generator, form: str, folder: Path) -> float:
    """Seconds from the start of a new process to its first picture; the better of two."""
    load, run = _FORMS[form]
    labels = ""
    if generator.labels is not None:
        y = generator.draw_labels(1)
        labels = f', "labels": np.array({y.tolist()}, "{y.dtype}")'
    code = _FIRST.format(
        load=load.format(path=str(folder / form / _FILES.get(form, ""))),
        run=run,
        dim=generator.recipe.latent_dim,
        labels=labels,
    )
    best = float("inf")
    for _ in range(2):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
        best = min(best, time.perf_counter() - begin)
    return best


if __name__ == "__main__":
    main()
