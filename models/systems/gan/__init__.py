"""A generator and a discriminator that train each other."""
