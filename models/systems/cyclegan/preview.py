"""A CycleGAN's grids: pictures of both domains, their translations, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.chance import chosen_rows
from models.outputs import Preview
from models.pixels import as_floats


def preview(data: Mapping[str, Any], rng: np.random.Generator, columns: int) -> Preview:
    """Six rows of `columns` pictures chosen by `rng`: a, G(a), F(G(a)), b, F(b), G(F(b)).

    There are fewer columns if a domain has fewer pictures.
    """
    columns = min(columns, *(len(part.images) for part in data.values()))
    a, b = (
        np.asarray(part.images[chosen_rows(rng, len(part.images), columns)])
        for part in data.values()
    )

    def draw(system):
        rows = []
        for pictures, back in ((a, False), (b, True)):
            there = system.translate(pictures, back)
            rows += [as_floats(pictures), there, system.translate(there, not back)]
        return np.concatenate(rows)

    return Preview(draw, columns)
