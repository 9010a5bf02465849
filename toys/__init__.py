"""GANs on points that one can see: the toy worlds."""
