"""The training of a BigGAN, which is that of every GAN."""

from models.systems.gan.turns import GAN


class BigGAN(GAN):
    """A GAN with BigGAN's networks (Brock et al. 2019, arXiv:1809.11096); its turns are a GAN's."""
