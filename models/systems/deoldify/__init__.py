"""Colouring: a grey picture in, the same picture in colour out."""
