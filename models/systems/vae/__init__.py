"""Variational autoencoders: an encoder and a decoder that maximise one bound together."""
