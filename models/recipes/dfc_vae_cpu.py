"""The DFC-VAE for a laptop: faces at 64 px, compared by the feature maps of a frozen Lite0.

Source: `dfc_vae` (arXiv:1610.00291) in the size and with the schedule of `vae_cpu`, and also β 10.
Command: python train.py dfc_vae_cpu
Run time: 4 minutes on two CPU cores, 0.09 s a step; up to 18 minutes beside other work.
Expect on 2 000 held-out faces: MSE 0.0080 (`vae_cpu` 0.0049, 64 principal components 0.0044), all
64 units active, 90 nats a code. Lines are clean and backgrounds even; colours become paler, since
Lite0's early maps hardly distinguish them; glasses become thin. Samples: FD-lite0@224 213 of 2 000,
which was measured with the network of the training; now they are measured by Lite1. Pictures and
attribute vectors: samples/gallery/vae.md.
"""

import dataclasses

from models.recipes import dfc_vae, vae_cpu

RECIPE = dataclasses.replace(
    vae_cpu.RECIPE,
    name="dfc_vae_cpu",
    reconstruction="features",
    feature_weight=dfc_vae.RECIPE.feature_weight,
)
