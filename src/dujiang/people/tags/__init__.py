"""Tags: what is said of each person in one word, number or day, each by a definition."""
