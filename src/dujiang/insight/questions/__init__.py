"""The question engine: one typed language for every analysis, the same in builder, API, command line and notebook."""
