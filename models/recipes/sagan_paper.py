"""SAGAN as published: residual networks, self-attention at 32×32, labels, spectral norm in both.

Source: Zhang et al., ICML 2019, arXiv:1805.08318, and the authors' code: ImageNet at 128 px, batch
256, Adam (0, 0.9) with 1e-4 for G and 4e-4 for D, one discriminator step, one million steps. G
42 078 852 and D 39 463 618 parameters; D's blocks widen in their first convolution, G's last batch
norm does not see the label.
Command: python train.py sagan_paper --data FOLDER --labels folders
Run time: not measured here; a million steps at a batch of 256 are for several GPUs.
Expect on ImageNet: FID 18.28, Inception Score 52.52 (the paper, table 2, feature map 32).
Departures: beta_2 is the paper's 0.9, where the code leaves TensorFlow's 0.999; running statistics
forget at 0.9 a step, not 0.999; batch norm sees the whole batch, the code 64 of it on each of 4
GPUs; labels of fakes are drawn as they occur among the training pictures, not evenly.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="sagan_paper",
    architecture="sn_resnet",
    g_activation="relu",
    d_norm="none",
    d_wide=True,
    attention_resolution=32,
    initializer="glorot_uniform",
    latent="normal",
    label_kind="classes",
    num_labels=1000,
    batch_size=256,
    steps=1_000_000,
    ema_decay=0.0,
)
