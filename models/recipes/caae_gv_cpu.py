"""CAAE-GV for a laptop."""

import dataclasses

from models.recipes import caae_g_cpu

RECIPE = dataclasses.replace(caae_g_cpu.RECIPE, name="caae_gv_cpu", identity_weight=0.13)
