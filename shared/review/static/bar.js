// The buttons below the pictures: what the keys do, for the mouse and the finger.

import { MARKS } from "./cell.js";
import { button, count, element, key } from "./dom.js";

export class Bar {
  constructor(hasTag, answering, turnFacts) {
    this.answering = answering;
    this.own = ["yes", "no", "skip"].map((answer) => button([], () => answering.answer(answer), { class: answer, "data-answer": answer }));
    this.rowNo = button([], () => answering.rowRest("no"));
    this.screenYes = button([], () => answering.screenRest("yes"), { class: "yes" });
    this.screenNo = button([], () => answering.screenRest("no"), { class: "no" });
    this.facts = button(["Facts ", key("Enter")], turnFacts);
    this.many = element("span", { class: "group", role: "group", "aria-label": "many at once" }, this.rowNo, this.screenYes, this.screenNo);
    const undo = button(["Undo ", key("u")], () => answering.undo());
    const one = element("span", { class: "group", role: "group", "aria-label": "one, or the chosen" }, this.own, this.facts, undo);
    this.buttons = hasTag ? [one, this.many] : [button(["A tag from the chosen ", key("y")], () => answering.answer("yes"))];
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
      one.replaceChildren(`${MARKS[answer]} ${chosen > 1 ? `${count(chosen)} ` : ""}${answer} `, key(answer[0]));
    }
    if (isLarge) return;
    const onScreen = count(this.answering.onScreen);
    this.rowNo.replaceChildren(...rest("row no", "a"));
    this.screenYes.replaceChildren(...rest(`screen yes, ${onScreen}`, "Y"));
    this.screenNo.replaceChildren(...rest(`screen no, ${onScreen}`, "N"));
  }
}

const rest = (words, name) => [element("span", { class: "long" }, "Rest of "), `${words} `, key(name)];
