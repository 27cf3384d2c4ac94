"""Numbers: one metric layer that every dashboard, rule, goal and report reads, the growth dashboard and the river."""
