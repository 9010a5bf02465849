"""The plan of a small study, written and changed."""

import re

import pytest

from tests.studies.small_study import PLAN


@pytest.fixture
def written(tmp_path):
    """A call that writes a plan, changed by (pattern, text) pairs; returns its path."""

    def write(*changes):
        text = PLAN
        for pattern, other in changes:
            text, count = re.subn(pattern, lambda _, other=other: other, text, count=1)
            assert count == 1, pattern
        path = tmp_path / "two.toml"
        path.write_text(text)
        return str(path)

    return write
