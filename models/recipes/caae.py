"""CAAE: a face at any age, from one picture and without pairs.

Source: Zhang et al., CVPR 2017, arXiv:1702.08423, and the authors' code: 128 px, codes of 50, a
batch of 100, Adam (0.5, 0.999) at 2e-4, |x - G(E(x), l)| + 10⁻⁴ · the adversarial loss of pictures,
on 23 708 faces of UTKFace in ten ages, fifty epochs after ten in which nothing listens to the
discriminators (here these do not exist yet; the released code discards those ten). With ten ages
the encoder has 18 234 034 parameters, the generator 19 128 995, D_z 6 001 and D_img 8 669 137.
Command: python train.py caae --data ages
Run time: about 3 s a step on two CPU cores (calculated); made for a GPU.
Expect blurred faces whose age follows the label. `--form paper --code-weight 0.01` is the paper's
equation 6, in which the encoder plays against D_z; in the code that was released, D_z learns but
nothing listens to it.
Departures: the age alone, without the sex that the code takes too (`caae_g`); the discriminators'
turn comes before that of the autoencoder, in the code all are at once; every tenth picture is held
out; averaged networks are kept.
"""

from models.systems.caae.recipe import CAAERecipe

RECIPE = CAAERecipe(name="caae", warm_up=2_370, steps=14_220)
