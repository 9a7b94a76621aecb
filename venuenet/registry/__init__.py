"""The register of venues: what was claimed, by whom and when; the only writer of venues."""
