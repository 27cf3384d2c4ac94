"""What the trackers of the world send, one pure module for each wire form, read into one common form of event."""
