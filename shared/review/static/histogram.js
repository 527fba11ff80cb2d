// How many pictures have which scores, as small bars beside the orders; each leads to its pictures.

import { button, element, many } from "./dom.js";

const TALLEST = 30; // pixels

export class Histogram {
  /** `go(number)` shows the picture with this number. */
  constructor(go) {
    this.go = go;
    this.bins = [];
    this.box = element("div", { class: "histogram", role: "group", "aria-label": "scores" });
  }

  /** Draw the bins of a list, the lowest scores left; a list without bins has none. */
  show(bins, threshold) {
    this.box.hidden = !bins?.length;
    this.bins = (bins ?? []).toSorted((one, other) => one.low - other.low);
    const most = Math.log1p(Math.max(1, ...this.bins.map(({ pictures }) => pictures)));
    this.box.replaceChildren(
      ...this.bins.map(({ low, high, pictures, start }) => {
        const words = `${low.toFixed(2)} to ${high.toFixed(2)}: ${many(pictures, "picture")}`;
        const isAbove = threshold !== null && high > threshold;
        const bar = element("span", {});
        // By the logarithm, as in the pages of results: a few pictures among a million are seen too.
        bar.style.height = `${(Math.log1p(pictures) / most) * TALLEST}px`;
        return button([bar], () => pictures && this.go(start), {
          class: isAbove ? "above" : null,
          title: words,
          "aria-label": words,
        });
      }),
    );
  }

  /** Mark where in the list one is. */
  tell(number) {
    this.bins.forEach(({ start, end }, index) => {
      const bar = this.box.children[index];
      if (start <= number && number < end) bar.setAttribute("aria-current", "true");
      else bar.removeAttribute("aria-current");
    });
  }

  /** The first picture of the bin before or after the one with this number; null where there is none. */
  next(number, step) {
    const starts = this.bins
      .filter(({ pictures }) => pictures)
      .map(({ start }) => start)
      .sort((one, other) => one - other);
    return (
      (step > 0 ? starts.find((start) => start > number) : starts.findLast((start) => start < number)) ?? null
    );
  }
}
