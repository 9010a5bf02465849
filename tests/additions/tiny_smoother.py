"""A new file in models/recipes, for the system that was added.

Source: none. Command: python train.py tiny_smoother. Run time: seconds. Expect: nothing.
"""

from models.systems.smoother.recipe import SmootherRecipe

RECIPE = SmootherRecipe(name="tiny_smoother", resolution=32, batch_size=4, steps=5)
