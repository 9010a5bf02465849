"""The one exception of this package."""


class MetricError(ValueError):
    """A measurement that cannot be made: one clear line that names the value and the remedy."""
