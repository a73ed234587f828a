from __future__ import annotations

from synapse.extract.blocks import Blocks
from synapse.extract.markdown import read_markdown

SOURCE = """---
front: matter
---
# Title with `code`

A [link](http://x.test "t") and an ![image](y.png) in
one paragraph with <b>tags</b>.

* first
* second

| a | b |
|---|---|
| 1 | 2 |

```python
x = 1
```

<p>raw <i>html</i></p>
"""


def test_markdown_becomes_blocks() -> None:
    blocks = Blocks()
    read_markdown(SOURCE, blocks)
    assert blocks.text.split("\n\n") == [
        "Title with code", "A link and an in one paragraph with tags.", "first", "second", "a | b", "1 | 2", "    x = 1", "raw html",
    ]  # fmt: skip
    assert [(heading.level, heading.text) for heading in blocks.headings] == [(1, "Title with code")]
