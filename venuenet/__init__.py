"""venuenet: where people can meet science, and where they cannot."""

__version__ = "0.1.0"
