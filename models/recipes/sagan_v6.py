"""The anime notes' SAGAN_V6: transposed convolutions, batch 64, moving average of the generator.

Source: the anime GAN notes, model record SAGAN_V6, whose pictures they show.
Command: python train_sagan.py --recipe SAGAN_V6
Run time: about 14 s a step on two CPU cores; the notes used a GPU with 3 GB.
Departures: spectral norm normalises transposed kernels over their outputs, the notes' code over
their inputs; neither is clearly better (`layers.reparametrization.ConvTransposeCall`). The vector u
is constant in the gradient, as in the paper, and is updated once per step of its network. The
notes' code also differentiates the power iteration, which gives the same once u has converged, and
updates u of both networks in each step. G's step uses new latents, so that no picture is judged
twice; in the notes' code it uses D's latents again. Running variances lack Bessel's correction,
which is 0.1 % at 4×4 positions and a batch of 64.
Expect faces; in the notes it was trained for about 50 000 steps, and quality fell after 70 000.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(name="SAGAN_V6")
