"""Benchmarks of speed and quality: `python -m benchmarks`."""
