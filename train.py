"""Train any recipe: `train.py RECIPE`. `--help` explains every option."""

from training.cli import main

if __name__ == "__main__":
    main()
