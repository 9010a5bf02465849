"""Appended to models/penalties.py: R1's twin on fakes."""


def r2(critic, gradient, real, fake, mix):
    """1/2 E ||grad D(G(z))||² on generated data (Mescheder et al. 2018, arXiv:1801.04406)."""
    return 0.5 * ops.mean(_squared_norms(gradient(critic, fake)))  # noqa: F821


PENALTIES["r2"] = Penalty(r2)  # noqa: F821
