"""DFC-VAE: reconstructions are compared by the feature maps of a frozen network, not by pixels.

Source: Hou et al., WACV 2017, arXiv:1610.00291, section 3, and the authors' code: networks and
optimiser of `vae`; 0.5 times the mean squared differences of three early feature maps. The encoder
has 2 559 848 parameters, the decoder 2 396 419.
Command: python train.py dfc_vae
Run time: about 1.6 s a step on two CPU cores (calculated); made for a GPU.
Expect sharper edges and small parts than with `vae`, and a larger pixel error.
Departures: those of `vae` except the standard deviation. The maps are Lite0's (stem, blocks 1 and
3), with numbers from 0 to 6; the authors' are VGG19's, with numbers of hundreds, so the weight
means something else. It was hardly tuned: no other value was tried to the end. The authors add the
divergence of a whole batch to a mean; here both are means over pictures.
"""

import dataclasses

from models.recipes import vae

RECIPE = dataclasses.replace(
    vae.RECIPE, name="dfc_vae", reconstruction="features", feature_weight=5_000.0
)
