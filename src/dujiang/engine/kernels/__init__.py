"""Single passes over the columns of timelines. They take and return arrays, and know nothing of engines."""
