"""Pictures in, features out: quantising, resizing, batching, a user's own network."""

import dataclasses
import tracemalloc

import keras
import numpy as np
import pytest
from PIL import Image

from metrics import cache, extractors, pictures, resize
from metrics.errors import MetricError


def uint8(count, height=8, width=8, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def test_quantising_is_the_papers():
    x = np.array([-1.5, -1, -0.999, 0, 0.5, 0.997, 1, 2], np.float32).reshape(1, 8, 1, 1)
    ours = pictures.to_uint8(np.repeat(x, 3, axis=3))[0, :, 0, 0]
    assert ours.tolist() == [0, 0, 0, 128, 191, 255, 255, 255]
    every = (np.arange(256, dtype=np.float32) / 127.5 - 1).reshape(1, 256, 1, 1)
    back = pictures.to_uint8(np.repeat(every, 3, axis=3))[0, :, 0, 0]
    assert back.tolist() == list(range(256))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((2, 8, 8)), "height, width, 3"),
        (np.zeros((2, 8, 8, 3), np.int32), "uint8 or floats"),
        (np.full((2, 8, 8, 3), 255.0), "up to 255"),
    ],
)
def test_bad_pictures_are_refused(bad, message):
    with pytest.raises(MetricError, match=message):
        pictures.to_uint8(bad)


def test_nan_pictures_are_named(tiny):
    batch = np.zeros((6, 8, 8, 3), np.float32)
    batch[4, 1, 1, 1] = np.nan
    with pytest.raises(MetricError, match=r"1 of 3 pictures .*number 4\): the generator has div"):
        extractors.extract(tiny, batch, batch_size=3)


@pytest.mark.parametrize("new", [5, 16, 31])
def test_bicubic_is_pillows(new):
    line = uint8(1, 16, 16)[0, :, :, 0].astype(np.float32)
    theirs = np.asarray(Image.fromarray(line, "F").resize((new, new), Image.Resampling.BICUBIC))
    matrix = resize.matrix("bicubic-antialias", 16, new)
    np.testing.assert_allclose(matrix @ line @ matrix.T, theirs, atol=1e-3)


def test_tf1_bilinear_by_hand():
    # 2 → 3: sources 0, 2/3, 4/3; the last one reaches past the end and keeps the last pixel.
    expected = [[1, 0], [1 / 3, 2 / 3], [0, 1]]
    np.testing.assert_allclose(resize.matrix("tf1-bilinear", 2, 3), expected, atol=1e-7)
    expected = [[1, 0, 0, 0], [0, 0, 1, 0]]  # 4 → 2: no antialiasing
    np.testing.assert_allclose(resize.matrix("tf1-bilinear", 4, 2), expected, atol=1e-7)
    with pytest.raises(MetricError, match="Known: tf1-bilinear, bicubic-antialias"):
        resize.matrix("nearest", 2, 3)


def test_resize_layer_is_its_matrices():
    batch = uint8(2, 5, 7)
    layer = resize.Resize("bicubic-antialias", (9, 4))
    ours = keras.ops.convert_to_numpy(layer(batch))
    rows = resize.matrix("bicubic-antialias", 5, 9)
    columns = resize.matrix("bicubic-antialias", 7, 4)
    expected = np.einsum("oh,nhwc,pw->nopc", rows, batch.astype(float), columns)
    np.testing.assert_allclose(ours, expected, atol=1e-3)


def test_batches_do_not_change_features(tiny):
    batch = uint8(11)
    whole = extractors.extract(tiny, batch, batch_size=64)
    assert whole.pool.shape == (11, 6)
    assert whole.logits is None
    parts = iter([batch[:2], batch[2:9], batch[9:]])
    streamed = extractors.extract(tiny, parts, count=11, batch_size=4)
    np.testing.assert_allclose(streamed.pool, whole.pool, atol=1e-6)
    with pytest.raises(MetricError, match="no pictures"):
        extractors.extract(tiny, iter([]))


def test_users_network_by_hand(tiny):
    batch = uint8(2)
    (kernel, bias) = tiny.network.get_weights()
    x = batch.astype(np.float64) / 64
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))
    expected = np.tanh(np.einsum("nxyckl,klco->nxyo", windows, kernel) + bias).mean(axis=(1, 2))
    np.testing.assert_allclose(extractors.extract(tiny, batch).pool, expected, atol=1e-5)
    assert tiny.measure_name("frechet") == "FD-tiny@8"


