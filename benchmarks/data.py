"""How fast pictures are cached and read: `python benchmarks/data.py`.

Prints pictures per second for building a 64 px cache from 256 px JPEGs, for drawing faces and for
reading shuffled batches, and the ratio to decoding every picture anew.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datasets import Batches, decode, faces, open_data

RESOLUTION = 64


def write_jpegs(folder: Path, count: int) -> None:
    """256 px faces with a little noise, so that they are as heavy as photographs (15–25 kB)."""
    rng = np.random.default_rng(0)
    drawn = [faces.draw(i, 256).astype(np.int16) for i in range(32)]
    for i in tqdm(range(count), desc="Writing JPEGs", unit="img"):
        noisy = drawn[i % len(drawn)] + rng.integers(-8, 9, (256, 256, 3), np.int16)
        image = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
        image.save(folder / f"{i:05}.jpg", quality=90)


def rate(count: int, action) -> float:
    start = time.perf_counter()
    action()
    return count / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--count", type=int, default=4000, help="JPEGs to cache (default 4000)")
    parser.add_argument("--faces", type=int, default=2000, help="faces to draw (default 2000)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder, cache = Path(temporary, "jpegs"), Path(temporary, "cache")
        folder.mkdir()
        write_jpegs(folder, options.count)
        kilobytes = sum(f.stat().st_size for f in folder.iterdir()) / options.count / 1000
        few = sorted(folder.iterdir())[:200]
        decoding = rate(len(few), lambda: [decode.read(file, RESOLUTION) for file in few])
        building = rate(options.count, lambda: open_data(folder, RESOLUTION, cache_dir=cache))
        drawing = rate(
            options.faces,
            lambda: open_data("faces", RESOLUTION, count=options.faces, cache_dir=cache),
        )
        batches = Batches(open_data(folder, RESOLUTION, cache_dir=cache), 64, seed=0, mirror=True)
        batches.batch(0)
        reading = rate(64 * 1000, lambda: [batches.batch(step) for step in range(1000)])
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"\n{platform.processor() or platform.machine()}, {cores} cores, {platform.system()}")
    print(f"{'at 64 px':<46}{'img/s':>10}{'ratio':>9}")
    for name, value in (
        (f"decode 256 px JPEGs ({kilobytes:.0f} kB), one process", decoding),
        ("build a cache from them", building),
        ("draw and cache faces", drawing),
        ("read shuffled, mirrored batches of 64", reading),
    ):
        print(f"{name:<46}{value:>10,.0f}{value / decoding:>8.1f}×")


if __name__ == "__main__":
    main()
