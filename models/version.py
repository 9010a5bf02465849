"""This project's version. Runs record it, since networks may differ between versions."""

VERSION = "0.3.0"
