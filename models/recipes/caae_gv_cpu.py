"""CAAE-GV for a laptop: drawn faces of 64 px at five ages, with sex and an identity term.

Source: the recipe caae_gv in the size and with the schedule of `caae_cpu`.
Command: python train.py caae_gv_cpu --data ages
Run time: PLACEHOLDER
Expect PLACEHOLDER
"""

import dataclasses

from models.recipes import caae_g_cpu, caae_gv

RECIPE = dataclasses.replace(
    caae_g_cpu.RECIPE, name="caae_gv_cpu", identity_weight=caae_gv.RECIPE.identity_weight
)
