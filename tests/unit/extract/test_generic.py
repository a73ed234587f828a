from __future__ import annotations

from lxml import etree, html

from synapse.extract.blocks import Blocks
from synapse.extract.generic import _render, article_of


def test_trafilaturas_tree_becomes_blocks_in_order() -> None:
    tree = etree.fromstring(
        '<body><head rend="h2">Head</head><p>One <hi>bold</hi> and<lb/>two</p><list rend="ul"><item>a</item><item><p>b</p></item></list>'
        "<table><row><cell>x</cell><cell>y</cell></row></table><quote><p>said</p></quote><code>if x:\n    y</code>"
        "<p>uses <code>z</code></p>tail</body>"
    )
    blocks = Blocks()
    _render(tree, blocks)
    assert blocks.text == "Head\n\nOne bold and two\n\na\n\nb\n\nx | y\n\nsaid\n\n    if x:\n        y\n\nuses z\n\ntail"
    assert [(heading.text, heading.level) for heading in blocks.headings] == [("Head", 2)]


def test_a_page_without_an_article_gives_an_empty_one() -> None:
    article = article_of(html.document_fromstring("<html><body></body></html>"), None)
    assert (article.blocks.text, article.title, article.published, article.authors) == ("", "", None, ())


def test_a_heading_that_repeats_the_title_is_no_part_of_the_text() -> None:
    paragraphs = "".join(f"<p>Paragraph number {number} says something about the weather, at some length.</p>" for number in range(8))
    page = html.document_fromstring(f"<html><body><article><h1>The weather</h1>{paragraphs}</article></body></html>")
    article = article_of(page, None, ["The weather"])
    assert article.heading == "The weather"
    assert article.blocks.text.startswith("Paragraph number 0")
    assert article_of(page, None).blocks.text.startswith("The weather\n\nParagraph number 0")
