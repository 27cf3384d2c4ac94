"""What each channel contributes: what it sold itself, where it helped another, and what a test measured it to bring."""
