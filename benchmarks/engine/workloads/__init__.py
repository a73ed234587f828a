"""What the workers of each system import: the shape in that system's own words, and nothing of the driver."""
