"""The available face detectors."""

from pathlib import Path

from curation.cascade import Cascade
from curation.detection import Detector
from curation.onnx_detector import OnnxDetector
from datasets.errors import DataError


def build(spec: str, turned: bool) -> Detector:
    """The detector for "cascade" or the path of an ONNX file. Raises `DataError` if missing."""
    if spec == "cascade":
        return Cascade(turned)
    if turned:
        raise DataError("--turned is only for the cascade, not for an ONNX detector.")
    return OnnxDetector(Path(spec))
