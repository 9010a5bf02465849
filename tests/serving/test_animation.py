import base64
import io
import sys

import numpy as np
import pytest
from PIL import Image

from console.errors import UserError
from serving.explore.animation import Clip

FRAMES = np.stack([np.full((18, 21, 3), value, "uint8") for value in (0, 60, 120, 180, 240)])


@pytest.mark.parametrize(("suffix", "form"), [(".gif", None), (".webp", None), (".x", ".gif")])
def test_a_clip_is_saved_at_its_speed(tmp_path, suffix, form):
    path = Clip(FRAMES, fps=20).save(tmp_path / f"film{suffix}", form)
    with Image.open(path) as picture:
        assert picture.format == (form or suffix)[1:].upper()
        assert picture.n_frames == 5
        assert picture.info["loop"] == 0
        for index in range(5):
            picture.seek(index)
            picture.load()
            assert picture.info["duration"] == 50


def test_an_mp4_too(tmp_path):
    av = pytest.importorskip("av")
    path = Clip(FRAMES, fps=20).save(str(tmp_path / "film.mp4"))
    with av.open(str(path)) as container:
        assert container.streams.video[0].average_rate == 20
        assert container.streams.video[0].frames == 5


def test_mistakes_leave_no_file(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UserError, match="pip install av"):
        Clip(FRAMES).save(tmp_path / "film.mp4")
    with pytest.raises(UserError, match=r"Known: \.gif, \.webp, \.mp4"):
        Clip(FRAMES).save(tmp_path / "film.avi")
    assert not list(tmp_path.iterdir())


def test_a_notebook_shows_the_film():
    before, _, rest = Clip(FRAMES, fps=10)._repr_html_().partition("base64,")
    assert before == '<img src="data:image/gif;'
    with Image.open(io.BytesIO(base64.b64decode(rest.removesuffix('">')))) as picture:
        assert (picture.n_frames, picture.info["duration"]) == (5, 100)
