"""What if: edits of a snapshot, and the same numbers after them."""
