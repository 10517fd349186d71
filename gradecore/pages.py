"""Markdown in feedback and formgrader: what a student wrote must not run in the browser of whoever reads it.

nbgrader's pages do not ask nbconvert to clean Markdown (its sanitize_html reaches outputs only), so it is cleaned here.
"""

import contextlib
import functools
import re
from html import escape

import bleach
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter

TAGS = {
    *bleach.ALLOWED_TAGS,
    *("p", "br", "hr", "div", "span", "pre", "img", "del", "s", "sub", "sup", "kbd", "u", "small", "dl", "dt", "dd"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "caption", "details", "summary"),
}
LONGEST = 20_000  # characters that are rendered: some texts of ten times as many take minutes
PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")


@functools.cache
def renderer():
    """nbconvert's own, as it is without any configuration."""
    return HTMLExporter()


@pass_context
def markdown2html(context, source):
    """In place of nbconvert's filter of this name: the same, and then cleaned."""
    if len(source) <= LONGEST:
        with contextlib.suppress(Exception):  # a picture that is missing, brackets nested too deeply
            html = renderer().markdown2html(context, source)
            return bleach.clean(html, tags=TAGS, attributes=is_harmless, protocols={"http", "https", "mailto", "data"})
    return f"<pre>{escape(source)}</pre>"


def unchanged(html):
    """In place of nbconvert's strip_files_prefix, which serves notebooks of 2013 and takes minutes for a page of brackets."""
    return html


def is_harmless(tag, name, value):
    """Whether an attribute may stay: of pictures only those that the page itself holds, so that nobody hears of its readers."""
    if name in ("class", "id", "title", "alt", "align"):
        return True
    if tag == "img":
        return name in ("width", "height") or (name == "src" and bool(PICTURE.fullmatch(value)))
    return tag == "a" and name == "href" and not value.strip().lower().startswith("data")
