"""The grids of a StackGAN's run: a column for each caption, Stage I above Stage II."""

import numpy as np

from models.outputs import Preview


def preview(system, data, rng: np.random.Generator, rows: int, columns: int) -> Preview:
    """`columns` captions of the data, `rows` latents, the same in each column.

    In the second phase each other row is Stage I's, enlarged, of the latents below it.
    """
    recipe = system.recipe
    text = np.repeat(data.sentences(1).draw(columns, rng)[None], rows, axis=0)
    drawn = rng.standard_normal((rows, recipe.latent_dim), dtype=np.float32)

    def draw(system):
        stages = ["stage_1", "generator"] if system.recipe.second else ["stage_1"]
        used = max(1, rows // len(stages))
        latents = np.repeat(drawn[:used], columns, axis=0)
        asked = text[:used].reshape(used * columns, -1)
        made = [system.sample(latents, asked, network=name) for name in stages]
        made = [each.reshape(used, columns, *recipe.data_shape) for each in made]
        return np.stack(made, axis=1).reshape(-1, *recipe.data_shape)

    return Preview(draw, columns)
