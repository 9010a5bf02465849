"""SAGAN as the anime notes recommend it: SAGAN_V6 under a shorter name.

Source: the anime GAN notes, as for `SAGAN_V6`; run time and expected pictures are the same.
Command: python train.py sagan
Departures: those of SAGAN_V6.
"""

import dataclasses

from models.recipes import sagan_v6

RECIPE = dataclasses.replace(sagan_v6.RECIPE, name="sagan")
