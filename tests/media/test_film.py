"""Films, read back: frames, times, loop, colours; none without its codec, none half-written."""

from __future__ import annotations

import io
import resource
import sys

import numpy as np
import pytest
from PIL import Image, ImageSequence

from console.errors import UserError
from foreign.files import replaced
from media import film

# Greys, and a corner in the primary colours, so that a swapped channel or axis would show.
FRAMES = np.stack([np.full((18, 22, 3), value, "uint8") for value in (0, 60, 120, 180, 240)])
FRAMES[:, :6, :10] = np.eye(3, dtype="uint8")[np.arange(5) % 3][:, None, None] * 255


def read(source):
    """(pixels (T, H, W, 3), milliseconds of each frame, how often it is shown: 0 is for ever)."""
    with Image.open(source) as picture:
        found = []
        for frame in ImageSequence.Iterator(picture):
            frame.load()
            found.append((np.asarray(frame.convert("RGB")), frame.info.get("duration")))
        pixels, times = zip(*found, strict=True)
        return np.stack(pixels), list(times), picture.info.get("loop")


def decoded(path):
    """(pixels, moments in seconds, the container's seconds) of an MP4, by PyAV itself."""
    av = pytest.importorskip("av")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [(each.to_ndarray(format="rgb24"), each.time) for each in container.decode(stream)]
        pixels, moments = zip(*frames, strict=True)
        return np.stack(pixels), moments, float(stream.duration * stream.time_base)


def off(pixels):
    """How far `pixels` are from `FRAMES` away from the corner's edge, where codecs blur colours."""
    difference = np.abs(pixels.astype(int) - FRAMES)
    return max(difference[:, :4, :8].max(), difference[:, 10:, 14:].max())


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((np.asarray(a, float) - np.asarray(b, float)) ** 2))


def photographs(count, size=48, seed=0):
    """Smooth pictures in all colours, far harder on a palette than faces."""
    rng = np.random.default_rng(seed)
    tiles = rng.integers(0, 256, (count, 4, 4, 3), dtype="uint8")
    return np.stack(
        [np.asarray(Image.fromarray(each).resize((size, size), Image.BICUBIC)) for each in tiles]
    )


@pytest.mark.parametrize(("suffix", "error"), [(".gif", 0), (".webp", 10)])
def test_a_film_loops_for_ever_with_every_frame_and_rests_on_its_last(tmp_path, suffix, error):
    path = tmp_path / f"film{suffix}"
    film.write(path, FRAMES, seconds=0.05, last=1.5)
    pixels, times, loop = read(path)
    assert pixels.shape == FRAMES.shape
    assert times == [50, 50, 50, 50, 1500]
    assert loop == 0
    assert off(pixels) <= error  # a GIF of so few colours loses nothing


@pytest.mark.parametrize(
    ("suffix", "seconds", "expected"),
    [(".gif", 1 / 30, 30), (".gif", 1 / 120, 20), (".gif", 0.15, 150), (".webp", 1 / 60, 17)],
)
def test_times_are_what_the_form_can_count(tmp_path, suffix, seconds, expected):
    path = tmp_path / f"film{suffix}"
    film.write(path, FRAMES, seconds)
    assert read(path)[1] == [expected] * 5


def test_a_gif_holds_equal_neighbours_once_for_as_long(tmp_path):
    path = tmp_path / "film.gif"
    film.write(path, FRAMES[[0, 1, 1, 2, 2]], seconds=0.1, last=2.0)
    pixels, times, _ = read(path)
    np.testing.assert_array_equal(pixels, FRAMES[:3])
    assert times == [100, 200, 2100]


def test_a_film_of_one_frame(tmp_path):
    for suffix in (".gif", ".webp"):
        film.write(tmp_path / f"film{suffix}", FRAMES[:1], seconds=0.1, last=2.0)
        assert read(tmp_path / f"film{suffix}")[0].shape == (1, 18, 22, 3)


def as_rgb(pages):
    return np.stack([np.asarray(page.convert("RGB")) for page in pages])


def test_the_palette_is_shared_and_stays_close():
    frames = photographs(8)
    found = as_rgb(film.in_one_palette(frames))
    assert len(np.unique(found.reshape(-1, 3), axis=0)) <= 256
    assert psnr(found, frames) > 27
    # Every frame has its share of it: none is served worse by far.
    assert min(psnr(a, b) for a, b in zip(found, frames, strict=True)) > 25.5


def test_a_gif_keeps_the_palette_exactly(tmp_path):
    frames = photographs(6)
    film.write(tmp_path / "film.gif", frames, 0.1)
    pixels, _, _ = read(tmp_path / "film.gif")
    np.testing.assert_array_equal(pixels, as_rgb(film.in_one_palette(frames)))


