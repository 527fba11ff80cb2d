// Pictures of a tag in an order, of a search, or like a picture: the grid, one by one, and the answers to them.

import { Address } from "./address.js";
import { Answering } from "./answering.js";
import { get } from "./api.js";
import { Bar } from "./bar.js";
import { paintCell } from "./cell.js";
import { count, element, focusOn, many } from "./dom.js";
import { Grid } from "./grid.js";
import { Head } from "./head.js";
import { Histogram } from "./histogram.js";
import { Learning } from "./learning.js";
import { Listing } from "./listing.js";
import { leavePlace, placeIn, set, setting } from "./memory.js";
import { askForTag } from "./naming.js";
import { One } from "./one.js";
import { ORDERS } from "./orders.js";
import { searchForm } from "./search.js";
import { Toolbar } from "./toolbar.js";

const MOST_ALIKE = 240;
const CALM = 500; // milliseconds in which one sees that the order is new
const USUAL = 150; // pixels of a tile, where the screen has room for some

export class Pictures {
  /** `tag` is its number, null for a search. */
  constructor({ tag, path, route, answers, said, failed, showKeys }) {
    Object.assign(this, { id: tag, path, answers, said, failed });
    this.address = new Address(path, route);
    this.tag = null;
    this.listing = null;
    this.coming = null;
    this.isFromGrid = false;
    this.grid = new Grid({
      paint: (cell, picture) => paintCell(cell, picture, this.tag?.threshold ?? null),
      moved: () => this.#moved(),
      opened: () => this.#open(true),
    });
    this.grid.least = setting("tile", Math.min(USUAL, Math.floor(innerWidth / 3.5)));
    this.one = new One({
      like: (picture) => this.#like(picture),
      tagFrom: (picture) => this.tagFrom([picture]),
      archive: (archive) =>
        this.id === null ? null : `#/tags/${this.id}?order=highest&archive=${archive.id}`,
      go: (number) => this.goTo(number),
      answer: tag === null ? null : (answer) => this.answering.answer(answer),
    });
    this.learning = new Learning({
      said,
      failed,
      ordered: () => this.#listAnew(),
      learnt: () => this.know(),
    });
    this.histogram = new Histogram((number) => this.goTo(number, false, true));
    this.toolbar = new Toolbar(
      (changes) => this.address.go(changes),
      (steps) => this.#resize(steps),
      () => this.#listAgain(),
      this.histogram.box,
    );
    this.head = new Head(tag, {
      turn: () => this.#turn(),
      learn: () => this.#learn(),
      tagFrom: () => this.tagFrom(this.answering.chosen()),
      back: () => this.address.go({ find: null, like: null }),
      showKeys,
    });
    const tools = tag === null ? [] : [this.toolbar.line, this.toolbar.form];
    this.top = [this.head.line, ...tools, this.head.what, this.learning.box];
    this.empty = element("div", { class: "empty", hidden: true });
    this.main = [this.grid.box, this.one.box, this.empty];
    this.answering = new Answering(this);
    this.bar = new Bar(tag !== null, this.answering, () => this.#turnFacts());
    this.acts = this.bar.buttons;
  }

  get isLarge() {
    return this.address.isLarge;
  }

  async start() {
    if (this.id !== null) await this.know();
    await this.#list(placeIn(this.address.list));
  }

  /** Go to another address of this tag. */
  async go(route) {
    const address = new Address(this.path, route);
    const isOther = address.list !== this.address.list;
    if (isOther) this.#leavePlace();
    this.address = address;
    if (isOther) await this.#listAgain(placeIn(address.list));
    else this.#look();
  }

  leave() {
    this.#leavePlace();
    this.learning.leave();
    this.coming?.stop();
    this.listing?.stop();
    this.grid.leave();
    this.one.leave();
  }

  #leavePlace() {
    // What is worth an answer begins anew with what has none.
    const { list, order, isOrdered } = this.address;
    leavePlace(list, isOrdered && order === "worth" ? 0 : this.grid.current);
  }

  // What is known of the tag

  async know() {
    const { tags } = await get("/api/board");
    this.tag = tags.find((tag) => tag.id === this.id) ?? null;
    if (!this.tag) throw new Error("There is no such tag any more; the list of tags is one step back.");
    this.head.tell(this.tag);
  }

