"""Looking into a generator: interpolation, arithmetic, directions, attention, projection."""
