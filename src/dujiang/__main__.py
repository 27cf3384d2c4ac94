"""``python -m dujiang``: the command line."""

from dujiang.cli import main

if __name__ == "__main__":
    main()
