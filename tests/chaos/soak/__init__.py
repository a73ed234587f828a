"""Many runs while everything that they need is killed again and again: ``python -m tests.chaos.soak``."""
