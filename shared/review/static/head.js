// The head of a page of pictures: the tag with its counts, what is looked at, and what can be done with it.

import { button, count, element, key } from "./dom.js";
import { keysButton } from "./keys.js";
import { searchForm } from "./search.js";

export class Head {
  /** `tag` is its number or null; `acts`: what the buttons do: `turn`, `learn`, `tagFrom`, `back`, `showKeys`. */
  constructor(tag, acts) {
    this.tag = tag;
    this.acts = acts;
    this.title = element("h1", {});
    this.facts = element("p", { class: "facts-of-tag" });
    this.search = searchForm(tag);
    this.search.classList.toggle("of-tag", tag !== null);
    this.mode = button([], acts.turn, { class: "quiet" });
    this.learn = button([], acts.learn, { hidden: tag === null });
    const back = element("a", { href: "#/" }, "‹ Tags");
    const push = element("span", { class: "push" });
    this.line = element(
      "div",
      { class: "line" },
      back,
      this.title,
      this.facts,
      push,
      this.search,
      this.mode,
      keysButton(acts.showKeys),
      this.learn,
    );
    this.tagFrom = button("A tag from the chosen", acts.tagFrom);
    this.what = element("div", { class: "line what" });
  }

  /** Tell of a tag, as the board knows it. */
  tell({ name, yes, no, skipped, worth, lacks }) {
    document.title = `${name} · Review`;
    this.title.replaceChildren(name);
    this.facts.replaceChildren(
      element("b", { class: "yes" }, count(yes)),
      " yes · ",
      element("b", { class: "no" }, count(no)),
      " no",
      skipped ? ` · ${count(skipped)} skipped` : "",
      worth
        ? element("span", { class: "worth" }, " · ", element("b", {}, count(worth)), " more worth an answer")
        : "",
    );
    const words = lacks ? [lacks, element("span", { class: "long" }, " to learn"), " "] : ["Learn "];
    this.learn.replaceChildren(...words, key("t"));
    this.learn.className = lacks ? "lacking" : "main";
    this.learn.setAttribute("aria-disabled", String(lacks !== null));
  }

  /** Say what is looked at, where that is no order of a tag. */
  show(address) {
    const { find, alike } = address;
    const { text } = this.search.elements;
    if (document.activeElement !== text) text.value = find ?? ""; // somebody may be typing
    if (this.tag === null) {
      document.title = "Search · Review";
      this.title.replaceChildren(alike ? "More like this" : "Search");
    }
    this.what.hidden = !find && !alike;
    if (this.what.hidden) return;
    const words = alike
      ? ["More like ", element("img", { src: `/thumbnails/${alike}/256`, alt: "this picture" })]
      : [`Found by “${find}”`];
    const back = this.tag === null ? [] : [button("Back to the tag", this.acts.back)];
    this.what.replaceChildren(
      element("p", {}, words),
      this.tagFrom,
      ...back,
    );
  }

  /** Say what the other way of looking is. */
  turned(isLarge) {
    this.mode.replaceChildren(isLarge ? "Grid " : "One by one ", key("o"));
  }
}
