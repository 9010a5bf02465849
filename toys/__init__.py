"""GANs on toy worlds: points whose density is known."""
