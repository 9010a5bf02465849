"""The CycleGAN: two generators and two discriminators (Zhu et al. 2017, arXiv:1703.10593)."""

import types
from typing import ClassVar

import numpy as np
from keras import ops

from layers import replicas
from models import sampling
from models.chance import chosen_rows
from models.losses import least_squares_discriminator, least_squares_generator
from models.outputs import Judged, Output, Watched, Work
from models.pixels import as_floats
from models.players import Player, Turn, column
from models.system import System
from models.systems.cyclegan import networks, pool
from models.systems.cyclegan.preview import preview
from models.systems.cyclegan.recipe import CycleGANRecipe


class CycleGAN(System):
    """G translates a → b, F translates b → a; a step is a turn of both, then of D_a and D_b.

    A batch holds the pictures a and b, (B, 1, R, R, 3) uint8, and the numbers of
    `CycleGANRecipe.draw`. As in the authors' code, the discriminators see fakes from before the
    generators' update: the generators' turn stores them in `newest`, and the discriminators' turn
    takes them from there through the pools.

    Args and errors: see `System`.
    """

    averaged = ("a_to_b", "b_to_a")
    outputs: ClassVar = {
        "translator": Output("translate", "a_to_b", "{a} → {b}"),
        "translator_back": Output("translate", "b_to_a", "{b} → {a}"),
    }
    watched = Watched(
        line={"d_loss": "D {:.3f}", "g_loss": "G {:.3f}", "cycle": "cycle {:.3f}"},
        curves={
            "d_loss": "discriminators",
            "g_loss": "generators, adversarial",
            "cycle": "there and back",
            "identity": "identity",
        },
    )

    def build_networks(self):
        recipe: CycleGANRecipe = self.recipe
        made = {name: networks.generator(recipe, name) for name in ("a_to_b", "b_to_a")}
        return made | {name: networks.discriminator(recipe, name) for name in ("d_a", "d_b")}

    def add_state(self):
        """The newest fakes of each domain, and the pools of past ones, (…, R, R, 3) in [-1, 1]."""
        recipe = self.recipe
        self.newest = self._pictures("newest", recipe.batch_size)
        self.pools = self._pictures("pool", recipe.pool) if recipe.pool else None

    def _pictures(self, name, count):
        made = {
            domain: self.add_weight(
                name=f"{name}_{domain}",
                shape=(count, *self.recipe.data_shape),
                initializer="zeros",
                trainable=False,
            )
            for domain in self.recipe.domains
        }
        return types.MappingProxyType(made)  # hidden from Keras, as in `System`

    def players(self):
        rate = self.recipe.learning_rate
        return {
            "generators": Player([self.a_to_b, self.b_to_a], rate),
            "discriminators": Player([self.d_a, self.d_b], rate),
        }

    def turns(self):
        return [
            Turn("generators", self._generators_loss),
            Turn("discriminators", self._discriminators_loss, takes=self._with_fakes),
        ]

    # === The generators' turn ===

    def _generators_loss(self, part, _):
        """Equation 3 with the identity term of section 5.2, for both generators at once."""
        recipe = self.recipe
        a, b = as_floats(part["a"]), as_floats(part["b"])
        fake_b, fake_a = self.a_to_b(a, training=True), self.b_to_a(b, training=True)
        self._remember(part["row"], a=fake_a, b=fake_b)
        # The code's squares have no factor 1/2.
        fooled = 2.0 * (
            least_squares_generator(None, self.d_a(fake_a, training=True))
            + least_squares_generator(None, self.d_b(fake_b, training=True))
        )
        back_a, back_b = self.b_to_a(fake_b, training=True), self.a_to_b(fake_a, training=True)
        cycle = distance(back_a, a) + distance(back_b, b)
        loss, logs = fooled + recipe.cycle_weight * cycle, {"g_loss": fooled, "cycle": cycle}
        if recipe.identity_weight:
            same_a, same_b = self.b_to_a(a, training=True), self.a_to_b(b, training=True)
            logs["identity"] = distance(same_a, a) + distance(same_b, b)
            loss = loss + recipe.identity_weight * logs["identity"]
        return loss, logs

    def _remember(self, rows, **fakes):
        """Put this part's fakes into `newest`, at their rows of the whole batch."""
        rows = replicas.gather(rows)
        for domain, made in fakes.items():
            newest = ops.convert_to_tensor(self.newest[domain])
            made = replicas.gather(ops.stop_gradient(made))
            replicas.assign(self.newest[domain], ops.scatter_update(newest, rows[:, None], made))

    # === The discriminators' turn ===

    def _with_fakes(self, batch, index):
        """The batch's pictures, with its fakes or past ones as `fake_a` and `fake_b`."""
        part = column(batch, index)
        order = ops.argsort(replicas.gather(part["row"]))
        seen = ops.convert_to_tensor(self.steps_done) * self.recipe.batch_size
        for domain in self.recipe.domains:
            shown = ops.convert_to_tensor(self.newest[domain])
            if self.pools:
                places, chances = (
                    ops.take(replicas.gather(part[f"{name}_{domain}"]), order, axis=0)
                    for name in ("place", "chance")
                )
                past = ops.convert_to_tensor(self.pools[domain])
                shown, past = pool.swap(past, shown, places, chances, seen)
                replicas.assign(self.pools[domain], past)
            part[f"fake_{domain}"] = ops.take(shown, part["row"], axis=0)
        return part

    def _discriminators_loss(self, part, _):
        """Equation 1 by least squares (section 4), halved as in the authors' code."""
        logs = {}
        for domain, judge in (("a", self.d_a), ("b", self.d_b)):
            real = judge(as_floats(part[domain]), training=True)
            fake = judge(part[f"fake_{domain}"], training=True)
            logs[f"d_{domain}_loss"] = least_squares_discriminator(real, fake)
        logs["d_loss"] = logs["d_a_loss"] + logs["d_b_loss"]
        return logs["d_loss"], logs

    # === Its description ===

    def work(self):
        passes = 3 if self.recipe.identity_weight else 2
        generators, discriminators = ("a_to_b", "b_to_a"), ("d_a", "d_b")
        return [
            Work(
                kept=dict.fromkeys(generators, passes) | dict.fromkeys(discriminators, 1),
                passes=dict.fromkeys(generators, 3 * passes) | dict.fromkeys(discriminators, 2),
            ),
            Work(
                kept=dict.fromkeys(discriminators, 2),
                passes=dict.fromkeys(discriminators, 6),
            ),
        ]

    def preview(self, data, rng, rows, columns):
        return preview(data, rng, columns)

    def judged(self, data, rng, count):
        images = data["a"].images
        chosen = chosen_rows(rng, len(images), count)
        return Judged(
            lambda system: system.translate(np.asarray(images[chosen])),
            "b",
            {"weights": "ema", "made from": "pictures of a, chosen by seed"},
        )

    # === Translating ===

    def translate(
        self, pictures: np.ndarray, back: bool = False, ema: bool = True, batch_size: int = 64
    ) -> np.ndarray:
        """Pictures (N, R, R, 3) of a as b, or `back`: float32 (N, R, R, 3) in [-1, 1].

        Args:
            pictures: uint8, or float in [-1, 1].
            ema: use the averaged generator (recommended), or the one in training.
            batch_size: pictures at a time.
        """
        output = "translator_back" if back else "translator"
        return sampling.translate(self.output(output, averaged=ema), pictures, batch_size)


def distance(x, y):
    """The mean absolute difference."""
    return ops.mean(ops.abs(x - y))
