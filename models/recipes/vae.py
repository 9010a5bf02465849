"""VAE: an encoder and a decoder that maximise a lower bound of the data's log likelihood.

Source: Kingma and Welling, ICLR 2014, arXiv:1312.6114, equation 10, on the networks of Hou et al.,
WACV 2017, arXiv:1610.00291 (their plain VAE), as the authors' code has them: 128 px, codes of 100,
Adam (0.5, 0.999) at 5e-4, a batch of 40. Encoder 2 559 848, decoder 2 396 419 parameters.
Command: python train.py vae
Run time: about 1.3 s a step on two CPU cores (reckoned); made for a GPU.
Expect blurred faces: what a code of 100 numbers leaves open is averaged. The authors give samples,
no numbers; those of this project's smaller runs are in `vae_cpu`.
Departures: the pixels' deviation is learned (Rybkin et al. 2021, arXiv:2006.13202), where the
authors' is fixed; the picture ends in a tanh; initial gains of batch norm are 1, not N(1, 0.02);
the learning rate stays, where the code halves it after every step of every second epoch, so that
it learns in the first alone; every tenth picture is held out.
"""

from models.systems.vae.recipe import VAERecipe

RECIPE = VAERecipe(name="vae", steps=50_000, ema_decay=0.0)
