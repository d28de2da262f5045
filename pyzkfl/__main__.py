"""python -m pyzkfl: the command line."""

from pyzkfl.cli import main

if __name__ == "__main__":
    main()
