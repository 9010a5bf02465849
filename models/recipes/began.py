"""BEGAN: the discriminator is an autoencoder whose errors of reals and fakes are kept in balance.

Source: Berthelot, Schumm and Metz 2017, arXiv:1703.10717, sections 3.3 and 3.4: Adam at 1e-4, a
batch of 16, latents uniform in [-1, 1) of 64 numbers, as many in the code, λ 0.001, γ 0.5 (0.3 to
0.7 in its figures).
Command: python train.py began --data FOLDER         (or --data faces)
Run time: about 1.3 s a step on two CPU cores (calculated); made for a GPU.
Expect smooth faces early; the paper gives an Inception Score of 5.62 on CIFAR-10 and no FID. The
log "convergence" falls where pictures get better.
Departures: 64 filters and 64 px, as in its smaller figures, not 128; no vanishing residuals and no
skip connections, which the paper calls optional; β1 0.5, where the paper names none and the code
that its networks follow has TensorFlow's 0.9; the rate falls linearly, where the paper halves it
when the convergence stalls; G ends in a tanh; k moves by the fakes of D's step, not of G's.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="began",
    architecture="began",
    resolution=64,
    g_filters=64,
    d_filters=64,
    g_weight_norm="none",
    d_norm="none",
    d_weight_norm="none",
    initializer="glorot_uniform",
    latent="uniform",
    latent_dim=64,
    loss="boundary_equilibrium",
    batch_size=16,
    steps=200_000,
    g_learning_rate=1e-4,
    d_learning_rate=1e-4,
    beta_1=0.5,
    beta_2=0.999,
    decay="linear",
    ema_decay=0.0,
)
