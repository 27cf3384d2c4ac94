"""The ground that every room stands on: errors, clock, ids, money, time windows, bounds, settings, definitions, texts."""
