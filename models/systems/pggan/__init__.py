"""A GAN that grows: small pictures first, then twice as large ones, until all details are there."""
