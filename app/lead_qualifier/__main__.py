"""`python -m lead_qualifier` is the same program as `lead-qualifier`."""

from lead_qualifier.cli import main

if __name__ == "__main__":
    main()
