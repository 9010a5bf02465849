"""Options of a run that takes seconds: 32 px, a few channels."""

TINY = [
    "--resolution=32", "--g-filters=16", "--d-filters=8", "--latent-dim=8", "--batch-size=4",
    "--precision=float32", "--picture-rows=2", "--picture-columns=2", "--workers=1",
]  # fmt: skip
