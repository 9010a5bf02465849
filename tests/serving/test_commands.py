"""What the commands share: no training loop is loaded, each has the backend that it needs."""

import os
import subprocess
import sys
from pathlib import Path

from console.options import Parser
from serving.commands import common

ROOT = Path(__file__).parents[2]


def test_serving_does_not_load_the_training_loop():
    code = (
        "import sys, serving, serving.generator, serving.explore.paths, serving.commands.generate\n"
        "loop = {'training.session', 'training.feed', 'training.output', 'training.cli'}\n"
        "assert not loop & set(sys.modules), loop & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]


def test_a_command_has_the_backend_that_it_needs(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    seen = []
    command = lambda options: seen.append(os.environ["KERAS_BACKEND"])  # noqa: E731
    assert common.run(Parser(), command, [], backend="tensorflow") == 0
    assert seen == ["tensorflow"]
