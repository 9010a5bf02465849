"""Measures of generated pictures, on features of a frozen network. Imports nothing of ours.

    from metrics import extractors, measure
    extractor = extractors.load("lite0")                      # or "inception", or a .keras file
    real = extractors.extract(extractor, real_pictures)       # uint8, or floats in [-1, 1]
    fake = extractors.extract(extractor, fake_pictures)
    measure.measure(extractor, real, fake).estimates["FD-lite0@224"]

`extractors` make features; `frechet`, `kernel`, `score`, `manifold`, `prd` and `neighbours` measure
them; `measure` takes all of them with their intervals; `protocol` records and compares; `monitor`
and `collapse` watch a training.
"""

from metrics.errors import MetricError

__all__ = ["MetricError"]
