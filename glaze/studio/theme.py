"""How the studio looks, all in one place: a quiet room of paper and ink, and the art on a neutral mount.

Colours stand in palette.py, once for light and once for dark. Fonts are those that the computer has: nothing is
fetched. Within @media, gradio puts the page's own container before every selector: a rule for the container itself, or
one that names it, would match nothing there.
"""

from __future__ import annotations

from typing import Final

import gradio as gr

from glaze.studio.palette import DARK, LIGHT

_SANS: Final = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Hiragino Sans",
    "Yu Gothic UI",
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "sans-serif",
)


_CELADON: Final = gr.themes.Color(
    *(
        "#f0f5f3",
        "#e4ecea",
        "#c6d9d4",
        "#9fc1ba",
        "#6fa69c",
        "#27635c",
        "#27635c",
        "#1c4d47",
        "#173f3a",
        "#13332f",
        "#0c2320",
    ),
    name="celadon",
)


def _theme() -> gr.themes.Base:
    look = {
        "body_background_fill": "var(--paper)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--quiet)",
        "background_fill_primary": "var(--sheet)",
        "background_fill_secondary": "var(--paper)",
        "block_background_fill": "transparent",
        "block_border_width": "0px",
        "block_label_background_fill": "transparent",
        "block_label_text_color": "var(--quiet)",
        "block_title_text_color": "var(--ink)",
        "block_title_text_weight": "600",
        "block_info_text_color": "var(--quiet)",
        "block_shadow": "none",
        "block_padding": "0px",
        "block_radius": "6px",
        "border_color_primary": "var(--line)",
        "color_accent": "var(--accent)",
        "border_color_accent": "var(--accent)",
        "color_accent_soft": "var(--wash)",
        "link_text_color": "var(--accent)",
        "input_background_fill": "var(--sheet)",
        "input_border_color": "var(--line)",
        "button_border_width": "1px",
        "checkbox_label_border_width": "1px",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_background_fill_hover": "var(--accent-deep)",
        "button_primary_text_color": "var(--on-accent)",
        "button_primary_text_color_hover": "var(--on-accent)",
        "button_primary_border_color": "var(--accent)",
        "button_secondary_background_fill": "var(--sheet)",
        "button_secondary_background_fill_hover": "var(--wash)",
        "button_secondary_text_color": "var(--ink)",
        "button_secondary_border_color": "var(--line)",
        "checkbox_background_color": "var(--sheet)",
        "checkbox_background_color_selected": "var(--accent)",
        "checkbox_border_color": "var(--quiet)",
        "checkbox_border_color_selected": "var(--accent)",
        "checkbox_label_background_fill": "var(--sheet)",
        "checkbox_label_background_fill_hover": "var(--wash)",
        "checkbox_label_background_fill_selected": "var(--wash)",
        "checkbox_label_border_color": "var(--line)",
        "checkbox_label_border_color_selected": "var(--accent)",
        "checkbox_label_text_color": "var(--ink)",
        "checkbox_label_text_color_selected": "var(--ink)",
    }
    base = gr.themes.Base(
        primary_hue=_CELADON,
        secondary_hue=_CELADON,
        neutral_hue=gr.themes.colors.stone,
        font=list(_SANS),
        font_mono=["ui-monospace", "Consolas", "monospace"],
    )
    # Every colour is a variable that changes by itself in the dark, so both modes name the same one.
    has_dark = {name for name in look if hasattr(base, f"{name}_dark")}
    return base.set(**look, **{f"{name}_dark": look[name] for name in has_dark})


THEME: Final = _theme()

