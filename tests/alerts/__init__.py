"""Failures made on purpose on a live system, and how soon somebody is told. By `make test-alerts`: waiting takes minutes."""
