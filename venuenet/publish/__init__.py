"""From results to what people take away: the Snapshot, answers, files and pages."""
