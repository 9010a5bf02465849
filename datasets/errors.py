"""The errors of this package that a user can cause."""


class DataError(ValueError):
    """Pictures or labels that cannot be used: one line that names the value and the remedy."""


class PictureError(Exception):
    """One picture that cannot be used; it is left out and the reason reported."""


class PassingError(PictureError):
    """A picture that cannot be read at this moment, but perhaps another time.

    It is not left out, since a cache would lack it for good. `path` is the file's.
    """

    def __init__(self, reason: str, path: str) -> None:
        super().__init__(reason)
        self.path = path
