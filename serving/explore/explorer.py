"""A generator with the films, figures and searches of `serving.explore` as its methods."""

from __future__ import annotations

from typing import Any

from serving.explore.attention import figure
from serving.explore.paths import interpolate
from serving.explore.projection import project
from serving.generator import Generator


class Explorer(Generator):
    """The result of `serving.load`: a generator with all its tools, for a notebook."""

    def interpolate(self, **options: Any) -> Any:
        """A looping film through latents or attributes: `serving.explore.paths.interpolate`."""
        return interpolate(self, **options)

    def attention(self, **options: Any) -> Any:
        """Where the generator looks: `serving.explore.attention.figure`."""
        return figure(self, **options)

    def project(self, picture: Any, **options: Any) -> Any:
        """The latent of a given picture: `serving.explore.projection.project`."""
        return project(self, picture, **options)