def test_names(lite0, random_fid_inception):
    assert lite0.measure_name("frechet") == "FD-lite0@224"
    assert lite0.measure_name("kernel") == "KD-lite0@224"
    names = [random_fid_inception.measure_name(name) for name in ("frechet", "kernel", "score")]
    assert names == ["FID", "KID", "IS"]
    assert lite0.measure_name("precision") == "precision"


@pytest.mark.parametrize("name", ["inception-2015-12-05.keras", "clip.keras"])
def test_a_users_file_never_takes_a_papers_name(name, tmp_path):
    network = [keras.Input((16, 16, 3)), keras.layers.Conv2D(4, 3)]
    keras.Sequential(network).save(tmp_path / name)
    own = extractors.load(str(tmp_path / name))
    assert not own.is_inception
    assert not own.is_clip
    assert own.measure_name("frechet") == f"FD-{name}@16"


def test_unknown_names_and_files(tmp_path):
    with pytest.raises(MetricError, match=r"Unknown extractor 'vgg'\. Known: lite0, lite1, inc"):
        extractors.load("vgg")
    with pytest.raises(MetricError, match=r"Unknown precision 'int8'\. Known: float32, bfloat16"):
        extractors.load("lite0", precision="int8")
    with pytest.raises(MetricError, match="no network file"):
        extractors.load(str(tmp_path / "none.keras"))
    (tmp_path / "bad.keras").write_text("no")
    with pytest.raises(MetricError, match=r"not a complete .keras file"):
        extractors.load(str(tmp_path / "bad.keras"))


def test_a_network_file_with_code_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Lambda(lambda x: x)])
    model.save(tmp_path / "code.keras")
    with pytest.raises(MetricError, match="cannot be loaded"):
        extractors.load(str(tmp_path / "code.keras"))


def test_a_network_of_any_size_is_refused(tmp_path):
    keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(2, 1)]).save(
        tmp_path / "any.keras"
    )
    with pytest.raises(MetricError, match="pictures of one size"):
        extractors.load(str(tmp_path / "any.keras"))


def test_memory_does_not_grow_with_the_pictures(tiny):
    def peak(batches):
        stream = (uint8(64, 64, 64) for _ in range(batches))
        tracemalloc.start()
        extractors.extract(tiny, stream, batch_size=64)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(2)  # compiles
    few, many = peak(4), peak(24)
    grown = 20 * 64 * 64 * 64 * 3  # bytes of pictures between the two
    # JAX may hold one batch more, as float32, until it has computed: 0.2 of what was added.
    assert many - few < 0.3 * grown


def test_cache_keeps_features_by_everything_that_makes_them(tiny, tmp_path):
    calls = []

    def compute():
        calls.append(1)
        return extractors.extract(tiny, uint8(3))

    first = cache.cached(tiny, "abc", {"count": 3}, compute, tmp_path / "new")
    again = cache.cached(tiny, "abc", {"count": 3}, compute, tmp_path / "new")
    np.testing.assert_array_equal(first.pool, again.pool)
    assert len(calls) == 1
    other = dataclasses.replace(tiny, weights_sha256="0" * 64)
    assert cache.key(other, "abc", {}) != cache.key(tiny, "abc", {})
    other = dataclasses.replace(tiny, precision="bfloat16")
    assert cache.key(other, "abc", {}) != cache.key(tiny, "abc", {})
    cache.cached(tiny, "abd", {"count": 3}, compute, tmp_path / "new")
    cache.cached(tiny, "abc", {"count": 4}, compute, tmp_path / "new")
    assert len(calls) == 3
    (damaged,) = (tmp_path / "new").glob(cache.key(tiny, "abc", {"count": 3}) + "*")
    damaged.write_bytes(damaged.read_bytes()[:100])
    cache.cached(tiny, "abc", {"count": 3}, compute, tmp_path / "new")
    assert len(calls) == 4
    cache.cached(tiny, "abc", {}, compute, tmp_path / "new" / damaged.name / "x")  # not a folder
    assert len(calls) == 5
