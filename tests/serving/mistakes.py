"""How a command ends after a user's mistake."""


def failed(capsys, main, *arguments):
    """The one line on stderr that the command ends with; its exit code is 2."""
    try:
        code = main([str(each) for each in arguments])
    except SystemExit as stop:
        code = stop.code
    lines = capsys.readouterr().err.strip().splitlines()
    assert code == 2
    assert "Traceback" not in " ".join(lines)
    return lines[-1]
