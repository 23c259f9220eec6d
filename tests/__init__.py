"""The tests: one folder per package, and folders for what belongs to no single package."""
