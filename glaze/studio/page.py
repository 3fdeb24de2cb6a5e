"""What every page of the studio has around it, and where it is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

import gradio as gr
from gradio.blocks import Block

from glaze import machine
from glaze.studio import attending, markup
from glaze.studio.words import languages

if TYPE_CHECKING:
    from glaze.studio.desk import Desk, Desks
    from glaze.studio.words import Words

# Seconds between looks at what changed; with many artists on one computer, their looks add up.
WATCH_SECONDS: Final = 1.0
WATCH_HOSTED: Final = 3.0
# The first page has its language's own address.
HOME: Final = "glaze"
# What an event changes on a page, and nothing else.
Updates = dict[Block, Any]
# Of every event: what it changes shows that it happened, and nobody but the page calls it.
QUIETLY: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


# Another page takes a second or more to load, and longer while a glaze runs: where it was pressed shows at once. A page
# that one comes back to may be as it was left.
_ANSWER: Final = """(() => {
                const mark = (pressed) => document.querySelectorAll('.masthead a').forEach(
                    (one) => one.classList.toggle('pressed', one === pressed));
                document.addEventListener('click', (event) => {
                    const link = event.target.closest('.masthead a:not([target])');
                    if (link && !(event.ctrlKey || event.metaKey || event.shiftKey)) mark(link);
                });
                addEventListener('pageshow', () => mark(null));
            })();"""


def route(language: str, page: str = HOME) -> str:
    """The address of a page without its slash: "en", "en-portfolio"."""
    return language if page == HOME else f"{language}-{page}"


def name_the_fields(labels: Mapping[str, str]) -> str:
    """Spoken names for fields that take pictures, by their ids, as JavaScript for Page.dress."""
    return f"""const name = () => Object.entries({dict(labels)!r}).forEach(([id, label]) =>
                document.querySelectorAll('#' + id + ' button[aria-dropeffect]')
                    .forEach((button) => button.setAttribute('aria-label', label)));
            new MutationObserver(name).observe(document.body, {{childList: true, subtree: true}});
            name();"""


class Wire(Protocol):
    """What `Page.wired` gives."""

    def __call__(
        self, trigger: Callable[..., Any], does: Callable[..., Updates], *takes: Block
    ) -> gr.events.Dependency: ...


class Page:
    """A page in one language. It draws itself into the gradio context it is made in, between `top` and `bottom`.

    name      what its address and its words go by. pages: the names of all, in the order in which they are offered.
    landings  where the focus goes when what had it is gone: selectors, the first that is there.
    """

    name = HOME
    landings: ClassVar[tuple[str, ...]] = ()

    def __init__(self, words: Words, desks: Desks, blocks: gr.Blocks, pages: Sequence[str] = (HOME,)) -> None:
        self.words, self.desks, self.pages = words, desks, pages
        self.top()
        self.draw()
        gr.HTML(markup.footer(words, None if desks.hosted else machine.describe()))
        self.wire(blocks)

    @property
    def desk(self) -> Desk:
        """The desk of whoever the event comes from that is answered now."""
        return self.desks.mine

    def top(self) -> None:
        """The name, the way to the other pages, and the choice of language."""
        words = self.words
        pages = [(route(words.language, page), words(f"nav.{page}"), page == self.name) for page in self.pages]
        if self.desks.hosted:
            # Pages of the host's own, outside of these.
            pages += [("/pictures", words("house.nav.pictures"), False), ("/account", words("nav.account"), False)]
        tongues = [(route(code, self.name), code) for code in languages()]
        gr.HTML(markup.header(words, pages, tongues))

    def where_it_goes(self, here: str) -> str:
        """What is said of where a picture goes that is chosen: by the key `here`, where it stays on this computer."""
        return self.words("hosted.drop_hint" if self.desks.hosted else here)

    def watch(self) -> gr.Timer:
        """Ticks when the page shall look at what changed."""
        return gr.Timer(WATCH_HOSTED if self.desks.hosted else WATCH_SECONDS)

    def draw(self) -> None:
        """The page's own components."""
        raise NotImplementedError

    def wire(self, blocks: gr.Blocks) -> None:
        """What happens when something is pressed, and when the page is loaded."""
        raise NotImplementedError

    @staticmethod
    def wired(everything: Sequence[Block], always: Sequence[Block] = (), *, in_turn: bool = False) -> Wire:
        """How a page wires its events: `on(trigger, handler, more inputs)`, with the inputs `always` before these.

        everything: what handlers may change; each returns Updates of what it did change. in_turn: of all such events,
        in any tab, one begins only once the other is over.
        """
        options = {**QUIETLY, "concurrency_limit": 1, "concurrency_id": "in turn"} if in_turn else QUIETLY

        def on(trigger: Callable[..., Any], does: Callable[..., Updates], *takes: Block) -> gr.events.Dependency:
            happens: gr.events.Dependency = trigger(does, [*always, *takes], list(everything), **options)
            return happens

        return on

    @staticmethod
    def unchanged(component: Block) -> Updates:
        """Nothing. Not even the state as it was when the event began: what was pressed meanwhile has changed it."""
        return {component: gr.skip()}

    def dress(self, more: str = "") -> str:
        """What gradio has no option for, as JavaScript to run once a page is loaded: language, title, and `more`.

        Only then is the page shown: until it is known whether a job runs, an empty one would be a lie.
        """
        words = self.words
        title = words("page.title") if self.name == HOME else f"{words(f'nav.{self.name}')} · {words('page.title')}"
        return f"""() => {{
            document.documentElement.lang = {words.language!r};
            document.title = {title!r};
            {attending.attend(self.landings)}
            {_ANSWER}
            {more}
            requestAnimationFrame(() => requestAnimationFrame(() => document.body.classList.add('ready')));
        }}"""
