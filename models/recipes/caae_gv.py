"""wip.

Source: x
Command: python train.py caae_gv --data ages
Run time: x
Expect x.
"""

import dataclasses

from models.recipes import caae_g

RECIPE = dataclasses.replace(caae_g.RECIPE, name="caae_gv", identity_weight=1.0)
