// The buttons below the pictures: what the keys do, for the mouse and the finger.

import { MARKS } from "./cell.js";
import { button, count, element, key } from "./dom.js";

const NAMES = { yes: "Yes", no: "No", skip: "Skip" };

export class Bar {
  constructor(hasTag, answering, turnFacts) {
    this.answering = answering;
    this.own = ["yes", "no", "skip"].map((answer) =>
      button([], () => answering.answer(answer), { class: answer, "data-answer": answer }),
    );
    this.rowNo = button([], () => answering.rowRest("no"));
    this.screenYes = button([], () => answering.screenRest("yes"), { class: "yes" });
    this.screenNo = button([], () => answering.screenRest("no"), { class: "no" });
    this.facts = button(["Facts ", key("Enter")], turnFacts);
    this.many = element(
      "span",
      { class: "group many", role: "group", "aria-label": "many at once" },
      this.rowNo,
      this.screenYes,
      this.screenNo,
    );
    const undo = button(["Undo ", key("u")], () => answering.undo());
    const one = element(
      "span",
      { class: "group", role: "group", "aria-label": "one, or the chosen" },
      this.own,
      this.facts,
      undo,
    );
    this.buttons = hasTag
      ? [one, this.many]
      : [button(["A tag from the chosen ", key("y")], () => answering.answer("yes"))];
    this.hasTag = hasTag;
  }

  /** Say on each button what it would do now. */
  tell(isLarge, isEmpty) {
    for (const one of this.buttons) one.hidden = isEmpty;
    if (!this.hasTag) return;
    this.facts.hidden = !isLarge;
    this.many.hidden = isLarge || isEmpty;
    const chosen = isLarge ? 1 : this.answering.chosen().length;
    for (const one of this.own) {
      const { answer } = one.dataset;
      const words = chosen > 1 ? `${count(chosen)} ${answer}` : NAMES[answer];
      one.replaceChildren(`${MARKS[answer]} ${words} `, key(answer[0]));
    }
    if (isLarge) return;
    const { rest: others, chosen: marked } = this.answering.onScreen;
    this.rowNo.replaceChildren(...rest("row no", "a"));
    this.screenYes.replaceChildren(...screen(others, "yes", marked, "no"), key("Y"));
    this.screenNo.replaceChildren(...screen(others, "no", marked, "yes"), key("N"));
  }
}

const rest = (words, name) => [element("span", { class: "long" }, "Rest of "), `${words} `, key(name)];

/** What all on the screen would be, but for what is marked. */
const screen = (others, answer, marked, other) =>
  marked
    ? [`screen: ${count(others)} ${answer}, ${count(marked)} ${other} `]
    : [element("span", { class: "long" }, "Rest of "), `screen ${answer}, ${count(others)} `];
