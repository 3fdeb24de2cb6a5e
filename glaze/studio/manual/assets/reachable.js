// A table that is wider than the page is scrolled within its frame: by the keyboard, too.
(() => {
  const reach = () => document.querySelectorAll(".md-typeset__scrollwrap").forEach((frame) => {
    if (frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
  });
  new MutationObserver(reach).observe(document.body, { childList: true, subtree: true });
  addEventListener("resize", reach);
  addEventListener("load", reach);
})();
