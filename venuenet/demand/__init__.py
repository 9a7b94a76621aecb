"""People per cell and group; totals preserved exactly."""
