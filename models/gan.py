"""The GAN: two networks, their objectives, one training step, the generator's moving average."""

import keras
import numpy as np
from keras import ops

from layers import replicas
from layers.norm import batch_norms, mixes_batch
from layers.spectral import power_iterate, shared_kernels
from models import (
    autodiff,
    generator_terms,
    latents,
    layout,
    losses,
    networks,
    optimizers,
    penalties,
    regularizers,
    sampling,
)
from models.descent import descend
from models.recipe import Recipe

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@keras.saving.register_keras_serializable(package="gan")
class GAN(keras.Model):
    """A generator and a discriminator that train each other under `fit`.

    `fit` takes batches, one-tuples of a dict of arrays laid out as `models.layout` says, that hold
    all that a step needs, random numbers too, so that a step is a function of its batch: the same
    on every backend, after a resume, and spread over devices.

    One call of `train_step` makes the recipe's d_steps discriminator steps and one generator step.

    Args:
        recipe: what to build and how to train it.
        precision: "float32", "mixed_bfloat16" or "mixed_float16".
        seed: of the initial weights, the same on every backend.
        jit_compile: as in `keras.Model.compile`.
        steps_per_execution: as in `keras.Model.compile`; torch knows only 1.

    Raises:
        ValueError: an unknown precision, a recipe that no network fits, or more than one step per
            execution on torch.
    """

    def __init__(
        self,
        recipe: Recipe,
        precision: str = "float32",
        seed: int = 0,
        jit_compile: bool | str = "auto",
        steps_per_execution: int = 1,
    ):
        super().__init__(name=recipe.name)
        if precision not in PRECISIONS:
            raise ValueError(f"Unknown precision {precision!r}. Known: {', '.join(PRECISIONS)}.")
        if steps_per_execution > 1 and keras.backend.backend() == "torch":
            raise ValueError(f"steps_per_execution is {steps_per_execution}; torch knows only 1.")
        self.precision = precision
        self.generator, self.discriminator = networks.build(recipe, seed, precision)
        self._features = generator_terms.feature_function(self.discriminator)
        self._pursue(recipe)
        self.ema_generator = networks.copy_generator(self.generator, recipe, precision)
        self.ema_generator.trainable = False
        self.steps_done = self.add_weight(
            name="steps_done", shape=(), dtype="int32", initializer="zeros", trainable=False
        )
        # Multiplies both learning rates: a run that collapses goes on with smaller ones.
        self.learning_rate_factor = self.add_weight(
            name="learning_rate_factor", shape=(), initializer="ones", trainable=False
        )
        # Batch statistics tell real from fake if both share a batch: D then wins at once.
        self._one_call = not mixes_batch(self.discriminator)
        self.built = True
        self._compile(jit_compile, steps_per_execution)
        # Keras lets XLA compile the `predict` of uncompiled models, even on a CPU, where it loses.
        self.generator.jit_compile = self.ema_generator.jit_compile = self.jit_compile

    @staticmethod
    def check(recipe: Recipe) -> None:
        """Raise ValueError for a recipe that no GAN can be built from, before any is built."""
        networks.check(recipe)
        losses.get(recipe.loss, recipe.label_smoothing)

    def _pursue(self, recipe: Recipe):
        """Take the objective from `recipe`, whose networks must be those that were built."""
        self.recipe = recipe
        self.loss_functions = losses.get(recipe.loss, recipe.label_smoothing)
        self.penalty = penalties.get(recipe.penalty)
        self.generator_term = generator_terms.get(recipe.g_term)

    def _compile(self, jit_compile, steps_per_execution):
        recipe = self.recipe
        pair = []
        for network, rate in (
            (self.discriminator, recipe.d_learning_rate),
            (self.generator, recipe.g_learning_rate),
        ):
            schedule = optimizers.LearningRate(
                rate,
                recipe.decay,
                recipe.decay_start,
                recipe.decay_rate,
                recipe.decay_every,
                end=recipe.steps,
                steps_done=self.steps_done,  # not the optimizer's own: D takes several a step
                scale=self.learning_rate_factor,
            )
            optimizer = optimizers.get(recipe.optimizer, schedule, recipe.beta_1, recipe.beta_2)
            if self.precision == "mixed_float16":
                optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
            optimizer.build(network.trainable_variables)
            pair.append(optimizer)
        self.d_optimizer, self.g_optimizer = pair
        self.compile(
            optimizer=optimizers.OptimizerPair(*pair),
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            auto_scale_loss=False,  # each of the pair scales its own
        )

    @property
    def step(self) -> int:
        """Finished training steps."""
        return int(ops.convert_to_numpy(self.steps_done))

    def call(self, inputs, training=None):
        """[z (N, latent_dim), y] → images (N, R, R, 3) in [-1, 1] of the averaged generator."""
        return self.ema_generator(inputs, training=training)

    # === Training ===

    def train_step(self, *args):
        return autodiff.run_step(self, self._step, args)

    def _step(self, data):
        batch = data if isinstance(data, dict) else data[0]
        logs = {}
        power_iterate(self.generator)
        for turn in range(self.recipe.d_steps):
            logs.update(self._discriminator_step(batch, turn))
        logs.update(self._generator_step(batch))
        self._update_average()
        replicas.assign(self.steps_done, ops.convert_to_tensor(self.steps_done) + 1)
        return logs

    def _discriminator_step(self, batch, turn):
        power_iterate(self.discriminator)

        def loss(part):
            real = layout.real_data(part)
            with shared_kernels():
                fake = self.generator([part["latents"], part["fake_labels"]], training=True)
            fake = ops.stop_gradient(fake)
            return lambda: self._discriminator_loss(part, real, fake)

        part = layout.discriminator_part(batch, self.recipe, turn)
        logs = self._descend(self.discriminator, self.d_optimizer, loss, part)
        self._clip_weights()
        return logs

    def _clip_weights(self):
        """Keep every trained number of D within ± weight_clip (WGAN, algorithm 1, line 7)."""
        if bound := self.recipe.weight_clip:
            for variable in self.discriminator.trainable_variables:
                clipped = ops.clip(ops.convert_to_tensor(variable), -bound, bound)
                replicas.assign(variable, clipped)

    def _discriminator_loss(self, part, real, fake):
        """The discriminator's loss on one micro-batch, with what is worth logging."""
        with shared_kernels():
            real_logits, fake_logits = self._judge(real, fake, part["labels"], part["fake_labels"])
            loss = self.loss_functions.discriminator(real_logits, fake_logits)
            logs = {
                "d_loss": loss,
                "d_real": ops.mean(real_logits),
                "d_fake": ops.mean(fake_logits),
            }
            if self.loss_functions.zero_share:
                logs["d_zero_share"] = self.loss_functions.zero_share(real_logits, fake_logits)
            if self.penalty:
                penalty = self.penalty(
                    lambda x: self.discriminator([x, part["labels"]], training=True),
                    lambda fn, x: autodiff.input_gradient(fn, x, self._state()),
                    real,
                    fake,
                    part["mix"],
                )
                logs["penalty"] = penalty
                loss = loss + self.recipe.penalty_weight * penalty
        return loss, logs

    def _judge(self, real, fake, labels, fake_labels):
        """Logits of real and of fake images, in one call of D where that changes nothing.

        They are those of the whole batch, wherever its pictures are judged: so are then the losses.
        """
        if self._one_call:
            pictures = ops.concatenate([real, fake])
            both = self.discriminator(
                [pictures, ops.concatenate([labels, fake_labels])], training=True
            )
            count = ops.shape(real)[0]
            logits = [both[:count], both[count:]]
        else:
            logits = [
                self.discriminator([real, labels], training=True),
                self.discriminator([fake, fake_labels], training=True),
            ]
        return [replicas.gather(each) for each in logits]

    def _generator_step(self, batch):
        part = layout.generator_part(batch, self.recipe, self._generator_needs_real())

        def loss(part):
            return lambda: self._generator_loss(part)

        return self._descend(self.generator, self.g_optimizer, loss, part)

    def _generator_needs_real(self):
        term = self.generator_term
        return self.loss_functions.needs_real or (term is not None and term.needs_real)

    def _generator_loss(self, part):
        """The generator's loss on one micro-batch, with what is worth logging."""
        term = self.generator_term
        labels, real, real_labels = part["fake_labels"], None, None
        if term is not None and term.paired_labels:
            labels = generator_terms.share_labels(labels)
        if self._generator_needs_real():
            real, real_labels = layout.real_data(part), part["labels"]
        with shared_kernels():
            fake = self.generator([part["latents"], labels], training=True)
            loss = 0.0
            if self.recipe.g_loss_weight:
                loss = self.recipe.g_loss_weight * self._adversarial(
                    fake, labels, real, real_labels
                )
            logs = {"g_loss": loss}
            if term is not None:
                value = term.function(
                    generator_terms.GeneratorStep(
                        part["latents"], fake, labels, real, real_labels, self._features
                    )
                )
                loss = loss + self.recipe.g_term_weight * value
                logs = {"g_loss": loss, "g_term": value}
        return loss, logs

    def _adversarial(self, fake, labels, real, real_labels):
        """The generator's adversarial loss, a scalar."""
        if not self.loss_functions.needs_real:
            fake_logits = replicas.gather(self.discriminator([fake, labels], training=True))
            return self.loss_functions.generator(None, fake_logits)
        return self.loss_functions.generator(*self._judge(real, fake, real_labels, labels))

    def _descend(self, network, optimizer, loss, batch):
        """One optimizer step of `network`; `loss(part)` returns a function giving (loss, logs)."""
        return descend(
            lambda part: self._regularized(loss(part), network),
            batch,
            network.trainable_variables,
            optimizer,
            self.recipe.micro_batches,
            self._state(),
        )

    def _regularized(self, value, network):
        """The same loss function with the recipe's regularisation of `network` added."""
        letter = "g" if network is self.generator else "d"
        weight, decay = getattr(self.recipe, f"{letter}_orthogonal"), self.recipe.weight_decay
        if not weight and not decay:
            return value

        def regularized():
            loss, logs = value()
            if weight:
                overlap = regularizers.orthogonal(network)
                loss, logs = loss + weight * overlap, {**logs, f"{letter}_overlap": overlap}
            if decay:
                loss = loss + decay * regularizers.half_square(network)
            return loss, logs

        return regularized

    def _update_average(self):
        """ema <- d · ema + (1 - d) · weights with d = min(decay, (1 + n) / (10 + n)) at update n.

        So are batch norm's statistics, if the recipe says so; else they are copied, as the singular
        vectors are: they belong to the newest weights.
        """
        n = ops.cast(self.steps_done, "float32")
        rate = 1.0 - ops.minimum(self.recipe.ema_decay, (1.0 + n) / (10.0 + n))
        if not self.recipe.ema_decay:
            rate = 1.0
        averaged = {variable.path for variable in self.generator.trainable_variables}
        if self.recipe.ema_statistics == "averaged":
            averaged |= {
                each.path for norm in batch_norms(self.generator) for each in norm.statistics
            }
        for average, variable in zip(
            self.ema_generator.variables, self.generator.variables, strict=True
        ):
            new = ops.convert_to_tensor(variable)
            if variable.path in averaged and self.recipe.ema_decay:
                old = ops.convert_to_tensor(average)
                new = old + rate * (new - old)
            replicas.assign(average, new)

    def _state(self):
        """Every variable a loss may read or write, for backends that must be told."""
        return [*self.variables, *self.optimizer.variables]

    # === Sampling ===

    def sample(self, latents, labels=None, ema: bool = True, batch_size: int = 64) -> np.ndarray:
        """Pictures for `latents` (N, latent_dim): float32 (N, R, R, 3) in [-1, 1].

        Args:
            labels: (N,) class indices or (N, num_labels) attributes; None without labels.
            ema: use the averaged generator, as one should, or the one in training.
            batch_size: how many at a time.

        Raises:
            ValueError: labels given to a network without, or missing where it needs them.
        """
        return sampling.generate(
            self.ema_generator if ema else self.generator, latents, labels, batch_size
        )

    def draw_latents(self, count: int, seed: int = 0, truncation: float = 1.0) -> np.ndarray:
        """`count` latents of the recipe's distribution, float32 (count, latent_dim)."""
        rng = np.random.Generator(np.random.Philox(seed))
        return latents.sample(self.recipe.latent, count, self.recipe.latent_dim, rng, truncation)

    def get_config(self):
        return {"recipe": self.recipe.to_dict(), "precision": self.precision}

    def get_compile_config(self):
        """None: building a GAN compiles it, from its recipe."""

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(Recipe.from_dict(config["recipe"]), config["precision"])
