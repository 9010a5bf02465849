"""The errors of this package that a user can cause."""


class DataError(ValueError):
    """Pictures or labels that cannot be used: one line that names the value and the remedy."""


class PictureError(Exception):
    """One picture that cannot be used; it is left out and the reason reported."""
