"""HTML pages: the links of ordinary ones, and pages that are made to be slow or to break what reads them."""

from __future__ import annotations

from time import process_time

import pytest

from interlock.index.html_page import parse_html


def _names(text: str, content_type: str = "text/html") -> list[str]:
    page = parse_html(text.encode(), content_type)
    assert page is not None
    return [file.filename for file in page.files]


def test_links_are_read_however_their_attributes_are_written() -> None:
    text = """<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1"><base href="/f/"></head>
    <A HREF = 'a-1.0.zip'  data-yanked>x</A> <a data-requires-python="&gt;=3.8" href=a-2.0.zip />
    <a class="it's" href="a-3.0.tar.gz" data-yanked="old &amp; bad">"<"</a>"""
    page = parse_html(text.encode())
    assert page is not None
    assert (page.api_version, page.base) == ("1.1", "/f/")
    assert [(file.filename, file.yanked, file.requires_python) for file in page.files] == [
        ("a-1.0.zip", True, None),
        ("a-2.0.zip", False, ">=3.8"),
        ("a-3.0.tar.gz", "old & bad", None),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- <a href='b-1.zip'> -->",
        "<script>'<a href=b-1.zip>'</SCRIPT>",
        "<style><a href=b-1.zip></style>",
        '<p title="<a href=b-1.zip>">',
        "<![CDATA[ <!ELEMENT x ]>",
        "<!x [ <!-- -->",
        "<?php if (1 < 2) ?>",
        "</ <a",
    ],
)
def test_what_is_no_tag_hides_no_link_and_makes_none(hidden: str) -> None:
    assert _names(f"<html>{hidden}<a href='a-1.0.zip'>x</a>") in (["a-1.0.zip"], [])
    assert "b-1.zip" not in _names(f"<html>{hidden}<a href='a-1.0.zip'>x</a>")


@pytest.mark.parametrize(
    "pump",
    [
        "<!--",
        "<a ",
        '<a x="',
        "<a x='",
        "<a x=",
        "<script",
        "<script>",
        "<![CDATA[",
        "</",
        "<",
        "<!",
        "<?",
        "&#",
        "<a/",
    ],
)
def test_what_is_never_closed_costs_no_more_than_its_length(pump: str) -> None:
    start = process_time()
    parse_html(b"<html>" + pump.encode() * (1_000_000 // len(pump)))
    assert process_time() - start < 3


@pytest.mark.parametrize("link", ["&#" + "9" * 5000 + ";a-1.0.zip", "http://[/a-1.0.zip", "//[x/a-1.0.zip"])
def test_a_link_that_cannot_be_read_costs_that_link_only(link: str) -> None:
    page = parse_html(f'<html><a href="{link}">x</a><a href="b-1.0.zip">x</a>'.encode())
    assert page is not None
    assert [file.filename for file in page.files if "[" not in file.url] == ["b-1.0.zip"]


@pytest.mark.parametrize(
    "charset", ["undefined", "punycode", "idna", "unicode_escape", "hex", "rot13", "no-such", "utf-7"]
)
def test_a_charset_that_is_none_is_read_as_utf_8(charset: str) -> None:
    assert _names("<a href='ä-1.0.zip'>", f"text/html; charset={charset}") == ["ä-1.0.zip"]


def test_a_charset_that_is_one_is_honoured() -> None:
    page = parse_html("<a href='ä-1.0.zip'>".encode("latin-1"), "text/html; charset=ISO-8859-1")
    assert page is not None
    assert [file.filename for file in page.files] == ["ä-1.0.zip"]
