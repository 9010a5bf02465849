"""StackGAN: pictures of captions, small ones first, then large ones made from these."""
