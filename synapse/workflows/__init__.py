"""Definitions compiled to programs, and what a completion leads to: pure."""
