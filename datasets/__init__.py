"""Pictures and labels: sources → one uint8 cache → batches. Imports no Keras, no TensorFlow."""

from datasets import pixels
from datasets.attributes import ATTRIBUTES, GROUPS
from datasets.batches import Batches
from datasets.data import ImageData, check_resolution, open_data
from datasets.domains import Domains, open_domains
from datasets.errors import DataError
from datasets.labels import Labels
from datasets.parts import few, hold_out, split, where
from datasets.shapes import Shape
from datasets.source import Source

__all__ = [
    "ATTRIBUTES",
    "GROUPS",
    "Batches",
    "DataError",
    "Domains",
    "ImageData",
    "Labels",
    "Shape",
    "Source",
    "check_resolution",
    "few",
    "hold_out",
    "open_data",
    "open_domains",
    "pixels",
    "split",
    "where",
]
