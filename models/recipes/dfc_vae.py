"""DFC-VAE: reconstructions are compared by the feature maps of a frozen network, not by pixels.

Source: Hou et al., WACV 2017, arXiv:1610.00291, section 3, and the authors' code: `vae`'s networks
and optimiser; 0.5 times the mean squared differences of three early feature maps. Encoder
2 559 848, decoder 2 396 419 parameters.
Command: python train.py dfc_vae
Run time: about 1.6 s a step on two CPU cores (reckoned); made for a GPU.
Expect sharper edges and small parts than `vae` has, at a larger error of pixels.
Departures: those of `vae`, but for the deviation, and: the maps are Lite0's (stem, blocks 1 and 3),
whose numbers go from 0 to 6, where the authors' are VGG19's, of hundreds; so is the weight another.
It was tuned little: no other value was tried to the end. The authors add the divergence of a whole
batch to a mean; here both are means over pictures.
"""

import dataclasses

from models.recipes import vae

RECIPE = dataclasses.replace(
    vae.RECIPE, name="dfc_vae", reconstruction="features", feature_weight=5_000.0
)
