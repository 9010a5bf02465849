"""Drawn scenes, and the pipeline on them."""

from pathlib import Path

import pytest

from benchmarks import scenes
from curation import pipeline
from curation.decisions import Rules


@pytest.fixture(scope="session")
def cv2():
    return pytest.importorskip("cv2", reason="OpenCV is not installed")


@pytest.fixture
def run(tmp_path: Path):
    """The pipeline, quiet and in one process, on `raw` into `out`."""

    def run_pipeline(raw=None, out=None, **options):
        options = {"detector": "none", "progress": False, "rules": Rules(least=1), **options}
        return pipeline.run(
            raw or tmp_path / "raw", out or tmp_path / "out", pipeline.Options(**options)
        )

    return run_pipeline


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Four portraits of 96 px, a.png … d.png."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for number, name in enumerate("abcd"):
        scenes.portrait(number, 96).save(folder / f"{name}.png")
    return folder
