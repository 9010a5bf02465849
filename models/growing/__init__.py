"""Growing GANs: what PGGAN and StyleGAN share."""
