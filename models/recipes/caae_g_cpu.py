"""CAAE-G for a laptop."""

import dataclasses

from models.recipes import caae_cpu

RECIPE = dataclasses.replace(caae_cpu.RECIPE, name="caae_g_cpu", second_label="sex")
