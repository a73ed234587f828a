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
        "Title with code", "A link and an in one paragraph with tags.", "- first", "- second", "a | b", "1 | 2", "    x = 1", "raw html",
    ]  # fmt: skip
    assert [(heading.level, heading.text) for heading in blocks.headings] == [(1, "Title with code")]


def test_what_front_matter_says_of_the_document_is_kept_as_its_first_line() -> None:
    blocks = Blocks()
    read_markdown("---\ntitle: Leave\ndate: 2023-01-09\nstatus: superseded\nsuperseded_by: leave-2025.md\n---\n# Leave\n", blocks)
    assert blocks.text.split("\n\n") == ["Date: 2023-01-09; status: superseded; superseded by: leave-2025.md.", "Leave"]
