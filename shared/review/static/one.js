// One picture at a time, large, with all that is known of it at its side. The next twenty are loaded before
// they are asked for.

import { get } from "./api.js";
import { isTiny } from "./cell.js";
import { bar, button, count, element, key, many, score } from "./dom.js";
import { swipe } from "./swipe.js";

const AHEAD = 20;
const BEHIND = 3;
const STRIP = 9;
const PAUSE = 120; // milliseconds on one picture before its facts are asked for

/** How unlike a picture is to all that are labelled: the share of those that are nearer to the others. */
const novelty = (found) => `${found.novelty.toFixed(3)}${found.is_unlike ? ", unlike anything labelled" : ""}`;

export class One {
  /** `wishes`: what is done with it: `like(picture)`, `tagFrom(picture)`, `go(number)`, `answer(answer)` or null. */
  constructor(wishes) {
    this.wishes = wishes;
    this.loaded = new Map();
    this.known = new Map();
    this.stage = element("div", { class: "stage" });
    if (wishes.answer) swipe(this.stage, () => this.stage.firstElementChild, wishes.answer);
    this.words = element("p", { class: "words" });
    this.strip = element("div", { class: "strip", "aria-hidden": "true" });
    this.facts = element("aside", { class: "facts", "aria-label": "facts" });
    this.box = element(
      "section",
      { class: "one", tabindex: "-1", "aria-label": "one picture" },
      element("div", { class: "left" }, this.stage, this.words, this.strip),
      this.facts,
    );
  }

  /** Show the picture with this number; `withFacts` at its side. */
  show(listing, number, withFacts) {
    const picture = listing.at(number);
    this.box.classList.toggle("with-facts", withFacts);
    listing.want(number - BEHIND, number + AHEAD + 1);
    this.#load(listing, number);
    if (!picture) {
      this.stage.replaceChildren(
        element("p", { class: "empty" }, listing.total ? "Loading …" : "There are no pictures here."),
      );
      this.words.replaceChildren();
      return;
    }
    const image = this.loaded.get(picture.id);
    if (this.stage.firstChild !== image) this.stage.replaceChildren(image);
    this.stage.className = `stage ${picture.answer ?? ""}`;
    this.words.replaceChildren(...this.#words(picture));
    this.#fillStrip(listing, number);
    if (withFacts) this.#showFacts(picture);
  }

  leave() {
    clearTimeout(this.waiting);
    this.loaded.clear();
  }

  forget(id) {
    this.known.delete(id);
  }

  #load(listing, number) {
    const near = new Map();
    for (let one = number - BEHIND; one <= number + AHEAD; one++) {
      const picture = listing.at(one);
      if (picture) near.set(picture.id, this.loaded.get(picture.id) ?? this.#image(picture));
    }
    this.loaded = near;
  }

  #image(picture) {
    const image = element("img", {
      alt: picture.alt,
      decoding: "async",
      class: isTiny(picture) ? "tiny" : null,
    });
    image.src = `/thumbnails/${picture.id}/1024`;
    image.decode().catch(() => null); // a picture that fails shows its words
    return image;
  }

  #words(picture) {
    const answer = picture.answer
      ? element("strong", { class: `answer ${picture.answer}` }, picture.answer)
      : null;
    return [
      element(
        "span",
        { class: "name" },
        picture.archive ? `${picture.archive.name} › ${picture.name}` : picture.name,
      ),
      element("span", {}, answer, picture.score === null ? null : ` ${score(picture.score)}`),
    ];
  }

  #fillStrip(listing, number) {
    const first = Math.max(0, Math.min(number - 2, listing.total - STRIP));
    const shown = [];
    for (let one = first; one < Math.min(first + STRIP, listing.total); one++) {
      const picture = listing.at(one);
      const image = element("img", {
        alt: "",
        src: picture ? `/thumbnails/${picture.id}/256` : null,
        class: isTiny(picture) ? "tiny" : null,
      });
      const place = one === number ? "current" : "";
      shown.push(
        element(
          "span",
          { class: `${place} ${picture?.answer ?? ""}`, onclick: () => this.wishes.go(one) },
          image,
        ),
      );
    }
    this.strip.replaceChildren(...shown);
  }

  // Facts

  #showFacts(picture) {
    clearTimeout(this.waiting);
    const known = this.known.get(picture.id);
    if (known) return this.#fillFacts(known);
    this.facts.replaceChildren(element("h2", {}, picture.name), this.#buttons(picture));
    this.waiting = setTimeout(async () => {
      try {
        const found = await get(`/api/pictures/${picture.id}`);
        this.known.set(picture.id, found);
        this.#fillFacts(found);
      } catch (error) {
        this.facts.append(element("p", { class: "error", role: "alert" }, error.message));
      }
    }, PAUSE);
  }

  #buttons(picture) {
    return element(
      "p",
      { class: "wishes" },
      button(["More like this ", key("m")], () => this.wishes.like(picture)),
      button("New tag from this", () => this.wishes.tagFrom(picture)),
    );
  }

  #fillFacts(found) {
    const { archive } = found;
    const facts = [
      ["archive", archive && element("a", { href: this.wishes.archive(archive) }, archive.name)],
      ["address", element("code", {}, found.address)],
      ["size", found.width ? `${count(found.width)} × ${count(found.height)} pixels` : null],
      ["file", [found.format, found.bytes ? many(found.bytes, "byte") : null].filter(Boolean).join(", ")],
      ["novelty", found.novelty === null ? null : novelty(found)],
      ["copies", found.copies > 1 ? `${many(found.copies, "place")} with these bytes` : null],
      ["hash", found.hash && element("code", {}, found.hash)],
    ].filter(([, value]) => value);
    this.facts.replaceChildren(
      element("h2", {}, found.name),
      this.#buttons(found),
      element(
        "dl",
        {},
        facts.map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]).flat(),
      ),
      this.#scores(found.scores),
    );
  }

  /** What the picture most likely is comes first. */
  #scores(scores) {
    if (!scores.length) return element("p", { class: "soft" }, "No classifier has scored this picture yet.");
    const rows = scores
      .toSorted((one, other) => other.score - one.score)
      .map((one) =>
        element(
          "tr",
          { class: one.is_decided ? "decided" : null },
          element(
            "th",
            { scope: "row" },
            element("a", { href: `#/tags/${one.tag.id}` }, one.tag.name),
            element("span", { class: "soft" }, ` ${(one.classifier ?? "").replace("_", " ")}`),
          ),
          element("td", {}, one.score === null ? "–" : score(one.score)),
          element(
            "td",
            {},
            one.score === null
              ? null
              : bar(0, one.score, one.threshold === null ? [] : [["cut", one.threshold]]),
          ),
          element(
            "td",
            { class: "answers" },
            one.answer
              ? element("span", { class: `answer ${one.answer}` }, one.answer)
              : one.is_decided
                ? "decided"
                : "",
          ),
        ),
      );
    return element(
      "table",
      {},
      element("caption", {}, "All scores; the mark is the threshold"),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ["tag", "score", "", ""].map((name) =>
            name ? element("th", { scope: "col" }, name) : element("td", {}),
          ),
        ),
      ),
      element("tbody", {}, rows),
    );
  }
}
