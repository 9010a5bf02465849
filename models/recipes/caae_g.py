"""CAAE-G: a face at any age, with the sex as a second condition.

Source: Xiao and Zhao, IJCB 2021, arXiv:2011.07431, and the authors' code of the CAAE (Zhang et al.
2017, arXiv:1702.08423), which takes the sex too: 25 times in the generator, so that it is as long
as the code, and 5 times in D_img. The generator has 19 948 195 parameters, D_img 8 677 137.
Command: python train.py caae_g --data ages
Run time: as `caae`.
Expect from the authors, on 2 363 infants of UTKFace: the sex is kept 77.0 % (male) and 13.8 %
(female) more often than by a CAAE without it.
Departures: those of `caae`.
"""

import dataclasses

from models.recipes import caae

RECIPE = dataclasses.replace(caae.RECIPE, name="caae_g", second_label="sex")
