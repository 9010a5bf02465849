"""SAGAN as the anime notes recommend it: SAGAN_V6 under a shorter name."""

import dataclasses

from models.recipes import sagan_v6

RECIPE = dataclasses.replace(sagan_v6.RECIPE, name="sagan")
