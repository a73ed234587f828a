from __future__ import annotations

import pytest
from lxml import html

from synapse.extract.styles import concealed, hides


@pytest.mark.parametrize(
    "style",
    [
        "display:none", "DISPLAY : NONE !important", "visibility: hidden", "font-size:0px", "opacity:0.0", "text-indent:-9999px",
        "position:absolute; left:-10000px", "position:fixed;top:-99em", "clip:rect(0 0 0 0);position:absolute", "clip-path:inset(50%)",
        "width:1px;height:1px;overflow:hidden", "color:#fff;background:white", "color:transparent",
    ],
)  # fmt: skip
def test_a_style_that_leaves_nothing_to_see_hides(style: str) -> None:
    assert hides(style)


@pytest.mark.parametrize(
    "style",
    [
        "", "display:block", "visibility:visible", "font-size:0.8em", "opacity:0.5", "text-indent:-1em", "position:absolute;left:-4px",
        "left:-9999px", "overflow:hidden", "height:10px;overflow:hidden", "color:#fff;background:#000", "color:#fff", "none",
    ],
)  # fmt: skip
def test_a_style_that_leaves_something_to_see_does_not(style: str) -> None:
    assert not hides(style)


def _gone(sheet: str, body: str) -> set[str]:
    root = html.document_fromstring(f"<html><head><style>{sheet}</style></head><body>{body}</body></html>")
    return {str(element.get("id") or element.tag) for element in concealed(root)}


BODY = "<div class='box x' id=one><p id=two class=y>t</p><div><p id=three class='x y'>t</p></div></div>"


@pytest.mark.parametrize(
    ("sheet", "gone"),
    [
        (".y{display:none}", {"two", "three"}),
        ("p.x.y{display:none}", {"three"}),
        ("#two, #three{visibility:hidden}", {"two", "three"}),
        (".box .x{display:none}", {"three"}),
        (".box > p{display:none}", {"two"}),
        (".box>*>.y{display:none}", {"three"}),
        (".none p{display:none}", set()),
        ("/* .y{} */ @import 'a'; .y{color:red} .y{font-size:0}", {"two", "three"}),
        ("@media screen{.y{display:none}}", {"two", "three"}),
        ("@media print{.y{display:none}} @media (max-width: 9em){.y{display:none}}", set()),
        (".y{display:none} .x{display:block}", {"two"}),
        (".x{display:block} .y{display:none}", {"two", "three"}),
        (".y:hover{display:none} [class]{display:none} .y::after{display:none}", set()),
        (".y{opacity:0}", set()),
        ("body{display:none}", set()),
        ("}{ .y{display:none", set()),
        (">{display:none} {display:none} *{display:none}", set()),
    ],
)
def test_rules_of_a_style_sheet_are_applied_as_far_as_they_are_simple(sheet: str, gone: set[str]) -> None:
    assert _gone(sheet, BODY) == gone
