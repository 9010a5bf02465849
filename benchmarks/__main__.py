"""All benchmarks in one table: `python -m benchmarks`, saved as JSON for `benchmarks/compare.py`.

Each part runs in its own process: the training step of the default recipes in each precision, the
step against PyTorch, sampling, data, metrics. For ratios, both sides are measured in turns.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PRECISIONS = ("float32", "mixed_bfloat16")
RECIPES = ("sagan_cpu", "biggan_cpu")
GPU_RECIPES = ("SAGAN_V6", "BIGGAN_V1", "biggan")
TORCH_NETWORKS = ("sagan", "biggan")
PARTS = ("train", "torch", "sampling", "data", "metrics")
# The numbers of a training step, and whether more or less is better.
TRAIN = {
    "step": ("s a step", "less"),
    "images": ("img/s", "more"),
    "memory": ("GB at most", "less"),
    "first": ("s to the first step", "less"),
    "naive": ("× the naive step", "less"),
    "feed": ("× batches from memory", "less"),
}
_NUMBER = re.compile(r"(?<![\w.×])[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART",
                        help=f"of {', '.join(PARTS)}")  # fmt: skip
    parser.add_argument("--recipes", nargs="+", help="to time the training step of")
    parser.add_argument("--turns", type=int, default=5, help="turns of each variant (default 5)")
    parser.add_argument("--threads", type=int, default=0, help="against torch; see torch_step.py")
    parser.add_argument("--out", type=Path, help="the JSON file (default: benchmarks/results/…)")
    options = parser.parse_args()
    found = {"machine": machine(), "commit": commit(), "rows": {}}
    print("  ".join(f"{name} {value}" for name, value in found["machine"].items()))
    begin = time.perf_counter()
    for part in options.only:
        print(f"\n== {part}", flush=True)
        try:
            found["rows"].update(PART[part](options))
        except subprocess.CalledProcessError as error:
            found.setdefault("failed", []).append(part)
            print("failed: " + ((error.stderr or "").strip().splitlines() or ["no reason"])[-1])
    out = options.out or RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}-{found['commit']}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\n{len(found['rows'])} rows in {time.perf_counter() - begin:.0f} s: {out}")
    if found.get("failed"):
        raise SystemExit(1)


def train(options) -> dict:
    """The training step of each recipe in each precision."""
    rows = {}
    names = options.recipes or (GPU_RECIPES if found_gpu() else RECIPES)
    for name in names:
        for precision in PRECISIONS:
            words = [name, "--precision", precision, "--turns", str(options.turns), "--child"]
            values = json.loads(script("train_step.py", *words).splitlines()[-1])
            print(f"{name:14}{precision:16}" + "  ".join(
                f"{values[key]:.3g} {unit}" for key, (unit, _) in TRAIN.items()), flush=True
            )  # fmt: skip
            for key, (unit, better) in TRAIN.items():
                label = f"{name} {precision}: {unit}"
                rows[label] = {"value": values[key], "better": better}
    return rows


def torch(options) -> dict:
    """Ratios of our step to PyTorch's."""
    rows = {}
    for network in TORCH_NETWORKS:
        words = ["--turns", str(options.turns), "--threads", str(options.threads), "--json"]
        values = json.loads(script("torch_step.py", network, *words).splitlines()[-1])
        if not values:
            print("skipped: torch is not installed")
            return {}
        for name, value in values.items():
            print(f"  {network + ' ' + name:<42}{value:12,.3f}", flush=True)
            if "parameters" not in name and not name.endswith((", least", ", most")):
                rows[f"torch step: {network} {name}"] = {"value": value, "better": "less"}
    return rows


def printed(*command: str):
    """A part that prints its own table: print it, and keep the numbers of each row."""

    def run(options) -> dict:
        text = script(*command)
        print(text, flush=True)
        return rows_of(command[0].removesuffix(".py"), text)

    return run


def rows_of(part: str, text: str) -> dict:
    """The numbers in each line of a printed table, by the words before them."""
    rows = {}
    for line in text.splitlines():
        label, *rest = re.split(r"\s{2,}", line.strip(), maxsplit=1)
        numbers = [float(n.replace(",", "")) for n in _NUMBER.findall(" ".join(rest))]
        for index, number in enumerate(numbers):
            rows[f"{part}: {label} [{index}]"] = {"value": number, "better": "unknown"}
    return rows


PART = {
    "train": train,
    "torch": torch,
    "sampling": printed("sampling.py"),
    "data": printed("data.py"),
    "metrics": printed("metrics.py"),
}


def script(name: str, *words: str) -> str:
    """The output of a benchmark of this folder."""
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / name), *words],
        cwd=ROOT,
        # From when train_step.py counts its start-up.
        env={**os.environ, "TRAIN_STEP_BEGAN": str(time.time())},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def machine() -> dict[str, str]:
    """The machine and versions of the results."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0].split(":", 1)[1].strip() if models else name
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    gpu = found_gpu() or "none"
    return {"processor": name, "cores": str(cores), "gpu": gpu, "load": load,
            "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
            "python": platform.python_version()}  # fmt: skip


def found_gpu() -> str:
    """The name of the first NVIDIA GPU, or nothing."""
    query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def commit() -> str:
    """The short name of the commit measured, or "unknown"."""
    try:
        return subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


if __name__ == "__main__":
    main()
