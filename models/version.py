"""This project's version, which a run records: an older run's networks may be other ones."""

VERSION = "0.3.0"
