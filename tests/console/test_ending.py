"""How a command ends, and what it prints."""

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
    ],
)
def test_codes_and_words(work, code, words, capsys):
    assert carry_out("train.py", work, "nothing is kept") == code
    assert capsys.readouterr().err == words


def test_a_mistake_of_ours_keeps_its_traceback():
    with pytest.raises(ValueError, match="ours"):
        carry_out("train.py", raising(ValueError("ours")))
    assert carry_out("train.py", raising(ValueError("theirs")), mistakes=ValueError) == 2


def test_lines_stay_lines(capsys):
    screen.say("a\nb")
    screen.show("one", "t\two", "\udcff")
    read = capsys.readouterr()
    assert read.err == "a\\nb\n"
    assert read.out == "one\nt\\two\n\\xff\n"
