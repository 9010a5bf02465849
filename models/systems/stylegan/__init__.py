"""A GAN whose latents become styles: of the whole face, of its parts, of colours and strands."""
