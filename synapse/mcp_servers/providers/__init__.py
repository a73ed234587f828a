"""Who can be asked to search: local corpora, a SearXNG, and public services that an operator chose."""
