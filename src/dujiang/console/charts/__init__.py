"""Pictures drawn on the server: pure layouts, no I/O."""
