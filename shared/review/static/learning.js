// Learning: what is going on, and the figures before and after side by side.

import { get, post } from "./api.js";
import { button, count, element, precision } from "./dom.js";

const PAUSE = 200; // milliseconds between two questions how far it is

export class Learning {
  /** `ordered()`: a new order is there; `learnt()`: all of it; `said(words)`, `failed(words)`. */
  constructor({ ordered, learnt, said, failed }) {
    Object.assign(this, { ordered, learnt, said, failed });
    this.box = element("section", { class: "learning", "aria-label": "learning", hidden: true });
    this.isRunning = false;
    this.isOver = false;
  }

  leave() {
    this.isOver = true;
  }

  /** Learn a tag, unless the server says why not; all answers are saved by now. */
  async run(tag) {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      const { learning } = await post(`/api/tags/${tag}/learn`);
      this.said("Learning");
      this.#show("Learning …", null);
      await this.#follow(learning);
    } catch (error) {
      this.#close();
      this.said("");
      this.failed(error.message);
    }
    this.isRunning = false;
  }

  async #follow(learning) {
    let isOrdered = false;
    while (!this.isOver) {
      const told = await get(`/api/learnings/${learning}`);
      if (told.state === "failed") throw new Error(told.error);
      if (!isOrdered && told.state !== "training") await this.ordered();
      isOrdered = told.state !== "training";
      if (told.state === "done") return this.#tell(told);
      this.#show(
        isOrdered ? "The new order is here. Files and reports follow …" : "Learning …",
        told.seconds,
      );
      await new Promise((go) => setTimeout(go, PAUSE));
    }
  }

  #show(words, seconds) {
    this.box.hidden = false;
    this.box.replaceChildren(
      element(
        "p",
        {},
        words,
        " ",
        seconds === null ? null : element("span", { class: "soft" }, `${seconds.toFixed(1)} s`),
      ),
      element("progress", { "aria-label": "learning" }),
    );
  }

  #tell({ seconds, before, after }) {
    this.learnt();
    const rows = [
      ["average precision", precision(before?.average_precision), precision(after?.average_precision)],
      ["measured on", measuredOn(before?.average_precision), measuredOn(after?.average_precision)],
      [
        "decided",
        ...[before, after].map((one) => ((one?.decided ?? null) === null ? "–" : count(one.decided))),
      ],
    ];
    this.box.replaceChildren(
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            element("td", {}),
            element("th", { scope: "col" }, "before"),
            element("th", { scope: "col" }, "after"),
          ),
        ),
        element(
          "tbody",
          {},
          rows.map(([name, was, is]) =>
            element(
              "tr",
              {},
              element("th", { scope: "row" }, name),
              element("td", {}, was),
              element("td", {}, is),
            ),
          ),
        ),
      ),
      element(
        "p",
        { class: "soft" },
        `Learnt in ${seconds.toFixed(1)} s. Hard pictures among new answers can lower the figure.`,
      ),
      button("Close", () => this.#close(), { class: "close" }),
    );
    const [was, is] = [before, after].map(
      (one) => one?.average_precision?.value.toFixed(3) ?? "not measured",
    );
    this.said(after?.average_precision ? `Learnt: ${was} before, ${is} after` : "Learnt, and ordered anew");
  }

  /** Take the figures away, once all is learnt. */
  close() {
    if (!this.isRunning) this.#close();
  }

  #close() {
    this.box.hidden = true;
    this.box.replaceChildren();
  }
}

/** Each figure is of the answers of its time, so that it says of how many. */
function measuredOn(figure) {
  if (!figure) return "–";
  const { with_it: yes, without_it: no } = figure;
  return `${count(yes)} yes${no === null ? "" : `, ${count(no)} no`}`;
}
