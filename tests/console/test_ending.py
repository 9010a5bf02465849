"""How a command ends, and what it prints."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from console import screen
from console.ending import carry_out
from console.errors import UserError


def raising(error):
    def work():
        raise error

    return work


@pytest.mark.parametrize(
    ("work", "code", "words"),
    [
        (lambda: None, 0, ""),
        (lambda: 130, 130, ""),
        (raising(UserError("no run \x1b[31m\nx")), 2, "train.py: error: no run \\x1b[31m\\nx\n"),
        (raising(KeyboardInterrupt()), 130, "\ntrain.py: interrupted; nothing is kept\n"),
        (raising(KeyboardInterrupt("it is kept")), 130, "\ntrain.py: interrupted; it is kept\n"),
        (
            raising(OSError(errno.ENOSPC, "No space left", "a.json")),
            2,
            "train.py: error: the disk is full (a.json); make room; nothing is kept\n",
        ),
        (
            raising(PermissionError(errno.EACCES, "Permission denied", "b")),
            2,
            "train.py: error: b cannot be written or read: Permission denied; nothing is kept\n",
        ),
    ],
)
def test_codes_and_words(work, code, words, capsys):
    assert carry_out("train.py", work, "nothing is kept") == code
    assert capsys.readouterr().err == words


def test_a_mistake_of_ours_keeps_its_traceback():
    with pytest.raises(FileNotFoundError):
        carry_out("train.py", raising(FileNotFoundError(errno.ENOENT, "ours", "c")))
    with pytest.raises(ValueError, match="ours"):
        carry_out("train.py", raising(ValueError("ours")))
    assert carry_out("train.py", raising(ValueError("theirs")), mistakes=ValueError) == 2


UNREAD = """
import sys, time
from console import screen
from console.ending import carry_out
def work():
    sys.stdin.readline()  # until the reader has gone
    if sys.argv[1] == "stdout":
        screen.show("unread")
        print("unread too", flush=True)  # by another library
    sys.stderr.write("it goes on\\n")
    sys.stderr.flush()
sys.exit(carry_out("train.py", work))
"""


@pytest.mark.parametrize(
    ("unread", "code", "words"), [("stdout", 0, "it goes on\n"), ("stderr", 141, "")]
)
def test_a_reader_that_leaves_is_no_traceback(unread, code, words):
    """As `| head` does, and `2>&1 | head`."""
    begun = subprocess.Popen(
        [sys.executable, "-c", UNREAD, unread], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if unread == "stdout" else subprocess.STDOUT, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    begun.stdout.close()
    begun.stdin.write("go\n")
    begun.stdin.close()
    said = begun.stderr.read() if begun.stderr else ""
    assert (begun.wait(60), said) == (code, words)


def test_a_broken_pipe_of_ours_keeps_its_traceback():
    with pytest.raises(BrokenPipeError):
        carry_out("train.py", raising(BrokenPipeError()))


def test_lines_stay_lines(capsys):
    screen.say("a\nb")
    screen.show("one", "t\two", "\udcff")
    read = capsys.readouterr()
    assert read.err == "a\\nb\n"
    assert read.out == "one\nt\\two\n\\xff\n"
