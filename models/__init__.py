"""Recipes, networks, losses, and the systems that train them in turns."""