  /** The server's counts, after it has saved an answer. */
  counted(tag, { yes, no, skipped, worth, lacks }) {
    if (tag !== this.id || !this.tag) return;
    Object.assign(this.tag, { yes, no, skipped, worth, lacks });
    this.head.tell(this.tag);
  }

  // The list

  #listed() {
    const { alike, find, order, filters } = this.address;
    if (alike) return new Listing(`/api/pictures/${alike}/like`, { tag: this.id, limit: MOST_ALIKE });
    if (find || this.id === null) return new Listing(find ? "/api/search" : null, { tag: this.id, text: find });
    const path = `/api/tags/${this.id}`;
    const follows = ["highest", "lowest"].includes(order) ? order : null;
    return new Listing(`${path}/pictures`, { order, ...filters }, { counts: `${path}/bins`, follows });
  }

  /** Fetch what the address asks for; until it is here, keys go to what one still sees. */
  async #list(place = 0) {
    this.coming?.stop();
    const listing = this.#listed();
    this.coming = listing;
    listing.arrived = (picture) => this.answers.recall(this.id, picture);
    listing.failed = (error) => this.failed(error.message);
    await listing.start();
    if (this.coming !== listing) return;
    this.coming = null;
    this.isFromGrid = false;
    this.listing?.stop();
    this.listing = listing;
    listing.changed = () => this.#drawn();
    this.head.show(this.address);
    this.head.tagFrom.hidden = !listing.total;
    this.toolbar.show(this.address, listing.at(0)?.archive?.name, Boolean(this.tag?.classifier));
    this.histogram.show(listing.bins, this.tag?.threshold ?? null);
    this.grid.show(listing, place);
    this.#look();
  }

  /** After learning: the threshold is another one too, and a key may be on its way to what is gone. */
  async #listAnew() {
    await this.know();
    await this.#list();
    this.answering.rest(CALM);
  }

  async #listAgain(place = 0) {
    try {
      await this.#list(place);
    } catch (error) {
      if (error.name !== "AbortError") this.failed(error.message);
    }
  }

  #drawn() {
    this.grid.draw();
    if (this.isLarge) this.#showOne();
  }

  /** Draw pictures whose answers have changed. */
  shown() {
    this.#drawn();
    this.bar.tell(this.isLarge, !this.listing.total);
  }

  // Looking

  #look() {
    const isEmpty = !this.listing.total;
    this.empty.hidden = !isEmpty;
    this.grid.box.hidden = isEmpty || this.isLarge;
    this.one.box.hidden = isEmpty || !this.isLarge;
    this.head.turned(this.isLarge);
    this.toolbar.sizes.hidden = this.isLarge;
    if (isEmpty) this.#tellWhy();
    else if (this.isLarge) {
      this.#showOne();
      focusOn(this.one.box);
    } else {
      this.grid.reveal();
      this.grid.draw();
      focusOn(this.grid.box);
    }
    this.#moved();
  }

  #showOne() {
    this.one.show(this.listing, this.grid.current, setting("facts", false));
  }

  #tellWhy() {
    const words = whyEmpty(this.address, this.tag);
    this.empty.replaceChildren(element("p", {}, words), searchForm(this.id, this.address.find ?? ""));
  }

  #open(withFacts) {
    set("facts", withFacts);
    this.isFromGrid = true;
    this.address.go({ mode: "one" });
  }

  #turn() {
    if (this.isLarge) this.#backToGrid();
    else this.#open(false);
  }

  /** The browser's own way back is the same one. */
  #backToGrid() {
    if (this.isFromGrid) history.back();
    else this.address.go({ mode: null });
    this.isFromGrid = false;
  }

  goTo(number, isRange = false, isNewScreen = false) {
    this.grid.goTo(number, isRange, isNewScreen);
  }

  #moved() {
    if (!this.listing) return;
    if (this.isLarge) this.#showOne();
    this.#tellPlace();
    this.bar.tell(this.isLarge, !this.listing.total);
    if (this.tag) set("last", { tag: this.id, name: this.tag.name, address: location.hash });
  }

  #tellPlace() {
    const shown = this.isLarge ? [this.grid.current] : this.grid.screen();
    const { total, isCounted } = this.listing;
    const numbers = [shown[0] + 1, shown.at(-1) + 1].map(count);
    this.histogram.tell(this.grid.current);
    const words = this.isLarge ? numbers[0] : numbers.join(" to ");
    this.toolbar.place.replaceChildren(total ? `${words}${isCounted ? ` of ${count(total)}` : ""}` : "");
  }

  #like(picture) {
    if (picture) this.address.go({ like: picture.id, find: null, mode: null });
  }

  tagFrom(pictures) {
    if (!pictures.length) return;
    askForTag(pictures, (tag) => {
      this.answers.give(
        tag.id,
        pictures.map((picture) => [picture, "yes"]),
      );
      this.said(`${tag.name}: ${many(pictures.length, "picture")}`);
      location.hash = `#/tags/${tag.id}?like=${this.address.alike ?? pictures[0].id}`;
    });
  }

  #learn() {
    if (this.id === null) return;
    this.answers.whenSaved(() => this.#learnIfEnough());
  }

  /** All answers are saved by now, so what is lacking is true. */
  async #learnIfEnough() {
    const { name, lacks } = this.tag;
    if (lacks) return this.failed(`${name} needs ${lacks} before it can be learnt.`);
    await this.learning.run(this.id);
  }

  // Keys

  #turnFacts() {
    set("facts", !setting("facts", false));
    this.#showOne();
  }

  #escape() {
    if (this.isLarge) this.#backToGrid();
    else if (this.grid.chosen.size) this.grid.unchoose();
    else this.learning.close();
  }

  #enter() {
    if (this.isLarge) this.#turnFacts();
    else this.#open(true);
  }

  #jump(step) {
    const number = this.histogram.next(this.grid.current, step);
    if (number !== null) this.goTo(number, false, true);
  }

  #resize(change) {
    set("tile", this.grid.resize(change));
  }

  /** Do what a key says; whether it said something here. */
  pressed(key, { shiftKey, repeat }) {
    if (!this.listing || (!this.listing.total && !WITHOUT_PICTURES.includes(key))) return false;
    const move = MOVES[key] ?? MOVES[key.toLowerCase()];
    if (move) return (this.#move(move, shiftKey), true);
    const act = this.#acts()[key];
    if (!act) return false;
    if (!repeat) act(); // a key that is held answers once
    return true;
  }

  #move([across, down], isRange) {
    if (this.isLarge) this.goTo(this.grid.current + across + down);
    else this.grid.move(across, down, isRange);
  }

  #acts() {
    return {
      y: () => this.answering.answer("yes"),
      n: () => this.answering.answer("no"),
      s: () => this.answering.answer("skip"),
      a: () => this.answering.rowRest("no"),
      A: () => this.answering.rowRest("yes"),
      Y: () => this.answering.screenRest("yes"),
      N: () => this.answering.screenRest("no"),
      u: () => this.answering.undo(),
      t: () => this.#learn(),
      m: () => this.#like(this.grid.picture),
      o: () => this.#turn(),
      f: () => this.toolbar.turn(),
      r: () => this.#listAgain(),
      x: () => this.grid.toggle(),
      " ": () => this.grid.toggle(),
      "+": () => this.#resize(1),
      "-": () => this.#resize(-1),
      Enter: () => this.#enter(),
      Escape: () => this.#escape(),
      Home: () => this.goTo(0),
      End: () => this.goTo(this.listing.total - 1),
      "]": () => this.#jump(1),
      "[": () => this.#jump(-1),
      PageDown: () => this.grid.page(1),
      PageUp: () => this.grid.page(-1),
      ...Object.fromEntries(
        ORDERS.map(([order], index) => [
          String(index + 1),
          () => this.address.go({ order, find: null, like: null }),
        ]),
      ),
    };
  }
}

const WITHOUT_PICTURES = [..."123456frtu"];
const MOVES = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  h: [-1, 0],
  l: [1, 0],
  k: [0, -1],
  j: [0, 1],
};

function whyEmpty({ find, order }, tag) {
  if (find) return `No picture and no archive has “${find}” in its name.`;
  if (!tag) return "Type a part of a name or archive.";
  if (!tag.classifier)
    return `Nothing is known of ${tag.name} yet. Find some pictures of it by a part of their name or archive, choose them and press y; then press t to learn.`;
  if (order === "worth")
    return "Everything that is worth an answer has one. Press t to learn from the answers.";
  return "No picture is in this order, or the filters leave none.";
}
