"""Train the notes' BigGAN, by attribute if there are labels. `--help` explains every option."""

from training.cli import main

if __name__ == "__main__":
    main("BIGGAN_V1")
