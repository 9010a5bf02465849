"""CAAE-GV: a face at any age, with the sex given, and features in place of a face's identity.

Source: Xiao and Zhao, IJCB 2021, arXiv:2011.07431: `caae_g` with a term that compares the features
of a pretrained network. Which layer and which weight is not known here.
Command: python train.py caae_gv --data ages
Run time: as `caae`.
Expect from the authors, on 2 363 infants of UTKFace: the person is kept 22.4 % better than by the
CAAE, by a network that recognises faces.
Departures: those of `caae`. The features are Lite0's (block 3, a quarter of the resolution), and
pictures are compared at their own age. At the end of a training without the term, this weight makes
it as large as the pixels' error (64 px, drawn faces: 0.127 and 0.979).
"""

import dataclasses

from models.recipes import caae_g

RECIPE = dataclasses.replace(caae_g.RECIPE, name="caae_gv", identity_weight=0.13)
