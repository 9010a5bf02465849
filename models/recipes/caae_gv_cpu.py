"""CAAE-GV for a laptop: drawn faces of 64 px at five ages, with sex and an identity term.

Source: the recipe caae_gv in the size and with the schedule of `caae_cpu`.
Command: python train.py caae_gv_cpu --data ages
Run time: 12 minutes on two CPU cores that others used too.
Expect on 500 held-out infants: sharper eyes and hair than by `caae_g_cpu`, but the eyes hardly
become smaller, so the age is as asked in 53.3 % only. The person is found in 2.0 %, no better than
without the term: samples/gallery/caae.md.
"""

import dataclasses

from models.recipes import caae_g_cpu

RECIPE = dataclasses.replace(caae_g_cpu.RECIPE, name="caae_gv_cpu", identity_weight=0.03)
