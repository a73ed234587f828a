"""Documents in, main text out: HTML, Markdown, reStructuredText and plain text.

`extract` is the one door. It burns CPU and takes no locks: call it off the event loop.
"""
