"""The private domain: how healthy it is, and the way from advertisement over the community to a purchase."""
