"""The rulebook: one declaration per function, one file per family."""
