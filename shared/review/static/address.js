// What the address after the # asks for: which pictures, in which order, and how they are looked at.

import { FILTERS, ORDERS } from "./orders.js";

export class Address {
  /** `path`: "/tags/3" or "/pictures"; `asked`: what stands behind the question mark. */
  constructor(path, asked) {
    this.path = path;
    this.asked = asked;
  }

  get order() {
    const asked = this.asked.get("order");
    return ORDERS.some(([order]) => order === asked) ? asked : "worth";
  }

  /** A text that is searched for. */
  get find() {
    return this.asked.get("find");
  }

  /** The picture that others are to be like. */
  get alike() {
    return this.asked.get("like");
  }

  /** Whether the pictures are a tag's, in an order. */
  get isOrdered() {
    return !this.find && !this.alike;
  }

  get isLarge() {
    return this.asked.get("mode") === "one";
  }

  get filters() {
    return Object.fromEntries(
      FILTERS.map((name) => [name, this.asked.get(name)]).filter(([, value]) => value),
    );
  }

  /** The list that it asks for, however that is looked at: by this a place in it is remembered. */
  get list() {
    const asked = new URLSearchParams(this.asked);
    asked.delete("mode");
    return `${this.path}?${asked}`;
  }

  /** Go to an address that differs in some things; null takes a thing out. */
  go(changes) {
    const asked = new URLSearchParams(this.asked);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) asked.delete(name);
      else asked.set(name, value);
    }
    location.hash = `#${this.path}?${asked}`;
  }
}
