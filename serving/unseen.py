"""What a system makes of pictures that it was not trained on: a table, its numbers, a sheet."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from PIL import Image

from runs.files import write_json


@dataclasses.dataclass(frozen=True)
class Unseen:
    """One system's measures on unseen pictures.

    Attributes:
        text: the table.
        values: its numbers, ready for JSON.
        sheet: the first pictures, and what became of them.
    """

    text: str
    values: dict[str, Any]
    sheet: Image.Image

    def write(self, folder: Path, number: int) -> None:
        """Write the numbers and the sheet to `folder`, of subject `number`."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / f"held_out_{number}.json", self.values)
        self.sheet.save(folder / f"held_out_{number}.png")
