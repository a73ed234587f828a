"""Measurements that anyone can repeat: performance and quality. They print figures; none passes or fails on time."""
