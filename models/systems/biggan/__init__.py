"""BigGAN: a GAN with its own networks, which expects labels."""
