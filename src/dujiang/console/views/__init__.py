"""From what services answer to what templates show: pure functions of a visit and an answer."""
