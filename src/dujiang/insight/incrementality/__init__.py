"""What would not have happened otherwise: pure estimators for hold-outs, switch-backs and tests by market, and their design."""
