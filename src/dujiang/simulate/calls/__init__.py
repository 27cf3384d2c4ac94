"""Tracking requests as the brand's site, mini-program, app, tablets and community server send them."""
