"""Which face detectors there are."""

from pathlib import Path

from curation.cascade import Cascade
from curation.detection import Detector
from curation.onnx_detector import OnnxDetector
from datasets.errors import DataError


def build(spec: str, turned: bool) -> Detector:
    """That of "cascade", or of the path of an ONNX file. Raises `DataError` when there is none."""
    if spec == "cascade":
        return Cascade(turned)
    if turned:
        raise DataError("--turned is for the cascade; an ONNX detector finds tilted heads or not.")
    return OnnxDetector(Path(spec))
