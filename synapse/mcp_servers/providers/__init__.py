"""Who can be asked to search: local corpora, and a SearXNG for the web."""
