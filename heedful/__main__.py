"""``python -m heedful``, which ``torchrun -m heedful train ...`` needs."""

from heedful.cli import main

if __name__ == "__main__":
    main()
