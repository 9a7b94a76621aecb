"""Reads the lists planners hold, whatever their form; nothing is dropped without a word."""

from venuenet.sources.headers import FIELDS, recognise, signature
from venuenet.sources.lists import read_list

__all__ = ["FIELDS", "read_list", "recognise", "signature"]
