"""Who will buy again, how often and for how much; who is about to lapse; and how well such statements held in the past."""
