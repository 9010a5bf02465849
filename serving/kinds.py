"""The classes of trained networks from pictures to pictures."""

from __future__ import annotations

from serving.colourer import Colourer
from serving.translator import Translator
from serving.upscaler import Upscaler

OnPictures = Translator | Upscaler | Colourer
