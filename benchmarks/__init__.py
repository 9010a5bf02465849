"""How long things take, and how good they are: `python -m benchmarks`."""
