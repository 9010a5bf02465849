"""SAGAN as published: residual networks, self-attention at 32×32, labels, spectral norm in both.

Source: Zhang et al., ICML 2019, arXiv:1805.08318, and the authors' code: ImageNet at 128 px, batch
256, Adam (0, 0.9) with 1e-4 for G and 4e-4 for D, one discriminator step, one million steps. G has
42 078 852 parameters, D 39 463 618. D's blocks add channels in their first convolution; G's last
batch norm does not see the label.
Command: python train.py sagan_paper --data FOLDER --labels folders
Run time: not measured here; a million steps at a batch of 256 are for several GPUs.
Expect on ImageNet: FID 18.65, Inception Score 52.52 (the paper's abstract).
Departures: beta_2 is the paper's 0.9; the code keeps TensorFlow's 0.999. Running statistics have a
momentum of 0.9, not 0.999. Batch norm sees the whole batch, in the code 64 pictures on each of 4
GPUs. Labels of fakes are drawn with the frequencies of the training data, not uniformly.
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
