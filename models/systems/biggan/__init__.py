"""BigGAN: a GAN of other networks, which expects labels."""
