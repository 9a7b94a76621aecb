"""``python -m venuenet`` is the command line."""

from venuenet.cli import app

app()
