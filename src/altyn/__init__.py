"""Altyn: an open card payment system."""

__all__ = ["__version__"]

# Also in pyproject.toml; tests/runtime/test_cli.py holds the two together.
__version__ = "0.1.0"
