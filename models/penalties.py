"""Penalties on the discriminator: a name → a function. None of them sees a tape.

`penalty(critic, gradient, real, fake, mix)` returns a float32 scalar, to be weighted and added to
D's loss: `critic(x)` gives logits (N, 1) under the labels of the real pictures, `gradient(fn, x)`
the gradient of sum(fn(x)) by x, `real` and `fake` are images (N, R, R, 3), `mix` uniform numbers
in [0, 1), (N,).
"""

from keras import ops


def _squared_norms(x):
    return ops.sum(ops.square(ops.cast(x, "float32")), axis=tuple(range(1, len(x.shape))))


def gradient_penalty(critic, gradient, real, fake, mix):
    """E (||grad D(x^)|| - 1)^2 at x^ = mix · x + (1 - mix) · G(z) (WGAN-GP, equation 3)."""
    share = ops.reshape(mix, (-1,) + (1,) * (len(real.shape) - 1))
    between = share * real + (1.0 - share) * fake
    norms = ops.sqrt(_squared_norms(gradient(critic, between)) + 1e-12)
    return ops.mean(ops.square(norms - 1.0))


def r1(critic, gradient, real, fake, mix):
    """1/2 E ||grad D(x)||^2 on real pictures (Mescheder et al. 2018, arXiv:1801.04406)."""
    return 0.5 * ops.mean(_squared_norms(gradient(critic, real)))


PENALTIES = {"gradient": gradient_penalty, "r1": r1}


def get(name: str):
    """The penalty of that name, None for "none"; ValueError lists the known ones."""
    if name == "none":
        return None
    if name not in PENALTIES:
        raise ValueError(f"Unknown penalty {name!r}. Known: none, {', '.join(PENALTIES)}.")
    return PENALTIES[name]