def test_a_gif_beats_the_quantiser_of_imageio(tmp_path):
    """Whatever reason there is for a palette of our own."""
    import imageio.v3 as imageio

    frames = np.concatenate([photographs(1, 96) + np.uint8(step) for step in range(6)])
    imageio.imwrite(tmp_path / "plain.gif", frames, duration=100, loop=0)
    film.write(tmp_path / "ours.gif", frames, 0.1)
    plain, ours = (read(tmp_path / f"{name}.gif")[0] for name in ("plain", "ours"))
    assert psnr(ours, frames) > psnr(plain, frames)
    assert (tmp_path / "ours.gif").stat().st_size < (tmp_path / "plain.gif").stat().st_size


def test_small_dots_keep_their_colour(tmp_path):
    """Four frames of noise in greys, with one dot of 3 × 3 pixels in red."""
    greys = np.random.default_rng(0).integers(0, 256, (4, 96, 96, 1), dtype="uint8")
    frames = np.repeat(greys, 3, axis=-1)
    frames[:, 40:43, 40:43] = (200, 30, 30)
    film.write(tmp_path / "film.gif", frames, 0.1)
    pixels, _, _ = read(tmp_path / "film.gif")
    assert np.abs(pixels[:, 41, 41].astype(int) - (200, 30, 30)).max() <= 12


def test_mp4_has_every_frame_in_time(tmp_path):
    path = tmp_path / "film.mp4"
    film.write(path, FRAMES, seconds=1 / 20)
    pixels, moments, seconds = decoded(path)
    assert pixels.shape == FRAMES.shape
    assert moments == pytest.approx([0, 0.05, 0.1, 0.15, 0.2], abs=1e-3)
    assert seconds == pytest.approx(0.25, abs=1e-3)
    assert off(pixels) <= 12
    content = path.read_bytes()
    assert content.find(b"moov") < content.find(b"mdat")  # a browser plays what has arrived


def test_mp4_of_odd_sides_loses_a_row_and_a_column(tmp_path):
    frames = photographs(3, 33)[:, :, :21]
    film.write(tmp_path / "film.mp4", frames, seconds=1 / 30)
    pixels, moments, _ = decoded(tmp_path / "film.mp4")
    assert pixels.shape == (3, 32, 20, 3)
    assert moments == pytest.approx([0, 1 / 30, 2 / 30], abs=1e-3)
    assert psnr(pixels, frames[:, :32, :20]) > 26


def test_mp4_rests_on_its_last_frame(tmp_path):
    film.write(tmp_path / "film.mp4", FRAMES, seconds=0.1, last=1.0)
    pixels, _, seconds = decoded(tmp_path / "film.mp4")
    assert seconds == pytest.approx(1.4, abs=1e-3)
    assert np.abs(pixels[-1, 10:, 14:].astype(int) - 240).max() <= 6


def test_another_suffix_may_be_asked_for(tmp_path):
    film.write(tmp_path / "film.part", FRAMES, 0.1, suffix=".GIF")
    assert (tmp_path / "film.part").read_bytes().startswith(b"GIF89a")


def test_bytes_are_those_of_the_file(tmp_path):
    film.write(tmp_path / "film.gif", FRAMES, 0.05, 1.0)
    made = film.encoded(FRAMES, 0.05, 1.0)
    assert made == (tmp_path / "film.gif").read_bytes()
    assert read(io.BytesIO(made))[1] == [50, 50, 50, 50, 1000]


def test_mp4_without_pyav_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UserError, match=r"pip install av; or write a \.gif or \.webp"):
        film.write(tmp_path / "film.mp4", FRAMES, 0.1)
    assert not list(tmp_path.iterdir())


def test_unknown_suffix(tmp_path):
    with pytest.raises(UserError, match=r"cannot be '\.avi'\. Known: \.gif, \.webp, \.mp4"):
        film.write(tmp_path / "film.avi", FRAMES, 0.1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", film.SUFFIXES)
def test_a_full_disk_is_an_error_and_keeps_the_film_before(tmp_path, suffix):
    """A real failed write: the size of files is limited while the film is written."""
    if suffix == ".mp4":
        pytest.importorskip("av")
    path = tmp_path / f"film{suffix}"
    path.write_bytes(b"before")
    noise = np.random.default_rng(0).integers(0, 256, (8, 128, 128, 3), dtype="uint8")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"), replaced(path) as unfinished:
            film.write(unfinished, noise, 0.1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
