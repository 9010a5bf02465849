"""CycleGAN: two sets of pictures without pairs, translated into each other and back.

Source: Zhu et al., ICCV 2017, arXiv:1703.10593, section 7.1 and the authors' PyTorch code: 256 px,
9 residual blocks, a batch of 1, least squares, λ 10, identity weight 5 (the code's default; in the
paper only for paintings), Adam (0.5, 0.999) at 2e-4 for 100 epochs and then falling linearly to 0
over 100 more, pools of 50 past fakes. 200 epochs of horse2zebra, as the code counts them, are
266 800 steps. Each G has 11 378 179 parameters, each D 2 764 737.
Command: python train.py cyclegan --data FOLDER
Run time: about 16 s a step on two CPU cores (calculated); made for a GPU. FOLDER holds trainA and
trainB; for two folders give --data FOLDER --data-b OTHER, for parts of one set --domains "X, Y".
With fewer --steps, set --decay-start to half of them.
Expect on the authors' data: labels to photographs at FCN scores .52 / .17 / .11 (per pixel, per
class, class IoU); 26.8 % of people took photographs made from maps for real (tables 1 and 2).
Departures: pictures are resized to 256 px, not to 286 px and then cropped; each domain has its own
epochs. As in the paper, there is no moving average.
"""

from models.systems.cyclegan.recipe import CycleGANRecipe

RECIPE = CycleGANRecipe(
    name="cyclegan",
    steps=266_800,
    decay_start=133_400,
    ema_decay=0.0,
    mirror=True,
)