_RULES: Final = """
/* The room */
body { background: var(--paper) !important; }
.gradio-container { max-width: 1360px !important; margin: 0 auto !important;
  padding: 0 clamp(14px, 3.4vw, 28px) 40px !important; overflow: visible !important; }
.gradio-container .main.app { padding: 0 !important; }
.gradio-container, .gradio-container button, .gradio-container input { line-break: strict; }
/* Han characters have other shapes in each language, and Korean is broken between words. */
:root:lang(zh), .tongues :lang(zh) { --font: system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei UI",
  "Noto Sans CJK SC", "Noto Sans SC", sans-serif; }
:root:lang(ko), .tongues :lang(ko) { --font: system-ui, -apple-system, "Segoe UI", "Apple SD Gothic Neo",
  "Malgun Gothic", "Noto Sans CJK KR", "Noto Sans KR", sans-serif; }
.tongues a { font-family: var(--font); }
:lang(ko) .gradio-container { word-break: keep-all; }
/* Where the browser knows how, long words are parted rather than pushed out. */
.gradio-container { overflow-wrap: break-word; }
:lang(de) .gradio-container :is(p, li, th, td, h2, h3, label) { hyphens: auto; hyphenate-limit-chars: 12 5 5; }
.nav-holder { display: none !important; }
.gradio-container h1, .gradio-container h2 { color: var(--ink); font-weight: 600; letter-spacing: 0; margin: 0; }
.gradio-container h2 { font-size: 1.05rem; }
.gradio-container p { margin: 0; }
.gradio-container :focus-visible, .cards label:has(:focus-visible) {
  outline: 2px solid var(--accent) !important; outline-offset: 2px; }
.masthead { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 18px; padding: 22px 0 0;
  border-bottom: 1px solid var(--line); }
.masthead h1 { font-family: "Iowan Old Style", "Palatino Linotype", Palatino, Georgia, serif; font-size: 1.75rem; }
.masthead p { color: var(--quiet); flex: 1 1 260px; }
.masthead nav { display: flex; flex-wrap: wrap; gap: 4px; }
.masthead .pages { flex: 1 0 100%; margin: 6px 0 0 -10px; }
.masthead a { color: var(--quiet); text-decoration: none; padding: 6px 10px; border-radius: 6px; }
.masthead a:hover { background: var(--wash); }
.masthead a[aria-current] { color: var(--ink); font-weight: 600; border-radius: 0;
  box-shadow: inset 0 -2px var(--accent); }
.masthead a.pressed { color: var(--ink); background: var(--wash); cursor: progress; }
#work { align-items: flex-start; gap: 32px; padding-top: 20px; }
#stage { position: sticky; top: 16px; }
/* Until it is known whether a job runs, an empty page would be a lie; but if that is never known, better than none. */
body:not(.ready) #work { visibility: hidden; animation: appear 0s 5s forwards; }
@keyframes appear { to { visibility: visible; } }

/* The art */
#drop-zone { position: relative; }
#drop { min-height: min(62vh, 560px); border: 1.5px dashed var(--quiet) !important; border-radius: 10px;
  background: var(--sheet) !important; }
#drop:hover, #drop:focus-within { border-color: var(--accent) !important; background: var(--wash) !important; }
#drop > button, #drop .upload-container { min-height: min(62vh, 560px); }
#drop [data-testid="upload-text"] { visibility: hidden; }
#drop-words { position: absolute; inset: 0; pointer-events: none; display: flex; align-items: center;
  justify-content: center; text-align: center; padding: 24px; }
#drop-words p { color: var(--quiet); }
#drop-words .drop-title { color: var(--ink); font-size: 1.35rem; font-weight: 600; padding-bottom: 6px; }
.mount { margin: 0; background: var(--mount); border-radius: 10px; padding: 20px; text-align: center; }
.mount img { display: block; margin: 0 auto; max-width: 100%; }
.mount img[style] { aspect-ratio: var(--w) / var(--h); height: auto;
  width: min(100%, calc(min(72vh, 760px) * var(--w) / var(--h)), calc(var(--w) * 1px)); }
/* How far its glaze is shows below it, without scrolling. */
#picture .mount img[style] { width: min(100%, calc(max(240px, min(100vh - 350px, 760px)) * var(--w) / var(--h)),
  calc(var(--w) * 1px)); }
.mount figcaption { color: var(--quiet); font-size: .875rem; padding-top: 12px; overflow-wrap: anywhere; }
#slider { --block-background-fill: var(--mount); }
#slider, #slider .slider-wrap { background: var(--mount); border-radius: 10px; }
#slider .icon-wrap { background: var(--accent); }
#slider .icon-wrap .icon { color: var(--on-accent); }
#slider .icon-wrap .icon.center { background: var(--on-accent); }
.flip fieldset { border: 0; padding: 0; margin: 0 0 12px; display: flex; align-items: center; gap: 8px; }
.flip legend { float: left; color: var(--quiet); padding: 0 6px 0 0; font-size: .875rem; }
.flip label { position: relative; cursor: pointer; }
.flip input { position: absolute; opacity: 0; inset: 0; cursor: pointer; }
.flip label span { display: block; padding: 7px 18px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--sheet); }
.flip input:checked + span { border-color: var(--accent); background: var(--wash); font-weight: 600; }
.flip input:focus-visible + span { outline: 2px solid var(--accent); outline-offset: 2px; }
.flip:has(input[value="before"]:checked) .after, .flip:has(input[value="after"]:checked) .before { display: none; }
.ways-to-look { display: flex; flex-wrap: wrap; align-items: center; gap: 0 24px; }
.ways-to-look > * { margin: 0 0 12px !important; }
.gradio-container .flip .ways-to-look .flicker { padding: 7px 18px; font-size: inherit; font-weight: 400;
  line-height: inherit; border: 1px solid var(--line); border-radius: 6px;
  background: var(--sheet); color: var(--ink); cursor: pointer; }
.gradio-container .flip .ways-to-look .flicker[aria-pressed="true"] { border-color: var(--accent);
  background: var(--wash); font-weight: 600; }
.flip:has(input[value="actual"]:checked) .mount { overflow: auto; max-height: 80vh; }
.flip:has(input[value="actual"]:checked) .mount img { width: calc(var(--w) * 1px); max-width: none; }
.difference:has(input[value="4"]:checked) .mount:not(.times-4), .difference:has(input[value="8"]:checked)
  .mount:not(.times-8), .difference:has(input[value="16"]:checked) .mount:not(.times-16) { display: none; }
.difference .mount img, .seen-map .mount img { max-height: min(72vh, 760px); }
.flip .hint, .seen-map .hint { padding-top: 10px; }
.legend { display: flex; align-items: center; gap: 12px; padding-top: 12px; font-size: .875rem; }
.legend .scale { flex: 1 1 120px; max-width: 320px; height: 12px; border-radius: 3px; }
.sides { display: flex; justify-content: space-between; color: var(--quiet); font-size: .875rem; padding-top: 8px; }
.rough { border-left: 3px solid var(--accent); border-radius: 4px; background: var(--wash); padding: 12px 16px; }
.progress { padding: 16px 2px 4px; }
.progress [role="progressbar"] { height: 6px; border-radius: 3px; background: var(--line); overflow: hidden; }
.progress [role="progressbar"] span { display: block; height: 100%; background: var(--accent); transition: width .6s; }
.progress p { padding-top: 10px; font-variant-numeric: tabular-nums; }
.trouble { background: var(--alarm-wash); color: var(--alarm); border-left: 3px solid var(--alarm); border-radius: 4px;
  padding: 12px 16px; overflow-wrap: anywhere; }
.toast-title { visibility: hidden; }
.hint, .status { color: var(--quiet); font-size: .875rem; line-height: 1.5; overflow-wrap: anywhere; }

.drop-zone { position: relative; }
.drop-field { min-height: 200px; border: 1.5px dashed var(--quiet) !important; border-radius: 10px;
  background: var(--sheet) !important; }
.drop-field:hover, .drop-field:focus-within { border-color: var(--accent) !important;
  background: var(--wash) !important; }
#drop:has(:focus-visible), .drop-field:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 2px; }
.drop-field > button, .drop-field .upload-container { min-height: 200px; }
.drop-field [data-testid="upload-text"] { visibility: hidden; }
.drop-over { position: absolute !important; inset: 0; pointer-events: none; display: flex; flex-direction: column;
  align-items: center;
  justify-content: center; text-align: center; padding: 24px !important; }
.drop-over p { color: var(--quiet); }
.drop-over .drop-title { color: var(--ink); font-size: 1.15rem; font-weight: 600; padding-bottom: 6px; }
.waiting { display: flex; gap: 14px; align-items: center; padding: 14px 2px; }
.waiting .turning { flex: none; display: block; width: 24px; height: 24px; border-radius: 50%; border-width: 3px;
  border-style: solid; border-color: var(--accent) var(--line) var(--line); animation: turn 1s linear infinite; }
@keyframes turn { to { transform: rotate(360deg); } }

/* The controls */
#controls { gap: 20px; }
#controls [data-testid="block-info"] { font-weight: 600; margin-bottom: 2px; }
#controls .form { background: transparent; border: 0; box-shadow: none; gap: 20px; overflow: visible; }
#actions { position: sticky; bottom: 0; z-index: 50; gap: 10px; padding: 10px 0 14px; background: var(--paper); }
/* Nothing of the last card's edge is cut off, nor of the outline of what has the focus. */
fieldset:is(.cards, .swatches) { overflow: visible !important; }
.cards .wrap { display: grid !important; grid-template-columns: 1fr; gap: 6px !important; }
.cards label { width: 100%; white-space: pre-line; line-height: 1.45; padding: 9px 12px !important;
  align-items: flex-start; font-weight: 400; box-shadow: none !important; }
.cards label span { color: var(--quiet); font-size: .875rem; font-weight: 400; }
.cards label span::first-line { color: var(--ink); font-size: .95rem; font-weight: 600; }
.cards label input { margin-top: 4px; }
#decoy { gap: 8px; }
#decoy:not(:has(#decoy-way input[value="style"]:checked)) #decoy-style,
#decoy:not(:has(#decoy-way input[value="own"]:checked)) #decoy-own, #swatches { display: none; }
#decoy-own { gap: 8px; }
.swatches .wrap { display: grid !important; grid-template-columns: repeat(auto-fill, minmax(92px, 1fr));
  gap: 8px !important; max-height: 320px; overflow-y: auto; padding: 3px; margin: 0 -3px; }
.swatches label { display: block !important; position: relative; padding: 0 !important; overflow: hidden;
  box-shadow: none !important; }
.swatches label::before { content: ""; display: block; aspect-ratio: 4 / 3;
  background: var(--mount) var(--swatch, none) center / cover; }
.swatches label span { display: block; margin: 0 !important; padding: 6px 8px; color: var(--ink); font-size: .8125rem;
  font-weight: 400; line-height: 1.35; overflow-wrap: anywhere; }
.swatches label span::first-letter { text-transform: uppercase; }
.swatches label input { position: absolute; inset: 0; width: 100%; height: 100%; opacity: 0;
  /* Reached with the keyboard, it does not stay behind the buttons. */
  scroll-margin: 12px 0 120px; }
.swatches label:has(input:checked) { outline: 2px solid var(--accent); outline-offset: -1px; }
.swatches label:has(input:checked) span { font-weight: 600; }
.swatches label:has(input:focus-visible) { outline: 3px solid var(--accent); outline-offset: 0; }
.thumbnail { display: block; max-height: 120px; max-width: 100%; border-radius: 6px; }
#begin { gap: 10px; flex-wrap: wrap; }
#begin button { flex: 1 1 auto; min-width: 0; padding: 8px 12px; word-break: keep-all; }
#begin #glaze { flex-grow: 2; }
#glaze, #preview, #cancel, #download, #inspect-button { min-height: 52px; font-size: 1.05rem; font-weight: 600; }
/* Under a glaze the download is the main thing; what stands below it is quieter, and stays on one line. */
#begin:has(#glaze.secondary) { gap: 8px; }
#begin:has(#glaze.secondary) button { min-height: 44px; padding: 8px; font-size: .95rem; }
#download { display: flex; align-items: center; justify-content: center; text-align: center; padding: 8px 16px;
  border-radius: var(--button-large-radius); background: var(--accent); color: var(--on-accent);
  text-decoration: none; }
#download:hover { background: var(--accent-deep); }
.where { color: var(--quiet); font-size: .875rem; padding-top: 10px; overflow-wrap: anywhere; }
.inspect .pair { gap: 24px; }
#work.inspect .pair h2 { font-size: 1.05rem; }
.inspect #seed input, .inspect #style .wrap { border: 1px solid var(--line); border-radius: 4px; }
.inspect #style .wrap { min-height: 42px; box-shadow: none; }
.inspect .form { background: transparent; border: 0; box-shadow: none; gap: 14px 24px; }
.inspect .mount img[style] { width: min(100%, calc(300px * var(--w) / var(--h)), calc(var(--w) * 1px)); }

/* What came of it */
.result { display: grid; grid-template-columns: minmax(0, 8fr) minmax(0, 5fr); gap: 40px 56px; padding-top: 28px;
  margin-top: 12px; border-top: 1px solid var(--line); }
.result .seen, .result .notes, .result .verdict, .result > .hint { grid-column: 1 / -1; }
.told .advice, .result .verdict { border-left: 3px solid var(--accent); border-radius: 4px; background: var(--wash);
  padding: 12px 16px; margin-top: 14px; }
.result .verdict { font-size: 1.05rem; }
.told .advice { margin-top: 10px; }
.gradio-container .told h2 { font-size: 1.05rem; margin: 0 0 4px; }
.told p { max-width: 74ch; line-height: 1.6; }
.result section { min-width: 0; }
.result h2 { font-size: 1.2rem; padding-bottom: 6px; }
.result p { max-width: 74ch; line-height: 1.6; }
.result ul { list-style: none; margin: 0; padding: 0; }
.result li { display: grid; grid-template-columns: 1fr auto; gap: 4px 16px; align-items: baseline; padding: 8px 0; }
.result li .way, .result li .line { grid-column: 1 / -1; grid-row: 2; }
.result li .figure { text-align: right; font-variant-numeric: tabular-nums; }
.result .ways li { grid-template-columns: 12rem 1fr 4rem; align-items: center; }
.result .ways li .line, .result .ways li .way { grid-column: 2; grid-row: 1; }
.seen .row { display: grid; grid-template-columns: repeat(3, 1fr); gap: 16px; padding-top: 14px; }
.seen .mount { padding: 10px; }
.seen .mount img { width: 100%; max-height: 420px; object-fit: contain; }
.summary { font-size: 1.05rem; }
.ways { padding: 14px 0 6px; }
.result .ends { display: flex; justify-content: space-between; max-width: none; color: var(--quiet);
  font-size: .8125rem; padding: 0 calc(4rem + 16px) 0 calc(12rem + 16px); }
.way { display: block; height: 8px; border-radius: 4px; background: var(--line); overflow: hidden; }
.way span { display: block; height: 100%; border-radius: 4px; background: var(--accent); }
.line { width: 100%; height: 16px; overflow: visible; }
.line line { stroke: var(--line); stroke-width: 4; stroke-linecap: round; }
.line .gone { stroke: var(--accent); }
.mark { fill: var(--accent); stroke: var(--sheet); stroke-width: 2; }
.ghost { fill: none; stroke: var(--accent); stroke-width: 1.5; opacity: .7; }
.result .key { display: inline-block; width: 14px; height: 14px; vertical-align: -2px; }
.result .marks { display: flex; flex-wrap: wrap; gap: 4px 24px; color: var(--quiet); font-size: .8125rem; }
.scroll { overflow-x: auto; margin: 10px 0; container-type: inline-size; }
.distance table, .distance tr { border: 0; }
.distance table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; min-width: 640px; }
.distance caption { text-align: left; color: var(--quiet); font-size: .875rem; padding-bottom: 8px; }
/* Read without scrolling, however far the table goes on to the right. */
.scroll caption span { display: block; max-width: 100cqw; }
.distance th, .distance td { border: 0; border-bottom: 1px solid var(--line); padding: 8px 7px; text-align: right;
  color: var(--ink); }
.distance th[scope="row"], .distance thead th:first-child { text-align: left; white-space: nowrap; }
.distance thead th { color: var(--quiet); font-weight: 400; vertical-align: bottom; word-break: keep-all; }
.distance td { background: color-mix(in srgb, var(--accent) calc(var(--shade) * 45%), transparent); }
.distance .all th, .distance .all td { font-weight: 600; }
.inspect .visibility .mount { margin-top: 14px; padding: 10px; }
.inspect .visibility .mount img { max-height: 320px; }
table.outlasts { width: 100%; min-width: 0; margin: 14px 0; }
.distance table.outlasts th, .outlasts td { white-space: normal; overflow-wrap: anywhere; }
.outlasts .kept td:last-child { color: var(--accent); font-weight: 600; }
.outlasts .lost td { color: var(--quiet); }
.fine { color: var(--quiet); font-size: .875rem; }
.notes li { display: list-item; list-style: disc inside; }
/* The portfolio */
#portfolio { gap: 16px; }
#portfolio #drop, #portfolio #drop :is(.upload-container, .wrap) { min-height: 150px; }
#by-path { align-items: flex-end; gap: 8px 12px; }
#by-path .form { background: transparent; border: 0; box-shadow: none; }
#by-path [data-testid="block-info"] { font-weight: 600; margin-bottom: 2px; }
#add { min-height: 42px; flex: 0 1 auto; }
#whole { flex-wrap: wrap; gap: 8px; }
#whole button { flex: 0 1 auto; }
/* A long list goes by beside its settings; with room for the outline of what has the focus. */
#portfolio + #controls { position: sticky; top: 0; max-height: 100vh; overflow-y: auto; flex-wrap: nowrap;
  padding: 16px 6px; margin: -16px -6px 0; gap: 16px; scrollbar-width: thin; scroll-padding-bottom: 130px; }
#portfolio + #controls .form { gap: 16px; }
#portfolio + #controls .cards .wrap { gap: 4px !important; }
#portfolio + #controls .cards label { padding: 5px 12px !important; line-height: 1.4; }
/* Nothing scrolls in what scrolls. */
#portfolio + #controls .swatches .wrap { gap: 8px !important; max-height: none; }
#change { gap: 8px; position: sticky; bottom: -16px; z-index: 50; margin: 0 -6px; padding: 10px 6px 14px;
  width: auto; background: var(--paper); border-top: 1px solid var(--line); }
#portfolio + #controls > * { flex-shrink: 0; }
.gradio-container .jump { display: none; }
/* In shares that leave room for a long name, whatever stands in the other columns. */
.queue { width: 100%; table-layout: fixed; border-collapse: collapse; border: 0; }
.queue thead th:first-child { width: 37%; }
.queue thead th:nth-child(2), .queue thead th:nth-child(3) { width: 21%; }
.queue caption { text-align: left; color: var(--quiet); font-size: .875rem; padding-bottom: 8px; }
.queue tr { border: 0; border-bottom: 1px solid var(--line) !important; }
.queue th, .queue td { border: 0; padding: 10px 12px 10px 0; text-align: left;
  vertical-align: middle; color: var(--ink); font-weight: 400; overflow-wrap: anywhere; }
.queue thead th { color: var(--quiet); font-size: .875rem; }
.queue tbody th > div { display: flex; gap: 12px; align-items: center; }
.queue tbody th > div > span { min-width: 0; }
.queue .small { flex: 0 0 72px; height: 72px; display: flex; align-items: center; justify-content: center;
  background: var(--mount); border-radius: 6px; overflow: hidden; }
.queue .small img { max-width: 72px; max-height: 72px; margin: 0; }
.queue .name { display: block; font-weight: 600; }
.queue .chosen, .queue .time, .queue .where, .queue .why { display: block; color: var(--quiet); font-size: .875rem; }
.queue .where { padding: 0; }
.queue .why { color: var(--alarm); }
.queue .moved { display: block; font-size: .875rem; }
.queue a, #zip-link { color: var(--accent); padding: 0; }
#folder textarea, #folder input { border: 1px solid var(--line); border-radius: 6px; }
.queue .deeds button { border: 1px solid var(--line); border-radius: 6px; background: var(--sheet); color: var(--ink);
  padding: 6px 12px; margin: 3px 6px 3px 0; cursor: pointer; font-size: .8125rem; font-weight: 400; }
.queue .deeds button:hover { background: var(--wash); }
.queue .deeds button.pressed { opacity: .55; cursor: progress; }

.colophon { border-top: 1px solid var(--line); margin-top: 44px; padding: 18px 0 0; color: var(--quiet);
  font-size: .875rem; line-height: 1.7; }
.colophon strong { color: var(--ink); font-weight: 600; }
.colophon a { color: var(--accent); padding: 0; }

/* Pages that are read more than operated */
.sheet { padding-top: 26px; gap: 24px; }
body:not(.ready) .sheet { visibility: hidden; animation: appear 0s 5s forwards; }
.sheet h2 { font-size: 1.45rem; }
.sheet h3 { color: var(--ink); font-size: 1.05rem; font-weight: 600; margin: 0; }
.sheet p { line-height: 1.6; max-width: 68ch; }
.sheet p a, .sheet li a { color: var(--accent); padding: 0; }
.verdict { font-size: 1.15rem; padding-top: 8px; }
.elsewhere { background: var(--wash); border-radius: 10px; padding: 18px 22px; margin-top: 20px; max-width: 860px; }
.elsewhere p { padding-top: 6px; overflow-wrap: anywhere; }
.onward { display: flex; flex-wrap: wrap; align-items: center; gap: 10px 18px; }
.sheet a.go { display: inline-flex; align-items: center; min-height: 48px; padding: 6px 26px; font-weight: 600;
  border-radius: var(--button-large-radius); background: var(--accent); color: var(--on-accent);
  text-decoration: none; }
.sheet a.go:hover { background: var(--accent-deep); }
.onward span { color: var(--quiet); }
.plain { width: 100%; border-collapse: collapse; border: 0; }
.plain tr { border: 0; background: transparent !important; }
.plain caption { text-align: left; color: var(--ink); font-size: 1.05rem; font-weight: 600; padding-bottom: 8px; }
.plain th, .plain td { border: 0; border-bottom: 1px solid var(--line); padding: 11px 0; text-align: left;
  vertical-align: baseline; color: var(--ink); font-weight: 400; overflow-wrap: anywhere; line-height: 1.5; }
.plain td, .plain thead th + th { padding-left: 24px; }
.plain thead th { color: var(--quiet); font-size: .875rem; padding-top: 0; }
.plain .info { display: block; color: var(--quiet); font-size: .875rem; }
.found th { color: var(--quiet); width: 38%; }
.times td, .times thead th + th, .places td:last-child, .places th:last-child { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.networks td { white-space: nowrap; text-align: right; }
.networks thead th + th { text-align: right; }
.places tbody th { width: 38%; }
.place { font-family: ui-monospace, Consolas, monospace; font-size: .85rem; background: transparent; padding: 0;
  user-select: all; overflow-wrap: anywhere; color: inherit; }
.facts { gap: 28px 64px; align-items: flex-start; padding-top: 10px; }
.beside { align-items: center; gap: 8px 18px; }
.section { border-top: 1px solid var(--line); padding: 24px 0 6px; gap: 14px 64px; align-items: flex-start; }
.section h3 + .hint { padding-top: 6px; }
.section .choose { gap: 14px; }
.section .plain caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.section .plain { position: relative; }
.choices { gap: 8px; }
.section .choices button { flex: 0 1 auto; }
.section .choices .primary { background: var(--wash); border-color: var(--accent); color: var(--ink); }
.section input[type="text"], .section textarea { border: 1px solid var(--quiet); border-radius: 6px; }
.section .form { background: transparent; border: 0; box-shadow: none; gap: 18px; overflow: visible; }
.section [data-testid="block-info"] { font-weight: 600; margin-bottom: 2px; }
.sheet .prose { margin: 0; padding: 0; list-style: none; }
.sheet .prose li, .sheet .prose p { padding-bottom: 10px; line-height: 1.6; max-width: 68ch; }
.sheet ul.prose li { padding-left: 18px; position: relative; }
.sheet ul.prose li::before { content: "\\2013"; position: absolute; left: 0; color: var(--quiet); }

@media (max-width: 1100px) {
  .result { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 900px) {
  .places thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .places tr { display: grid; grid-template-columns: 1fr auto; border-bottom: 1px solid var(--line) !important;
    padding: 10px 0; gap: 4px 16px; }
  .places tbody th, .places td { width: auto; border: 0; padding: 0; }
  .places td:nth-child(2) { grid-column: 1 / -1; grid-row: 2; }
  #work { gap: 24px; }
  #stage { position: static; }
}
@media (max-width: 1100px) {
  .queue thead { display: none; }
  .queue, .queue tbody, .queue tr, .queue td, .queue caption { display: block; }
  .queue tr { padding: 12px 0; border-bottom: 1px solid var(--line); }
  .queue th, .queue td { border: 0; padding: 4px 0; }
}
@media (max-width: 700px) {
  #portfolio + #controls { position: static; max-height: none; }
  #portfolio + #controls .swatches .wrap { max-height: 320px; }
  #change { position: static; }
  .jump { display: flex !important; }
}
@media (max-width: 620px) {
  #drop, #drop > button, #drop .upload-container { min-height: 260px; }
  .mount { padding: 10px; border-radius: 8px; }
  #compare .tab-container button { padding: 6px 8px; font-size: .875rem; }
  #compare .tab-container:not(.visually-hidden) { min-width: 0; overflow-x: auto; }
  /* However long the names of its tabs are, it is as wide as the page. */
  #compare { contain: inline-size; }
  .masthead { padding-top: 14px; }
  .sheet { padding-top: 18px; }
  .elsewhere { padding: 14px 16px; }
  .beside { flex-direction: column; align-items: flex-start; }
  .seen .row { grid-template-columns: 1fr; }
  .result .ways li { grid-template-columns: 1fr auto; }
  .result .ways li .line, .result .ways li .way { grid-column: 1 / -1; grid-row: 2; }
  .result .ends { padding: 0; }
}
@media (prefers-reduced-motion: reduce) {
  * { transition: none !important; animation-duration: .01ms !important; }
}
"""

CSS: Final = f":root {{{LIGHT}}}\n.dark {{{DARK}}}\n{_RULES}"
