"""Ageing by a conditional adversarial autoencoder: a face and an age in, an aged face out."""
