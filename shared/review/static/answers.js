// Answers on their way to the disk: shown at once, sent in order, taken back where the server would not have them.

import { Line, post } from "./api.js";
import { many } from "./dom.js";

export class Answers {
  /** `shown(tag, id)` draws a picture anew; `counted(tag, reply)`; `said(words)`; `failed(words)`. */
  constructor({ shown, counted, said, failed }) {
    Object.assign(this, { shown, counted, said, failed });
    this.line = new Line();
    this.given = new Map(); // "tag/picture" -> answer, of this visit
    this.steps = []; // of this visit: {tag, before}
  }

  get isWaiting() {
    return this.line.length > 0;
  }

  /** What a picture that has just come from the server is answered by now. */
  recall(tag, picture) {
    const known = this.given.get(`${tag}/${picture.id}`);
    if (known !== undefined) picture.answer = known;
  }

  /** One step: `answers` is a list of [picture, answer]. */
  give(tag, answers) {
    const before = answers.map(([picture]) => [picture, picture.answer ?? null]);
    this.#show(tag, answers);
    const body = { answers: answers.map(([picture, answer]) => ({ picture: picture.id, answer })) };
    this.line.put(
      () => post(`/api/tags/${tag}/answers`, body),
      (reply) => {
        this.steps.push({ tag, before });
        this.counted(tag, reply);
      },
      (error) => {
        this.#show(tag, before);
        this.failed(`Not saved, and taken back: ${many(answers.length, "answer")}. ${error.message}`);
      },
    );
  }

  /** `undone(tag, ids)` hears which pictures are as they were. */
  undo(undone) {
    const took = ({ tag, answers }) => {
      // The server tells of one of a picture's copies, and what another review has said since.
      const step = this.steps.pop();
      const told = new Map(answers.map(({ picture, answer }) => [picture, answer]));
      const now = ([picture, answer]) => [picture, told.has(picture.id) ? told.get(picture.id) : answer];
      if (step?.tag === tag) this.#show(tag, step.before.map(now));
      else for (const { picture, answer } of answers) this.given.set(`${tag}/${picture}`, answer);
      undone(
        tag,
        step?.tag === tag ? step.before.map(([{ id }]) => id) : answers.map(({ picture }) => picture),
      );
    };
    this.line.put(
      () => post("/api/undo"),
      took,
      (error) => this.failed(error.message),
    );
  }

  /** Do something when all answers before it are saved; those after it do not wait for it. */
  whenSaved(act) {
    this.line.put(
      async () => null,
      () => void act(),
      () => null,
    );
  }

  #show(tag, answers) {
    for (const [picture, answer] of answers) {
      picture.answer = answer;
      this.given.set(`${tag}/${picture.id}`, answer);
    }
    this.shown(answers.map(([picture]) => picture));
  }
}
