"""Killing scripts: what is wrong afterwards is seen, in new processes and in forks."""

import os
import signal
import time

import pytest

from benchmarks.chaos import kills
from benchmarks.chaos.launch import ROOT, Plain, Zygote
from benchmarks.chaos.victims import VICTIMS, Victim

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX processes")
WRITES = """
import json, sys, time
from pathlib import Path
from console import quietly
from foreign.files import write_json
out = Path(sys.argv[1])
for number in range(12):
    {write}
    time.sleep(0.04)
"""
WHOLE = "write_json(out / f'{number}.json', list(range(1000)))"
# Every run but the first, whose time is taken, waits to be killed: on a slow machine too.
WAIT = "time.sleep(0.1 if out.name == 'whole' else 60); "
HALF = "(out / f'{number}.json').write_text('[1, '); " + WAIT + WHOLE


@pytest.fixture(params=[Plain, Zygote])
def start(request):
    made = request.param(()) if request.param is Zygote else request.param()
    yield made
    made.close()


def killed(start, tmp_path, monkeypatch, write, again=True, count=3):
    script = tmp_path / "script.py"
    script.write_text(WRITES.format(write=write))
    monkeypatch.setattr(kills, "make_inputs", lambda folder: folder)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    words = lambda inputs, out: [str(script), str(out)]  # noqa: E731
    victim = Victim(words, words if again else lambda inputs, out: [],
                    lambda out: sorted(path.name for path in out.glob("*.json")))  # fmt: skip
    return kills.Kills(victim, start, tmp_path).attack("a", count, 3, time.monotonic() + 60)


def test_whole_files_and_the_same_end(start, tmp_path, monkeypatch):
    tally = killed(start, tmp_path, monkeypatch, WHOLE)
    assert tally.failures == []
    assert tally.counts == {"read": 3}
    assert not list(tmp_path.glob("[0-9]"))  # what was right is removed


def test_what_is_wrong_is_seen(start, tmp_path, monkeypatch):
    tally = killed(start, tmp_path, monkeypatch, HALF, again=False)
    assert any("a damaged file after" in each for each in tally.failures), tally
    (tmp_path / "other").mkdir()
    tally = killed(start, tmp_path / "other", monkeypatch, WAIT + WHOLE, again=False)
    assert any("another result after" in each for each in tally.failures), tally


def test_a_fork_ends_as_a_process_does(start, tmp_path):
    def end(code, which=None):
        (tmp_path / "s.py").write_text(f"from console import quietly\nimport sys, time\n{code}\n")
        more = {"ADDED": "yes", "PYTHONPATH": str(ROOT)}
        started = start.start([str(tmp_path / "s.py"), "a"], tmp_path / "said", more)
        if which:
            while "ready" not in started.words():
                time.sleep(0.01)
            assert started.wait(0.01) is None
            started.send(which)
        return started.wait(30), started.words()

    assert end("assert __name__ == '__main__' and sys.argv[1:] == ['a']") == (0, "")
    assert end("sys.exit(7)") == (7, "")
    assert end("import os; print(os.environ['ADDED'], file=sys.stderr)") == (0, "yes\n")
    assert end("import atexit; atexit.register(print, 'end', file=sys.stderr)") == (0, "end\n")
    code, words = end("1 / 0")
    assert code == 1
    assert words.endswith("ZeroDivisionError: division by zero\n")
    wait = "print('ready', file=sys.stderr, flush=True); time.sleep(60)"
    assert end(wait, signal.SIGINT) == (-signal.SIGINT, "ready\n\ninterrupted\n")
    assert end(wait, signal.SIGTERM) == (-signal.SIGTERM, "ready\n")
    assert end(wait, signal.SIGKILL) == (-signal.SIGKILL, "ready\n")


def test_every_script_has_a_command_line(tmp_path):
    for victim in VICTIMS.values():
        assert victim.words(tmp_path, tmp_path)[0].endswith(".py")
        assert victim.again(tmp_path, tmp_path)


def test_files_that_a_kill_has_damaged_are_seen(tmp_path):
    whole = {"a.json": b"{}", "a.csv": b"step,x\n1,2\n", "a.txt": b"any", "a.sqlite": b""}
    broken = {"b.json": b"{", "b.csv": b"step,x\nx,x\n1,2\n", "b.png": b"\x89PNG", "b.h5": b"",
              "b.keras": b"PK", "b.npy": b"",
              "b.sqlite": b"SQLite format 3\0" + b"x" * 90}  # fmt: skip
    for name, content in (whole | broken).items():
        (tmp_path / name).write_bytes(content)
    assert [name for name in whole | broken if kills.damage(tmp_path / name)] == list(broken)
    (tmp_path / ".unfinished-b.json").write_bytes(b"{")
    assert kills.damage(tmp_path / ".unfinished-b.json") is None


def test_files_of_other_programs_are_not_looked_at(tmp_path):
    ours, theirs = (tmp_path / "home" / name / "a.json" for name in ("gan-publish", "Other"))
    for path in (ours, theirs, tmp_path / "made.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [path for path in kills._written(tmp_path) if path.is_file()] == [
        ours,
        tmp_path / "made.json",
    ]
