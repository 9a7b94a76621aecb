"""Where new venues should go: exact models with proven bounds. Pure."""
