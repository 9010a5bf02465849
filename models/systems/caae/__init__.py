"""Ageing by a conditional adversarial autoencoder: a face and an age in, the face at that age out."""
