from __future__ import annotations

from lxml import html

from synapse.extract.dom import render


def _text(body: str) -> str:
    return render(html.document_fromstring(f"<html><body>{body}</body></html>")).text


def test_a_definition_is_headed_by_its_term() -> None:
    blocks = render(html.fragment_fromstring("<dl><dt>work_mem (<code>integer</code>)</dt><dd><p>Sets the memory.</p></dd></dl>"))
    assert blocks.text == "work_mem (integer)\n\nSets the memory."
    assert [heading.text for heading in blocks.headings] == ["work_mem (integer)"]


def test_field_lists_and_long_terms_are_no_headings() -> None:
    assert render(html.fragment_fromstring('<dl class="field-list simple"><dt>Parameters</dt><dd>x</dd></dl>')).headings == []
    assert render(html.fragment_fromstring(f"<dl><dt>{'word ' * 80}</dt></dl>")).headings == []


def test_navigation_machinery_and_what_is_hidden_are_left_out_but_not_the_text_after_them() -> None:
    hidden = (
        "<nav>n</nav>after <script>s</script>script <span style='display: none'>h</span>hidden <p hidden>p</p>"
        "<div aria-hidden=true>a</div><div role=navigation>r</div><a class='x headerlink'>¶</a><div style='font-size:0px'>0</div>"
        "<span style='font-size:0.9em'>small</span>"
    )
    assert _text(hidden).replace("\n\n", " ") == "after script hidden small"


def test_text_loose_between_blocks_is_kept_in_order() -> None:
    assert _text("a<p>b</p>c<div>d<ul><li>e</li><li>f</li></ul>g</div>h") == "a\n\nb\n\nc\n\nd\n\ne\n\nf\n\ng\n\nh"


def test_inline_markup_does_not_break_words() -> None:
    assert _text("<p>un<b>break</b>able <code>f(<i>x</i>)</code>, <br>next</p>") == "unbreakable f(x), next"


def test_code_keeps_its_lines() -> None:
    assert _text("<pre><span>if</span> x:\n    y</pre>") == "    if x:\n        y"


def test_a_table_of_values_becomes_rows_and_a_table_of_paragraphs_becomes_paragraphs() -> None:
    assert _text("<table><tr><th>Name</th><th>Type</th></tr><tr><td>a</td><td>int</td></tr></table>") == "Name | Type\n\na | int"
    assert _text("<table><tr><td><p>one</p><p>two</p></td></tr></table>") == "one\n\ntwo"


def test_a_box_is_not_split_from_its_section_by_its_label() -> None:
    assert _text('<div class="note"><h3 class="title">Note</h3><p>Take care.</p></div>') == "Take care."


def test_a_page_nested_deeper_than_pythons_stack_is_read() -> None:
    depth = 3_000
    root = html.fragment_fromstring("<div>" * 200 + "deep" + "</div>" * 200)
    inner = root
    for _ in range(depth):
        child = html.Element("div")
        inner.append(child)
        inner = child
    inner.text = "bottom"
    assert "bottom" in render(root).text
