"""The DFC-VAE for a laptop.

Source: `dfc_vae` (arXiv:1610.00291) at 64 px
Command: python train.py dfc_vae_cpu
Run time:
Expect
"""

import dataclasses

from models.recipes import dfc_vae, vae_cpu

RECIPE = dataclasses.replace(
    vae_cpu.RECIPE,
    name="dfc_vae_cpu",
    reconstruction="features",
    feature_weight=dfc_vae.RECIPE.feature_weight,
)
