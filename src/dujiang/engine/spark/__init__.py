"""The engine on Spark: the contract's tables and the same questions, spread over a cluster. Needs ``dujiang[spark]``."""
