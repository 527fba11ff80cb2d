// The board: every tag, what it needs next, and a way to a new one.

import { get, post } from "./api.js";
import { count, element, focusOn, many, precision } from "./dom.js";
import { hints, keysButton } from "./keys.js";
import { set, setting } from "./memory.js";
import { searchForm } from "./search.js";

const BY_NAME = "by name";
const SORTS = {
  [BY_NAME]: () => 0, // as they come
  "most worth an answer": (one, other) => other.worth - one.worth,
  "least precise": (one, other) =>
    (one.average_precision?.value ?? -1) - (other.average_precision?.value ?? -1),
};

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
      placeholder: "name of a new tag",
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
    this.sort = element(
      "select",
      { "aria-label": "order of the tags", onchange: () => this.#sorted() },
      Object.keys(SORTS).map((name) =>
        element("option", { selected: name === setting("tags", BY_NAME) }, name),
      ),
    );
    this.go = element("a", { class: "go", hidden: true });
    const above = element("div", { class: "over-list" }, this.go, this.sort, make);
    this.main = [element("div", { class: "board" }, this.notes, above, this.list)];
    this.acts = [hints("another tag")];
  }

  async start() {
    const { tags, archives, pictures, reviewer } = await get("/api/board");
    document.title = "Review";
    this.facts.replaceChildren(`${many(pictures, "picture")} in ${many(archives, "archive")}`);
    const others = (reviewer?.others ?? []).map((other) => `${other} reviews these pictures too.`);
    this.notes.replaceChildren(...others.map((words) => element("p", { class: "note" }, words)));
    this.tags = tags;
    this.#tellLast();
    this.#list();
    const first = this.go.hidden ? this.list.querySelector("a") : this.go;
    focusOn(first ?? this.name);
  }

  /** Where one was, by the tag's name: its number may be another one since. */
  #tellLast() {
    const last = setting("last", null);
    const tag = last && this.tags.find(({ name }) => name === last.name);
    this.go.hidden = !tag;
    if (!tag) return;
    this.go.href = last.address.replace(/^#\/tags\/\d+/, `#/tags/${tag.id}`);
    this.go.replaceChildren("Go on with ", element("strong", {}, tag.name));
  }

  #list() {
    const items = this.tags.toSorted(SORTS[this.sort.value]).map((one) => this.#tag(one));
    const words = "There are no tags yet. Name one above; then choose pictures for it.";
    this.list.replaceChildren(...(items.length ? items : [element("li", { class: "empty" }, words)]));
  }

  #sorted() {
    set("tags", this.sort.value);
    this.#list();
  }

  leave() {}

  pressed(key) {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[key];
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
