"""A new folder in models/systems: a network that learns to give pictures back, then smooth ones."""
