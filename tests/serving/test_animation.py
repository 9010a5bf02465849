import sys

import numpy as np
import pytest
from PIL import Image, ImageSequence

from serving.explore.animation import Clip
from training.errors import UserError

FRAMES = np.stack([np.full((18, 21, 3), value, "uint8") for value in (0, 60, 120, 180, 240)])


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_loops_for_ever_with_every_frame(tmp_path, suffix):
    path = Clip(FRAMES, fps=20).save(tmp_path / f"film{suffix}")
    with Image.open(path) as film:
        assert film.n_frames == 5
        assert film.info["loop"] == 0
        for frame, expected in zip(ImageSequence.Iterator(film), FRAMES, strict=True):
            frame.load()
            assert frame.info["duration"] == 50
            assert np.abs(np.asarray(frame.convert("RGB")).astype(int) - expected).max() <= 4


def test_mp4_has_every_frame_at_even_size(tmp_path):
    av = pytest.importorskip("av")
    path = Clip(FRAMES, fps=20).save(tmp_path / "film.mp4")
    with av.open(str(path)) as film:
        assert film.streams.video[0].average_rate == 20
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert np.shape(frames) == (5, 18, 20, 3)
    assert np.abs(np.array(frames).astype(int) - FRAMES[:, :, :20]).max() <= 6


def test_mp4_without_pyav_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UserError, match="pip install av"):
        Clip(FRAMES).save(tmp_path / "film.mp4")
    assert not list(tmp_path.iterdir())


def test_unknown_suffix_and_notebook(tmp_path):
    with pytest.raises(UserError, match=r"Known: \.gif, \.webp, \.mp4"):
        Clip(FRAMES).save(tmp_path / "film.avi")
    assert Clip(FRAMES)._repr_html_().startswith('<img src="data:image/gif;base64,R0lGOD')
