"""Which touches conversions are credited to: pure models over lists of touches. They share out what happened; only
:mod:`dujiang.insight.incrementality` says what would not have happened otherwise."""
