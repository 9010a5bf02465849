"""DCGAN at 32 px: convolutions only, batch norm in both networks, ReLU and tanh, LeakyReLU.

Source: Radford, Metz and Chintala, ICLR 2016, arXiv:1511.06434, in the usual size for CIFAR-10: G
100×1×1 → 512 → 256 → 128 → 3×32×32, D 64 → 128 → 256 → 1, kernels 4×4, stride 2. It uses the
networks of models/networks/sagan.py without spectral norm and attention.
Command: python train.py dcgan --data cifar10        (or --data faces)
Run time: about 1.4 s a step on two CPU cores, 20 hours in all; made for a GPU.
Expect on CIFAR-10: FID about 48, Inception Score 6.1 of PyTorch-StudioGAN's DCGAN, another network
(3×3 and 4×4 kernels, two steps of D) at its best checkpoint.
Departures: the size; kernels of 4×4, as usual today, instead of the authors' 5×5; the gains of
batch norm start at 1, not at N(1, 0.02), and there is no L2 term of 1e-5 (both are only in the
code).
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="dcgan",
    resolution=32,
    g_filters=512,
    d_filters=64,
    g_activation="relu",
    g_weight_norm="none",
    d_weight_norm="none",
    attention_resolution=0,
    initializer="normal",
    latent="uniform",
    latent_dim=100,
    loss="non_saturating",
    batch_size=128,
    steps=50_000,
    g_learning_rate=2e-4,
    d_learning_rate=2e-4,
    beta_1=0.5,
    beta_2=0.999,
    ema_decay=0.0,
)
