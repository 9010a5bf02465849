"""CAAE-G for a laptop: drawn faces of 64 px at five ages, with the sex as a second condition.

Source: the recipe caae_g in the size and with the schedule of `caae_cpu`.
Command: python train.py caae_g_cpu --data ages
Run time: as `caae_cpu`.
Expect on 500 held-out infants: the age is as asked in 88.8 % (chance 20 %), the sex in 99.5 % from
age 2 on (chance 50 %); the person is found in 5.4 % (chance 0.2 %, the unchanged infant 89.7 %); L1
to the truth 17.9 of 255 (the unchanged infant 11.8): samples/gallery/caae.md.
"""

import dataclasses

from models.recipes import caae_cpu

RECIPE = dataclasses.replace(caae_cpu.RECIPE, name="caae_g_cpu", second_label="sex")
