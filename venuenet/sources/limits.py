"""How much of a list is taken: every limit of the readers, in one place.

The registry serves a city: its lists have hundreds of rows, its largest exports some ten thousand.
"""

from __future__ import annotations

FILE_BYTES = 64 * 2**20
"""Size from which a file is refused unread."""

UNZIPPED_BYTES = 512 * 2**20
UNZIP_RATIO = 200
RATIO_FROM_BYTES = 2**20
ZIP_ENTRIES = 10_000
"""What a workbook may unpack to; the ratio is asked only of what unpacks to a mebibyte or more."""

SHEETS = 50
ROWS = 200_000
COLUMNS = 300
CELLS = 8_000_000
TEXT_CHARS = 50_000_000
"""Of a whole file: sheets, filled rows, columns, cells (of a table blank ones too), characters."""

LINES, LINE_DELIMITERS = 2**20, 2**14
"""Of a text file, blank ones too: the rows and columns a sheet of Excel has."""

CELL_CHARS = 2_000
"""Longer cells are cut, with a fault."""

NAME_CHARS = 120
"""A longer name is no name: the row is rejected."""

HEADER_ROWS = 20
"""Filled rows of a sheet among which its header is looked for."""

SAME_FAULTS = 1_000
"""Faults of one kind in one column told one by one; the rest are counted."""

APART_SECONDS = 90
APART_BYTES = 2 * 2**30
"""Time and address space of the process that runs foreign parsers (``child.py``)."""

DISTRICT_NAMES = 5_000
"""A column of more different words names no districts: China has some 2,850."""

TABLES = 50
"""Tables with headers of their own that one sheet may hold, one under another."""
