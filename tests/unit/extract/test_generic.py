from __future__ import annotations

from lxml import etree

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
    article = article_of("<html><body></body></html>", None)
    assert (article.blocks.text, article.title, article.published, article.authors) == ("", "", None, ())
