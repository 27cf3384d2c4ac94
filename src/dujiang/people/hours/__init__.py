"""Active hours: when each person and each group is active, and when to send."""
