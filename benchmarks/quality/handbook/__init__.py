"""An invented company's documents, old and new editions together, and questions about what holds now."""
