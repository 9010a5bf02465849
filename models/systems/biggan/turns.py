"""The training of a BigGAN, which is that of every GAN."""

import keras

from models.systems.gan.turns import GAN


@keras.saving.register_keras_serializable(package="gan")
class BigGAN(GAN):
    """A GAN with BigGAN's networks (Brock et al. 2019, arXiv:1809.11096); its turns are a GAN's."""
