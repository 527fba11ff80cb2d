// What an answer is for: the picture where one stands, what is chosen, or the rest of a row or of the screen.

import { count, many } from "./dom.js";

export class Answering {
  /** `view`: the pictures that are looked at. */
  constructor(view) {
    this.view = view;
    this.restsUntil = 0;
  }

  /** Take no answers for so many milliseconds. */
  rest(milliseconds) {
    this.restsUntil = performance.now() + milliseconds;
  }

  get #numbers() {
    const { grid, isLarge } = this.view;
    return isLarge || !grid.chosen.size ? [grid.current] : [...grid.chosen].sort((a, b) => a - b);
  }

  chosen() {
    return this.#numbers.map(this.view.listing.at).filter(Boolean);
  }

  /** Answer for what is chosen; without a tag, make or name one. */
  answer(answer) {
    const pictures = this.chosen();
    if (pictures.length < this.#numbers.length) return this.view.said("Not all of these are loaded yet");
    if (this.view.id === null) this.view.tagFrom(pictures);
    else
      this.#give(
        pictures.map((picture) => [picture, answer]),
        this.#numbers.at(-1) + 1,
      );
  }

  rowRest(answer) {
    this.#answerRest(this.view.grid.row(), answer);
  }

  screenRest(answer) {
    this.#answerRest(this.view.grid.screen(), answer);
  }

  /** How many on the screen an answer for its rest would be for, and how many of it are chosen. */
  get onScreen() {
    const numbers = this.#rest(this.view.grid.screen());
    const chosen = numbers.filter((number) => this.view.grid.chosen.has(number)).length;
    return { rest: numbers.length - chosen, chosen };
  }

  /** What has no answer and is not chosen gets `answer`, what is chosen the other one. */
  #answerRest(numbers, answer) {
    const { id, isLarge, listing, grid } = this.view;
    if (id === null || isLarge) return;
    const other = answer === "yes" ? "no" : "yes";
    const given = this.#rest(numbers).map((number) => [
      listing.at(number),
      grid.chosen.has(number) ? other : answer,
    ]);
    this.#give(given, numbers.at(-1) + 1);
  }

  #rest(numbers) {
    const { listing, grid } = this.view;
    return numbers.filter(
      (number) => listing.at(number) && (grid.chosen.has(number) || !listing.at(number).answer),
    );
  }

  #give(answers, next) {
    const { view } = this;
    if (performance.now() < this.restsUntil) return view.said("The order has just changed: look again");
    if (answers.length) view.answers.give(view.id, answers);
    view.grid.unchoose();
    view.goTo(next, false, true);
    const words = answers.length === 1 ? `${answers[0][1]}: ${answers[0][0].name}` : tally(answers);
    view.said(
      next >= view.listing.total ? `${words}. That was the last one here; t learns from the answers.` : words,
    );
  }

  undo() {
    const { view } = this;
    view.answers.undo((tag, ids) => {
      view.said(`Undone: ${many(ids.length, "answer")}`);
      if (tag !== view.id) return;
      const numbers = ids.map((id) => view.listing.numberOf(id)).filter((number) => number !== null);
      if (numbers.length) view.goTo(Math.min(...numbers));
      view.shown();
      view.know().catch((error) => view.failed(error.message));
    });
  }
}

function tally(answers) {
  const counts = ["yes", "no", "skip"].map((answer) => [
    answer,
    answers.filter(([, given]) => given === answer).length,
  ]);
  return (
    counts
      .filter(([, number]) => number)
      .map(([answer, number]) => `${count(number)} ${answer}`)
      .join(", ") || "Nothing was without an answer"
  );
}
