"""Sentiment of what customers write to the service desk: a small classifier over characters, fitted on labelled examples.

Chinese packages for it are either no longer kept, or bring word lists of unclear licence, or need a large language model, so
Dujiang brings a classifier of its own: logistic regression (scikit-learn) over runs of one to three characters. Only the score
is kept, with the version of the classifier; the text itself is forgotten at intake.

What it is not: it has seen a few hundred invented sentences about goods, delivery and service. It knows no irony, no
dialect, no other language, and nothing of a brand's own words. Read shares over many conversations, not single scores.
"""

from dujiang.collect.sentiment.classifier import VERSION, score

__all__ = ["VERSION", "score"]
