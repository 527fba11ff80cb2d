// The grid: rows of pictures of which only those near the screen exist. It knows where one stands and what is
// chosen, and nothing of tags and answers.

import { element } from "./dom.js";

const TALLEST = 8_000_000; // pixels; browsers draw nothing beyond some more, so that a longer list is scaled
const AHEAD = 1; // screens that are there before they are looked at
const CAPTION = 40;
const GAP = 8;
const STEP = 1.25;
const LONGEST = 2_000; // pictures that one range holds: one step, that one answer fills

export class Grid {
  /** `paint(cell, picture)` fills a cell; `moved()` hears of another place or choice; `opened()` of a wish to see more. */
  constructor({ paint, moved, opened }) {
    this.paint = paint;
    this.moved = moved;
    this.opened = opened;
    this.listing = null;
    this.current = 0;
    this.anchor = null;
    this.chosen = new Set();
    this.rows = new Map();
    this.columns = 1;
    this.rowHeight = 100;
    this.top = 0; // of the screen, in the unscaled list
    this.least = 150;
    this.space = element("div", { class: "space" });
    this.box = element(
      "div",
      {
        class: "grid",
        role: "grid",
        tabindex: "0",
        "aria-label": "pictures",
        "aria-multiselectable": "true",
        onscroll: () => this.#scrolled(),
        onclick: (event) => this.#clicked(event),
        ondblclick: (event) => this.#twice(event),
      },
      this.space,
    );
    this.sizes = new ResizeObserver(() => this.#measure());
    this.sizes.observe(this.box);
  }

  show(listing, place = 0) {
    this.listing = listing;
    this.current = Math.max(0, Math.min(place, listing.total - 1));
    this.#choose([]);
    this.#clear();
    this.#measure();
    this.top = this.#row(this.current) * this.rowHeight;
    this.#align();
    this.draw();
  }

  leave() {
    this.sizes.disconnect();
  }

  /** Make pictures larger by so many steps, or smaller. */
  resize(steps) {
    this.least = Math.max(72, Math.min(512, Math.round(this.least * STEP ** steps)));
    this.#measure();
    return this.least;
  }

  // What is where

  get total() {
    return this.listing?.total ?? 0;
  }

  get picture() {
    return this.listing?.at(this.current);
  }

  /** Numbers of the row in which one stands. */
  row() {
    const start = this.#row(this.current) * this.columns;
    return this.#numbers(start, start + this.columns);
  }

  /** Numbers of all rows of which most is on the screen. */
  screen() {
    const first = Math.round(this.top / this.rowHeight);
    const rows = Math.max(1, Math.floor((this.top + this.#height) / this.rowHeight + 0.5) - first);
    return this.#numbers(first * this.columns, (first + rows) * this.columns);
  }

  #numbers(from, to) {
    const end = Math.min(to, this.total);
    return Array.from({ length: Math.max(0, end - from) }, (_, index) => from + index);
  }

  #row = (number) => Math.floor(number / this.columns);

  get #height() {
    return this.box.clientHeight || 1;
  }

  get #full() {
    return Math.ceil(this.total / this.columns) * this.rowHeight;
  }

  // Moving and choosing

  move(across, down, isRange = false) {
    const target = this.current + across + down * this.columns;
    if (target < 0 || target >= this.total) {
      if (down > 0 && this.#row(this.current) < this.#row(this.total - 1)) this.goTo(this.total - 1, isRange);
      return;
    }
    this.goTo(target, isRange);
  }

  goTo(number, isRange = false, isNewScreen = false) {
    if (!this.total) return;
    if (isRange) this.anchor ??= this.current;
    else this.anchor = null;
    this.current = Math.max(0, Math.min(number, this.total - 1));
    if (isRange) this.#range();
    this.reveal(isNewScreen);
    this.draw();
    this.moved();
  }

  #range() {
    this.current = Math.max(this.anchor - LONGEST + 1, Math.min(this.current, this.anchor + LONGEST - 1));
    const [from, to] = [this.anchor, this.current].sort((one, other) => one - other);
    this.#choose(this.#numbers(from, to + 1));
    this.listing.want(from, to + 1);
  }

  page(screens) {
    const rows = Math.max(1, Math.floor(this.#height / this.rowHeight));
    const target = this.current + screens * rows * this.columns;
    this.top += screens * rows * this.rowHeight;
    this.#align();
    this.goTo(target);
  }

  toggle(number = this.current) {
    const chosen = new Set(this.chosen);
    if (!chosen.delete(number)) chosen.add(number);
    this.anchor = null;
    this.#choose(chosen);
    this.draw();
    this.moved();
  }

  unchoose() {
    this.anchor = null;
    this.#choose([]);
    this.draw();
    this.moved();
  }

  #choose(numbers) {
    this.chosen = new Set(numbers);
  }

  /** Scroll until one sees where one stands; past the end of the screen a new one begins. */
  reveal(isNewScreen = false) {
    const top = this.#row(this.current) * this.rowHeight;
    const bottom = top + this.rowHeight - this.#height;
    if (top < this.top) this.top = top;
    else if (bottom > this.top + 1) this.top = isNewScreen ? top : bottom;
    else return;
    this.#align();
  }

  focus() {
    this.box.focus({ preventScroll: true });
  }

  // Drawing

  #measure() {
    const width = this.box.clientWidth - GAP;
    if (width <= 0 || !this.listing) return;
    const row = this.#row(Math.round(this.top / this.rowHeight) * this.columns);
    const first = row * this.columns;
    this.columns = Math.max(2, Math.floor(width / (this.least + GAP)));
    const tile = width / this.columns - GAP;
    const rows = Math.max(1, Math.round(this.#height / (tile + CAPTION + GAP)));
    // Whole rows fill the screen, so that "all of these" is what one sees.
    this.rowHeight = Math.max(CAPTION + 48, Math.floor(this.#height / rows));
    this.box.setAttribute("aria-colcount", this.columns);
    this.#clear();
    this.top = this.#row(first) * this.rowHeight;
    this.#align();
    this.draw();
    this.moved();
  }

  #clear() {
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
  }

  /** Put the scroll bar where the list stands. */
  #align() {
    this.#stretch();
    const most = Math.max(0, this.#full - this.#height);
    this.top = Math.max(0, Math.min(this.top, most));
    const scrolls = Math.max(0, Math.min(TALLEST, this.#full) - this.#height);
    this.expected = most ? Math.round((this.top / most) * scrolls) : 0;
    this.box.scrollTop = this.expected;
  }

  #stretch() {
    const height = `${Math.min(TALLEST, this.#full)}px`;
    if (this.space.style.height !== height) this.space.style.height = height;
    this.box.setAttribute("aria-rowcount", Math.ceil(this.total / this.columns));
  }

  #scrolled() {
    const now = this.box.scrollTop;
    const moved = now - (this.expected ?? 0);
    if (Math.abs(moved) < 1) return;
    const isScaled = this.#full > TALLEST;
    const most = this.#full - this.#height;
    if (!isScaled) this.top = now;
    else if (Math.abs(moved) < 2 * this.#height) this.top = Math.max(0, Math.min(this.top + moved, most));
    else this.top = (now / (TALLEST - this.#height)) * most;
    this.expected = now;
    this.#follow();
    clearTimeout(this.settling);
    if (isScaled) this.settling = setTimeout(() => this.#settle(), 200);
    this.draw();
    this.moved();
  }

  /** Stand on the screen: nobody answers for what is out of sight. */
  #follow() {
    const shown = this.screen();
    if (!shown.length || (this.current >= shown[0] && this.current <= shown.at(-1))) return;
    const column = this.current % this.columns;
    this.current = Math.min(
      (this.current < shown[0] ? shown[0] : this.#row(shown.at(-1)) * this.columns) + column,
      this.total - 1,
    );
    this.anchor = null;
  }

  /** Small steps in a scaled list have moved the bar too far: put it right when all is still. */
  #settle() {
    this.#align();
    this.draw();
  }

  draw() {
    if (!this.listing) return;
    this.#stretch();
    const screen = this.#height;
    const first = Math.max(0, Math.floor((this.top - AHEAD * screen) / this.rowHeight));
    const last = Math.min(
      Math.ceil(this.total / this.columns),
      Math.ceil((this.top + (1 + AHEAD) * screen) / this.rowHeight),
    );
    for (const [number, row] of this.rows) {
      if (number >= first && number < last) continue;
      row.querySelectorAll("img").forEach((image) => image.removeAttribute("src")); // what is past need not come
      row.remove();
      this.rows.delete(number);
    }
    const offset = this.box.scrollTop - this.top;
    let before = null;
    for (let number = first; number < last; number++) {
      const row = this.rows.get(number) ?? this.#newRow(number, before);
      row.style.transform = `translateY(${number * this.rowHeight + offset}px)`;
      this.#fill(row);
      before = row;
    }
    if (this.total) this.box.setAttribute("aria-activedescendant", `picture-${this.current}`);
    else this.box.removeAttribute("aria-activedescendant");
    this.listing.want(first * this.columns, last * this.columns);
  }

  #newRow(number, before) {
    const row = element("div", { class: "row", role: "row", "aria-rowindex": number + 1 });
    row.style.height = `${this.rowHeight - GAP}px`;
    for (const one of this.#numbers(number * this.columns, (number + 1) * this.columns)) {
      const cell = element("div", { class: "cell", role: "gridcell", id: `picture-${one}` });
      cell.style.width = `calc((100% - ${(this.columns - 1) * GAP}px) / ${this.columns})`;
      row.append(cell);
    }
    if (before) before.after(row);
    else this.space.prepend(row);
    this.rows.set(number, row);
    return row;
  }

  #fill(row) {
    for (const cell of row.children) {
      const number = Number(cell.id.slice("picture-".length));
      this.paint(cell, this.listing.at(number));
      cell.classList.toggle("current", number === this.current);
      cell.setAttribute("aria-selected", String(this.chosen.has(number)));
    }
  }

  // The mouse

  #numberAt(event) {
    const cell = event.target.closest(".cell");
    return cell ? Number(cell.id.slice("picture-".length)) : null;
  }

  /** The first click of two has chosen or not: that was not meant. */
  #twice(event) {
    const number = this.#numberAt(event);
    if (number === null || event.shiftKey || event.target.closest("button")) return;
    this.toggle(number);
    this.opened();
  }

  #clicked(event) {
    const number = this.#numberAt(event);
    if (number === null || event.detail > 1) return;
    if (event.target.closest("button")) return (this.goTo(number), this.opened());
    if (event.shiftKey) this.goTo(number, true);
    else {
      this.current = number;
      this.toggle(number);
    }
    this.focus();
  }
}
