"""Minutes from cells to venues: one Engine protocol, estimates where no network is at hand."""
