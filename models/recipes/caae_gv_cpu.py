"""CAAE-GV for a laptop: drawn faces of 64 px at five ages, with sex and an identity term.

Source: the recipe caae_gv in the size and with the schedule of `caae_cpu`, and a quarter of its
identity term: with the whole term the age was obeyed in 53 % only.
Command: python train.py caae_gv_cpu --data ages
Run time: 6 minutes on two CPU cores that others used too.
Expect on 500 held-out infants: the age is as asked in 91.8 % (chance 20 %), the sex in 99.9 %; the
person is found in 6.9 %, by `caae_g_cpu` in 5.4 %: samples/gallery/caae.md.
"""

import dataclasses

from models.recipes import caae_g_cpu

RECIPE = dataclasses.replace(caae_g_cpu.RECIPE, name="caae_gv_cpu", identity_weight=0.03)
