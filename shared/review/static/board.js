// The board: every tag, what it needs next, and a way to a new one.

import { get, post } from "./api.js";
import { count, element, many, precision } from "./dom.js";
import { hints, keysButton } from "./keys.js";
import { setting } from "./memory.js";
import { searchForm } from "./search.js";

export class Board {
  constructor({ failed, showKeys }) {
    this.failed = failed;
    this.list = element("ul", { class: "tags" });
    this.notes = element("div", { class: "notes" });
    this.name = element("input", {
      name: "name",
      required: true,
      autocomplete: "off",
      maxlength: "200",
      placeholder: "name",
      "aria-label": "name of a new tag",
    });
    const make = element(
      "form",
      { class: "inline", onsubmit: (event) => this.#make(event) },
      this.name,
      element("button", {}, "New tag"),
    );
    this.facts = element("p", { class: "soft" });
    this.top = [
      element(
        "div",
        { class: "line" },
        element("h1", {}, "Tags"),
        this.facts,
        element(
          "nav",
          { class: "push", "aria-label": "pages" },
          element("a", { href: "#/archives" }, "Archives"),
        ),
        searchForm(null),
        keysButton(showKeys),
      ),
    ];
    this.main = [element("div", { class: "board" }, this.notes, this.list, make)];
    this.acts = [hints("another tag")];
  }

  async start() {
    const { tags, archives, pictures, reviewer } = await get("/api/board");
    document.title = "Review";
    this.facts.replaceChildren(`${many(pictures, "picture")} in ${many(archives, "archive")}`);
    const last = setting("last", null);
    const tag = last && tags.find((one) => one.id === last.tag && one.name === last.name);
    this.notes.replaceChildren(
      ...[
        ...(reviewer?.others ?? []).map((other) =>
          element("p", { class: "note" }, `${other} reviews these pictures too.`),
        ),
        tag &&
          element(
            "p",
            {},
            element("a", { class: "go", href: last.address }, "Go on with ", element("strong", {}, tag.name)),
          ),
      ].filter(Boolean),
    );
    this.list.replaceChildren(...tags.map((one) => this.#tag(one)));
    if (!tags.length)
      this.list.replaceChildren(
        element(
          "li",
          { class: "empty" },
          "There are no tags yet. Name one below; then choose pictures for it.",
        ),
      );
    (this.notes.querySelector("a") ?? this.list.querySelector("a") ?? this.name).focus();
  }

  leave() {}

  keydown({ key: pressed }) {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[pressed];
    if (!step) return false;
    const links = [...this.main[0].querySelectorAll("a")];
    const here = links.indexOf(document.activeElement);
    links[Math.max(0, Math.min(here + step, links.length - 1))]?.focus();
    return true;
  }

  #tag(tag) {
    const { id, name, yes, no, skipped, decided, worth, needs } = tag;
    return element(
      "li",
      {},
      element("a", { class: "name", href: `#/tags/${id}` }, name),
      element("p", { class: "needs" }, needs),
      element(
        "div",
        { class: "counts" },
        element("span", {}, element("b", { class: "yes" }, count(yes)), " yes"),
        element("span", {}, element("b", { class: "no" }, count(no)), " no"),
        skipped ? element("span", {}, element("b", {}, count(skipped)), " skipped") : null,
        element("span", {}, element("b", {}, count(decided ?? 0)), " decided"),
      ),
      element(
        "div",
        { class: "quality" },
        element("span", { class: "soft" }, "average precision"),
        precision(tag.average_precision),
      ),
      element("div", { class: "worth" }, worth ? [element("b", {}, count(worth)), " worth an answer"] : null),
    );
  }

  async #make(event) {
    event.preventDefault();
    try {
      const tag = await post("/api/tags", { name: this.name.value.trim() });
      location.hash = `#/tags/${tag.id}`;
    } catch (error) {
      this.failed(error.message);
    }
  }
}
