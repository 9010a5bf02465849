"""VAE: an encoder and a decoder that maximise a lower bound of the data's log likelihood.

Source: Kingma and Welling, ICLR 2014, arXiv:1312.6114, equation 10, with the networks of Hou et
al., WACV 2017, arXiv:1610.00291, in the sizes and with the optimiser of the authors' DFC-VAE: 128
px, codes of 100, Adam (0.5, 0.999) at 5e-4, a batch of 40. The encoder has 2 559 848 parameters,
the decoder 2 396 419.
Command: python train.py vae
Run time: about 1.3 s a step on two CPU cores (calculated); made for a GPU.
Expect blurred faces: details that a code of 100 numbers does not determine are averaged. The
authors give samples but no numbers; `vae_cpu` gives numbers of this project's smaller runs.
Departures: the authors' script of a plain VAE has 64 filters, a batch of 20 and 2e-4; the pixels'
standard deviation is learned (Rybkin et al. 2021, arXiv:2006.13202), the authors' is fixed; the
output is a tanh; initial gains of batch norm are 1, not N(1, 0.02); the learning rate is constant,
while the DFC-VAE's is halved after every step of every second epoch, so that only its first epoch
learns; every tenth picture is held out.
"""

from models.systems.vae.recipe import VAERecipe

RECIPE = VAERecipe(name="vae", steps=50_000, ema_decay=0.0)
