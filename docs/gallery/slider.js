// Makes a slider of every element of class "compare" that holds two pictures, before and after. The words for it stand
// in its attributes: data-label says what the slider does, data-before and data-after name the sides.
(() => {
  const ready = (area) => {
    const [before, after] = area.querySelectorAll("img");
    if (!after || area.classList.contains("ready")) return;
    const { label, before: left, after: right } = area.dataset;
    const range = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 100, value: 50 });
    range.setAttribute("aria-label", label);
    const bar = Object.assign(document.createElement("span"), { className: "bar" });
    const sides = [[left, "before"], [right, "after"]].map(([text, side]) => {
      const tag = Object.assign(document.createElement("span"), { className: `side ${side}`, textContent: text });
      tag.setAttribute("aria-hidden", "true");
      return tag;
    });
    const move = () => {
      area.style.setProperty("--at", `${range.value}%`);
      range.setAttribute("aria-valuetext", `${left} ${range.value} %, ${right} ${100 - range.value} %`);
      sides[0].hidden = range.value < 12;
      sides[1].hidden = range.value > 88;
    };
    range.addEventListener("input", move);
    area.replaceChildren(before, after, range, bar, ...sides);
    area.classList.add("ready");
    move();
  };
  const all = () => document.querySelectorAll(".compare").forEach(ready);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
})();
