"""The device of this machine: processor or GPU, memory, fast number formats; its start-up."""

from __future__ import annotations

import dataclasses
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from console import backend
from console.errors import user_errors
from datasets.processes import cores

if TYPE_CHECKING:
    from models.distribution import Distribution

_GPU_NODES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/dxg")
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}


@dataclasses.dataclass(frozen=True)
class Device:
    """`kind` "gpu" or "cpu"; `memory` in bytes, free for a training run, `None` if unknown."""

    kind: str
    name: str
    cores: int
    memory: int | None
    bfloat16: bool

    def __str__(self) -> str:
        from console.wording import size

        memory = f", {size(self.memory)} free" if self.memory else ""
        cores = f"{self.cores} cores" if self.kind == "cpu" else "GPU"
        return f"{self.name} ({cores}{memory})"


def surely_no_gpu() -> bool:
    """Whether a GPU can be ruled out without importing a backend (which takes seconds)."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if hidden or os.environ.get("JAX_PLATFORMS") == "cpu":
        return True
    return sys.platform == "linux" and not any(Path(node).exists() for node in _GPU_NODES)


def find() -> Device:
    """The device that the chosen Keras backend trains on. Imports the backend if it must."""
    if not surely_no_gpu():
        import keras

        look = {"tensorflow": _tensorflow_gpu, "jax": _jax_gpu, "torch": _torch_gpu}
        gpu = look.get(keras.backend.backend(), lambda: None)()
        if gpu is not None:
            return gpu
    return Device("cpu", _cpu_name(), cores(), _free_memory(), _cpu_has_bfloat16())


def start(distribute: str = "none") -> Distribution:
    """`backend.wake` for a training: find the devices and combine them as `distribute` says.

    If that fails, the backend's hidden output is shown. Returns how batches are divided; raises
    `UserError` if the machine or the backend cannot do it.
    """
    backend.choose()
    with backend.held_back_stderr(), user_errors(ValueError):
        backend.import_keras()
        import keras

        from models import distribution

        if keras.backend.backend() == "jax":  # hosts find each other before devices are counted
            plan = distribution.start(distribute)
        find()  # on a GPU this must come before anything that allocates
        if keras.backend.backend() != "jax":
            plan = distribution.start(distribute)  # before anything that computes
        backend.compute()
    return plan


def make_repeatable(kind: str, seed: int) -> None:
    """Make the `kind` "cpu" add numbers in the same order every time.

    The cost is not measurable. On a GPU, TensorFlow's deterministic kernels are slow or missing,
    so a resumed run agrees there only up to rounding.
    """
    import keras

    keras.utils.set_random_seed(seed % 2**32)
    if kind == "cpu" and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def _tensorflow_gpu() -> Device | None:
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    if not found:
        return None
    for each in found:  # take memory as needed, not all of it at once
        tf.config.experimental.set_memory_growth(each, True)
    details = tf.config.experimental.get_device_details(found[0])
    bfloat16 = details.get("compute_capability", (0, 0)) >= (8, 0)
    return Device("gpu", details.get("device_name", "GPU"), cores(), _nvidia_free(), bfloat16)


def _jax_gpu() -> Device | None:
    import jax

    found = [each for each in jax.devices() if each.platform in ("gpu", "cuda", "rocm")]
    if not found:
        return None
    stats = found[0].memory_stats() or {}
    capability = str(getattr(found[0], "compute_capability", "0"))
    bfloat16 = float(capability or 0) >= 8.0
    return Device("gpu", found[0].device_kind, cores(), stats.get("bytes_limit"), bfloat16)


def _torch_gpu() -> Device | None:
    import torch

    if not torch.cuda.is_available():
        return None
    free, _ = torch.cuda.mem_get_info()
    name = torch.cuda.get_device_name()
    return Device("gpu", name, cores(), free, torch.cuda.is_bf16_supported())


def _nvidia_free() -> int | None:
    """Free bytes of the first visible NVIDIA GPU, from nvidia-smi, which shows the hidden too."""
    query = ["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    if first := os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0].strip():
        query.append(f"--id={first}")  # a number, or a name such as GPU-…
    try:
        lines = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
        return int(lines.stdout.split()[0]) * 2**20
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return None


def _cpu_name() -> str:
    for line in _proc("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine() or "CPU"


def _cpu_has_bfloat16() -> bool:
    """Whether the processor has bfloat16 arithmetic; without it float32 is faster."""
    for line in _proc("/proc/cpuinfo").splitlines():
        if line.startswith("flags"):
            return bool(_BFLOAT16_FLAGS & set(line.split()))
    return False


def _free_memory() -> int | None:
    """Bytes that this process may still take, by the system and by its container's limit."""
    free = None
    for line in _proc("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable"):
            free = int(line.split()[1]) * 1024
    if free is None and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _proc("/sys/fs/cgroup/memory.max").strip()
    if limit.isdigit():
        left = int(limit) - _container_memory()
        free = left if free is None else min(free, left)
    return free


def _container_memory() -> int:
    """Bytes that this container holds, without copies of files, which it gives up when needed."""
    used = _proc("/sys/fs/cgroup/memory.current").strip()
    if not used.isdigit():
        return 0
    stat = dict(line.split() for line in _proc("/sys/fs/cgroup/memory.stat").splitlines())
    return max(0, int(used) - int(stat.get("inactive_file", 0)))


def _proc(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", errors="replace")
    except OSError:
        return ""


def peak_memory() -> int | None:
    """The most bytes held so far: of the GPU if there is one, else of this process.

    `None` if the system does not report it, as on Windows.
    """
    import keras

    name = keras.backend.backend()
    if name == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.max_memory_allocated()
    elif name == "jax":
        import jax

        stats = jax.devices()[0].memory_stats() or {}
        if "peak_bytes_in_use" in stats:
            return stats["peak_bytes_in_use"]
    else:
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return tf.config.experimental.get_memory_info("GPU:0")["peak"]
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024  # Linux counts in KiB, macOS in bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
