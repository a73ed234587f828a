from __future__ import annotations

from lxml import html

from synapse.extract.hidden import drop_hidden, drop_other_articles

PROSE = "Something that is worth reading. " * 20


def _after(markup: str) -> str:
    root = html.document_fromstring(markup)
    drop_hidden(root)
    drop_other_articles(root)
    return str(root.text_content())


def test_what_a_browser_would_not_show_is_gone_and_what_follows_it_stays() -> None:
    text = _after("<p>shown</p><div style='display: none'>one</div>after<p hidden>two</p><p style='visibility:hidden'>three</p>")
    assert text == "shownafter"


def test_a_page_whose_body_is_shown_later_is_kept() -> None:
    assert _after("<body style='display:none'><p>shown by a script</p></body>") == "shown by a script"


def test_hidden_elements_within_hidden_elements_go_once() -> None:
    assert _after("<div hidden><div hidden><p hidden>x</p></div></div><p>y</p>") == "y"


def test_what_a_style_sheet_hides_is_gone_unless_it_is_the_page_itself() -> None:
    sheet = "<style>.x { display: none }</style>"
    assert "Order" not in _after(f"{sheet}<p>{PROSE}</p><p class=x>Order.</p>")
    script = f"<script>{PROSE}{PROSE}</script>"
    assert "Something" in _after(f"{sheet}{script}<div class=x><p>{PROSE}</p></div><p>Loading.</p>").replace(PROSE + PROSE, "")


def test_of_several_articles_the_one_with_the_main_heading_is_kept() -> None:
    page = f"<article><h1>Own</h1><p>{PROSE}</p></article><article><p>Other one.</p></article><article><p>Other two.</p></article>"
    assert "Other" not in _after(page)
    assert "Something" in _after(page)


def test_articles_within_the_pages_own_are_kept() -> None:
    page = f"<article><h1>Own</h1><p>{PROSE}</p><article><p>Inner one.</p></article><article><p>Inner two.</p></article></article>"
    assert "Inner one." in _after(page)


def test_an_article_that_only_frames_the_heading_does_not_drop_the_text() -> None:
    page = f"<article><h1>Own</h1></article><article><p>{PROSE}</p></article><article><p>Other.</p></article>"
    assert "Something" in _after(page)


def test_two_articles_or_several_main_headings_are_no_list() -> None:
    assert "Other" in _after(f"<article><h1>Own</h1><p>{PROSE}</p></article><article><p>Other.</p></article>")
    assert "Other" in _after("<article><h1>A</h1></article><article><h1>B</h1></article><article><p>Other.</p></article>")
