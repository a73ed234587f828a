"""The seven agents, one small module each: typed input, typed output, one function."""
