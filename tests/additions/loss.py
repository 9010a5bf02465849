"""Appended to models/losses.py: the squared hinge loss."""


def squared_hinge_discriminator(real, fake):
    """E relu(1 - D(x))² + E relu(1 + D(G(z)))²."""
    return ops.mean(ops.square(ops.relu(1.0 - real))) + ops.mean(  # noqa: F821
        ops.square(ops.relu(1.0 + fake))  # noqa: F821
    )


LOSSES["squared_hinge"] = Loss(squared_hinge_discriminator, linear_generator)  # noqa: F821
