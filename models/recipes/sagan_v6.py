"""The anime notes' SAGAN_V6: transposed convolutions, batch 64, moving average of the generator.

Source: the anime GAN notes, model record SAGAN_V6, the one whose pictures they show.
Command: python train_sagan.py --recipe SAGAN_V6
Run time: about 14 s a step on two CPU cores; the notes used a GPU with 3 GB.
Departures: spectral norm takes transposed kernels over their outputs, the notes' code over their
inputs; neither is clearly better (`layers.spectral.ConvTransposeCall`). Its u is held constant in
the gradient, as in the paper, and moves once a step of its network; theirs differentiates the power
iteration too, the same once u has converged, and moves both networks' u in either's step. G's step
draws latents of its own, so that no picture is judged twice; theirs uses D's again. Running
variances lack Bessel's correction, 0.1 % at 4×4 positions and a batch of 64.
Expect faces; the notes trained it for about 50 000 steps, and quality fell after 70 000.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(name="SAGAN_V6")
