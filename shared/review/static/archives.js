// Archives with the shares of their tags; each share leads to its pictures.

import { get } from "./api.js";
import { bar, button, count, element, focusOn, many } from "./dom.js";
import { hints, keysButton } from "./keys.js";
import { searchForm } from "./search.js";

const PAGE = 100;

export class Archives {
  constructor({ failed, route, showKeys }) {
    this.failed = failed;
    this.tag = route.get("tag");
    this.order = route.get("order") ?? (this.tag ? "share" : "name");
    this.next = undefined;
    this.list = element("ul", { class: "archives" });
    this.more = button("More archives", () => this.#page(), { hidden: true });
    this.pick = element(
      "select",
      {
        "aria-label": "tag",
        onchange: () => this.#go({ tag: this.pick.value, order: this.pick.value ? "share" : "name" }),
      },
      element("option", { value: "" }, "all tags"),
    );
    this.sort = element(
      "select",
      { "aria-label": "order", onchange: () => this.#go({ order: this.sort.value }) },
      [
        ["share", "highest share first"],
        ["name", "by name"],
      ].map(([value, words]) => element("option", { value, selected: value === this.order }, words)),
    );
    this.top = [
      element(
        "div",
        { class: "line" },
        element("a", { href: "#/" }, "‹ Tags"),
        element("h1", {}, "Archives"),
        this.pick,
        this.sort,
        element("span", { class: "push" }),
        searchForm(null),
        keysButton(showKeys),
      ),
    ];
    this.main = [element("div", { class: "board" }, this.list, this.more)];
    this.acts = [hints("another archive")];
    this.seen = new IntersectionObserver(([entry]) => entry.isIntersecting && this.#page());
  }

  async start() {
    document.title = "Archives · Review";
    const { tags } = await get("/api/board");
    this.pick.append(
      ...tags.map(({ id, name }) =>
        element("option", { value: id, selected: String(id) === this.tag }, name),
      ),
    );
    await this.#page();
    this.seen.observe(this.more);
    focusOn(this.list.querySelector("a"));
  }

  leave() {
    this.seen.disconnect();
  }

  pressed(key) {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[key];
    if (!step) return false;
    const links = [...this.list.querySelectorAll("a")];
    links[Math.max(0, Math.min(links.indexOf(document.activeElement) + step, links.length - 1))]?.focus();
    return true;
  }

  #go(changes) {
    const asked = new URLSearchParams(
      Object.entries({ tag: this.tag ?? "", order: this.order, ...changes }).filter(([, value]) => value),
    );
    location.hash = `#/archives?${asked}`;
  }

  async #page() {
    if (this.next === null || this.isFetching) return;
    this.isFetching = true;
    try {
      const found = await get("/api/archives", {
        tag: this.tag,
        order: this.order,
        after: this.next,
        limit: PAGE,
      });
      this.next = found.next ?? null;
      this.list.append(...found.archives.map((one) => this.#archive(one)));
      this.more.hidden = this.next === null;
      if (!this.list.children.length)
        this.list.append(element("li", { class: "empty" }, "There are no archives."));
    } catch (error) {
      this.failed(error.message);
    }
    this.isFetching = false;
  }

  #archive({ id, name, pictures, tags }) {
    const asked = (tag) => String(tag.id) === this.tag;
    const shares = tags
      .toSorted((one, other) => asked(other) - asked(one))
      .map((tag) =>
        element(
          "a",
          {
            class: asked(tag) ? "share asked" : "share",
            href: `#/tags/${tag.id}?order=highest&archive=${id}`,
          },
          element("span", {}, tag.name),
          bar(0, tag.share),
          element("span", { class: "soft" }, `${Math.round(tag.share * 100)}% · ${count(tag.decided)}`),
        ),
      );
    return element(
      "li",
      {},
      element("h2", {}, name),
      element("p", { class: "soft" }, many(pictures, "picture")),
      element(
        "div",
        { class: "shares" },
        shares.length ? shares : element("span", { class: "soft" }, "nothing is decided in it"),
      ),
    );
  }
}
