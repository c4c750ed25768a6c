"""A page's Markdown as plain lines, for a terminal that draws its own text and for ``runbook show``."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.token import Token


def plain_paragraphs(markdown: str) -> tuple[str, ...]:
    """Return one text per paragraph, without marks; a list item begins with ``- `` or its number.

    A sample keeps its lines. Lines of a paragraph are joined, so that the reader's width decides where they break.
    """
    paragraphs: list[str] = []
    lists: list[int | None] = []
    lead = ""
    for token in MarkdownIt("commonmark").parse(markdown):
        match token.type:
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                number = lists[-1]
                indent = "  " * (len(lists) - 1)
                lead = f"{indent}- " if number is None else f"{indent}{number}. "
                lists[-1] = None if number is None else number + 1
            case "inline":
                paragraphs.append(lead + _inline(token))
                lead = ""
            case "fence" | "code_block" | "html_block":
                paragraphs.append(token.content.rstrip("\n"))
    return tuple(paragraphs)


def _inline(token: Token) -> str:
    words: list[str] = []
    target = ""
    for child in token.children or []:
        match child.type:
            case "text" | "code_inline" | "html_inline":
                words.append(child.content)
            case "softbreak" | "hardbreak":
                words.append(" ")
            case "link_open":
                target = str(child.attrs.get("href", ""))
            case "link_close":
                # A terminal cannot be clicked everywhere; the address itself can be copied.
                words.append(f" ({target})" if target and target not in "".join(words) else "")
            case "image":
                words.append(child.content)
    return "".join(words).strip()
