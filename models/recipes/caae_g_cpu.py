"""CAAE-G for a laptop: drawn faces of 64 px at five ages, with the sex as a second condition.

Source: the recipe caae_g in the size and with the schedule of `caae_cpu`.
Command: python train.py caae_g_cpu --data ages
Run time: PLACEHOLDER
Expect PLACEHOLDER
"""

import dataclasses

from models.recipes import caae_cpu

RECIPE = dataclasses.replace(caae_cpu.RECIPE, name="caae_g_cpu", second_label="sex")
