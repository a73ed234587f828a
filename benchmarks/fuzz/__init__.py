"""Laws that hold for every input, tried with as many as time allows: the URL guard, the path resolver, robots.txt."""
