"""CycleGAN: two sets of pictures without pairs, translated into each other and back.

Source: Zhu et al., ICCV 2017, arXiv:1703.10593, section 7.1 and the authors' PyTorch code: 256 px,
9 residual blocks, a batch of 1, least squares, λ 10, identity weight 5 (the code's default; the
paper has it for paintings only), Adam (0.5, 0.999) at 2e-4 for 100 epochs and then falling linearly
to 0 over 100 more, pools of 50 past fakes. 200 epochs of horse2zebra, as the code counts them, are
266 800 steps. Each G 11 378 179, each D 2 764 737 parameters.
Command: python train.py cyclegan --data FOLDER
Run time: about 16 s a step on two CPU cores (reckoned); made for a GPU. FOLDER holds trainA and
trainB; two folders are --data FOLDER --data-b OTHER, parts of one set --domains "X, Y". Fewer
--steps need a --decay-start of half of them.
Expect on the authors' data: labels to photographs at FCN scores .52 / .17 / .11 (per pixel, per
class, class IoU), and 26.8 % of people fooled by maps drawn as photographs (tables 1 and 2).
Departures: pictures are resized to 256 px, not to 286 px and cropped; an epoch is that of each
domain by itself. As in the paper nothing is averaged.
"""

from models.systems.cyclegan.recipe import CycleGANRecipe

RECIPE = CycleGANRecipe(
    name="cyclegan",
    steps=266_800,
    decay_start=133_400,
    ema_decay=0.0,
    mirror=True,
)
