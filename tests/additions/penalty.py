"""Appended to models/penalties.py: a zero-centred penalty on both sides, by absolute slopes."""


def slopes(step):
    """E ||grad D(x)|| + E ||grad D(G(z))||."""
    real = step.squared_slopes(step.real, step.real_labels)
    fake = step.squared_slopes(step.fake, step.fake_labels)
    return ops.mean(ops.sqrt(real + 1e-12)) + ops.mean(ops.sqrt(fake + 1e-12))  # noqa: F821


PENALTIES["slopes"] = Penalty(slopes, slopes=2)  # noqa: F821
