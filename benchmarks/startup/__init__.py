"""How long the composition takes from nothing to a report, again and again."""
