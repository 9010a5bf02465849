"""A trained StyleGAN: truncation by ψ, pictures from styles, and the space w of its styles."""

from __future__ import annotations

import dataclasses
import re
from functools import cached_property

import keras
import numpy as np
from keras import ops

from console.errors import UserError
from foreign.numbers import shown
from layers import FixedNoise, TruncatedStyles
from layers.styles import fixed_noise
from models.networks.blocks import joined
from serving.explore.explorer import Explorer
from serving.generator import check_truncation, compiled_for_device
from serving.source import Source, layer_of

# Levels of the paper's figure 3, by the layers' side in px: coarse 4 and 8, middle 16 and 32.
LEVELS = {"coarse": (0, 4), "middle": (4, 8), "fine": (8, None)}
_MANY = 4096  # latents from which the spread of styles is measured
_SPREAD_SEED = 2**61


class StyleGenerator(Explorer):
    """`Explorer` for a StyleGAN. `truncation` is ψ; `in_styles` has the same tools in w.

    Styles are float32 (N, layers, style_dim): one w for each layer, for most pictures the same.
    """

    def __init__(self, source: Source):
        super().__init__(source)
        self._truncated: TruncatedStyles = layer_of(self.network, "styles", self.origin)
        self._noise: FixedNoise = layer_of(self.network, "noise", self.origin)
        self._kept_noise = np.array(ops.convert_to_numpy(self._noise.values))

    @property
    def layers(self) -> int:
        """How many layers take a style."""
        return self._truncated.layers

    # === Truncation ===

    def draw_latents(self, stop, seed=0, truncation=1.0, start=0):
        """Latents `start` to `stop` of `seed`; ψ acts on the styles, not on them."""
        check_truncation(truncation)
        return super().draw_latents(stop, seed, 1.0, start)

    def use_statistics(self, truncation: float = 1.0, statistics: str = "auto") -> None:
        """Set ψ. There is no batch norm, so `statistics` must be "auto" or "running"."""
        super().use_statistics(1.0, statistics)
        check_truncation(truncation)
        self._truncated.psi.assign(truncation)

    # === Styles ===

    def styles(self, z: np.ndarray) -> np.ndarray:
        """The styles of latents (N, latent_dim), truncated by the ψ that was set."""
        return self._mapping.predict(np.asarray(z, "float32"), verbose=0)

    def of_styles(self, styles: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """Pictures of styles: float32 (N, R, R, 3), about in [-1, 1]."""
        return self._synthesis.predict(
            np.asarray(styles, "float32"), batch_size=batch_size, verbose=0
        )

    @cached_property
    def _mapping(self) -> keras.Model:
        return _compiled(self.network.inputs[0], self._truncated.output)

    @cached_property
    def _synthesis(self) -> keras.Model:
        return _compiled(self._truncated.output, self.network.outputs[0])

    def use_noise(self, seed: int | None = None, strength: float = 1.0) -> None:
        """Set the noise of all pictures: the one kept with the network, or that of `seed`.

        `strength` 0 switches it off.
        """
        size = self._noise.size
        values = self._kept_noise if seed is None else fixed_noise(size, seed)
        self._noise.values.assign(strength * values)

    @cached_property
    def in_styles(self) -> StyleSpace:
        """The same generator with w in the place of latents."""
        return StyleSpace(self)


class StyleSpace(Explorer):
    """A StyleGAN whose latents are styles w, (N, style_dim), the same for all layers.

    The tools of an explorer then work in w, where they separate properties better than in z
    (section 4.2). Truncation is ψ.
    """

    def __init__(self, whole: StyleGenerator):
        self.whole, self.source = whole, whole.source
        self.recipe = dataclasses.replace(whole.recipe, latent_dim=whole.recipe.style_dim)
        self.metadata, self.origin, self.labels = whole.metadata, whole.origin, None
        self._to_w = _compiled(whole.network.inputs[0], whole._truncated.input)
        w = keras.Input((self.recipe.style_dim,), dtype="float32", name="w")
        y = keras.Input((), dtype="int32", name="labels")
        (images,) = joined([whole._truncated.input], whole.network.outputs, [w])
        self.network = compiled_for_device(keras.Model([w, y], images, name="generator"))

    def draw_latents(self, stop, seed=0, truncation=1.0, start=0):
        """The styles w of latents `start` to `stop` of `seed`; ψ acts on them in the network."""
        return self.of_latents(self.whole.draw_latents(stop, seed, truncation, start))

    def of_latents(self, z: np.ndarray) -> np.ndarray:
        """The styles w (N, style_dim) of latents (N, latent_dim), not truncated."""
        return self._to_w.predict(np.asarray(z, "float32"), verbose=0)

    def use_statistics(self, truncation: float = 1.0, statistics: str = "auto") -> None:
        """Set ψ; see `StyleGenerator`."""
        self.whole.use_statistics(truncation, statistics)

    @cached_property
    def spread(self) -> tuple[np.ndarray, np.ndarray]:
        """The mean and the standard deviation of each number of w, (style_dim,) each."""
        many = self.draw_latents(_MANY, _SPREAD_SEED)
        return many.mean(axis=0), many.std(axis=0)

    def bounds(self):
        """Five standard deviations around the mean."""
        mean, deviation = self.spread
        return mean - 5 * deviation, mean + 5 * deviation

    def search_scale(self):
        """The standard deviation of w's numbers."""
        return float(self.spread[1].mean())

    def linear_map(self):
        """The kernels of all styles side by side: what a step in w changes first in every layer."""
        kernels = [layer.kernel for layer in self.network.layers if layer.name.endswith("_style")]
        return np.concatenate([ops.convert_to_numpy(kernel) for kernel in kernels], axis=1)


def levels_of(layers: int) -> list[str]:
    """The names of the levels that a network of `layers` has."""
    return [name for name, (first, _) in LEVELS.items() if first < layers]


def level(text: str, layers: int) -> tuple[int, int]:
    """The layers that "coarse", "middle", "fine" or "2-5" name: the first, and one past the last.

    Raises `UserError` for other words, and for layers that a network of `layers` does not have.
    """
    if text in LEVELS:
        first, stop = LEVELS[text]
        stop = layers if stop is None else min(stop, layers)
    else:
        given = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", text, re.ASCII)
        if given is None:
            known = ", ".join(LEVELS)
            raise UserError(f"layers are {known}, or numbers such as 2-5, not {shown(text)}")
        first, stop = int(given[1]), int(given[2] or given[1]) + 1
    if not 0 <= first < stop <= layers:
        raise UserError(
            f"{text!r} names no layers of this generator, which has {layers}: 0-{layers - 1}"
        )
    return first, stop


def _compiled(inputs, outputs) -> keras.Model:
    return compiled_for_device(keras.Model(inputs, outputs))
