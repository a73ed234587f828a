"""The console as people meet it: from opening it to the first paint, and from an event to the pixels that show it."""
