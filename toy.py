"""Watch a GAN learn a toy world: `toy.py RECIPE --world ring`. `--help` explains every option."""

from toys.command import main

if __name__ == "__main__":
    main()
