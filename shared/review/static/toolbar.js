// What is shown and in which order: the six orders and the filters, as the address tells them.

import { button, element, key } from "./dom.js";
import { ANSWERED, ORDERS, WHERE } from "./orders.js";

export class Toolbar {
  /** `go(changes)` changes the address; null takes a thing out of it. `resize(steps)` makes pictures larger,
   *  `anew()` asks for the list anew. */
  constructor(go, resize, anew, histogram) {
    this.go = go;
    this.orders = element(
      "div",
      { class: "orders", role: "group", "aria-label": "order" },
      ORDERS.map(([order, name, title], index) =>
        button(name, () => go({ order, find: null, like: null }), {
          "data-order": order,
          title: `${title} (${index + 1})`,
        }),
      ),
    );
    this.hint = element(
      "span",
      { class: "soft hint" },
      element("span", { class: "long" }, "Not learnt yet: "),
      "say yes to some, then ask for",
      button(["more like them ", key("r")], anew, { class: "quiet" }),
    );
    this.toggle = button(["Filters ", key("f")], () => this.turn(), {
      class: "quiet",
      "aria-expanded": "false",
      "aria-controls": "filters",
    });
    this.chips = element("span", { class: "chips" });
    this.form = element(
      "form",
      {
        id: "filters",
        class: "filters",
        hidden: true,
        onchange: () => this.#changed(),
        onsubmit: (event) => (event.preventDefault(), this.#changed()),
      },
      this.#number("min_score", "score from"),
      this.#number("max_score", "to"),
      this.#choice("answered", ANSWERED),
      this.#choice("where", WHERE),
      element("label", {}, "name or archive ", element("input", { name: "text", autocomplete: "off" })),
    );
    this.sizes = element(
      "span",
      { class: "sizes", role: "group", "aria-label": "size of the pictures" },
      button("−", () => resize(-1), { class: "quiet", "aria-label": "smaller pictures" }),
      button("+", () => resize(1), { class: "quiet", "aria-label": "larger pictures" }),
    );
    this.place = element("span", { class: "push soft place" });
    this.line = element(
      "div",
      { class: "line tools" },
      this.orders,
      this.hint,
      this.toggle,
      this.chips,
      this.place,
      histogram,
      this.sizes,
    );
  }

  #number(name, words) {
    return element(
      "label",
      {},
      `${words} `,
      element("input", { name, type: "number", min: "0", max: "1", step: "any", inputmode: "decimal" }),
    );
  }

  #choice(name, options) {
    return element(
      "select",
      { name, "aria-label": name },
      options.map(([value, words]) => element("option", { value }, words)),
    );
  }

  turn() {
    this.form.hidden = !this.form.hidden;
    this.toggle.setAttribute("aria-expanded", String(!this.form.hidden));
    if (!this.form.hidden) this.form.elements[0].focus();
  }

  /** Show what the address says; `archive` is the name of the one that is filtered by. Without a
   *  classifier there are no orders. */
  show(address, archive, hasOrders) {
    this.orders.hidden = !hasOrders;
    this.hint.hidden = hasOrders || !address.isOrdered;
    this.toggle.hidden = this.chips.hidden = !address.isOrdered;
    this.form.hidden ||= !address.isOrdered;
    for (const one of this.orders.children)
      one.setAttribute("aria-pressed", String(address.isOrdered && one.dataset.order === address.order));
    const { filters } = address;
    for (const field of this.form.elements)
      if (field.name && field !== document.activeElement) field.value = filters[field.name] ?? "";
    this.chips.replaceChildren(
      ...Object.entries(filters).map(([name, value]) => {
        const words = chip(name, value, archive);
        return button([words, " ✕"], () => this.go({ [name]: null }), {
          class: "chip",
          "aria-label": `${words}: take this filter away`,
        });
      }),
    );
  }

  #changed() {
    const values = Object.fromEntries(new FormData(this.form));
    this.go(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.trim() || null])));
  }
}

function chip(name, value, archive) {
  if (name === "archive") return `in ${archive ?? "one archive"}`;
  if (name === "min_score") return `from ${value}`;
  if (name === "max_score") return `to ${value}`;
  const [, words] = (name === "answered" ? ANSWERED : WHERE).find(([one]) => one === value) ?? [null, value];
  return name === "text" ? `“${value}”` : words;
}
