// A list of pictures of any length, of which what is looked at is fetched. Nothing is drawn here.
//
// Pages come by cursor, one after the other. Where an order follows the score, the numbers of pictures per bin
// tell where in the list a score stands, so that a jump is a question for scores below (or above) that one.

import { get } from "./api.js";

const PAGE = 120;
const NEAR = 3 * PAGE; // what is so close behind a known picture is reached page by page
const MOST_UNSEEKABLE = 20_000; // a longer list that cannot be jumped in grows as one goes

export class Listing {
  /** `path` and `questions` ask for pages, null for none; `counts`, if any, for bins; `follows`: "highest", "lowest" or null. */
  constructor(path, questions, { counts = null, follows = null } = {}) {
    this.path = path;
    this.questions = questions;
    this.counts = counts;
    this.follows = follows;
    this.changed = () => {};
    this.arrived = () => {};
    this.failed = () => {};
    this.bins = null;
    this.total = 0;
    this.isTold = false;
    this.pictures = new Map(); // number in the list -> picture
    this.runs = []; // contiguous stretches: {start, end, next, questions}
    this.wanted = [0, PAGE];
    this.isFetching = false;
    this.stopped = new AbortController();
  }

  /** Whether `total` is all there is, and not what is known by now. */
  get isCounted() {
    return this.bins !== null || this.isTold;
  }

  at = (number) => this.pictures.get(number);

  /** The number of a picture that is known, or null. */
  numberOf(id) {
    for (const [number, picture] of this.pictures) if (picture.id === id) return number;
    return null;
  }

  stop() {
    this.stopped.abort();
  }

  async start() {
    if (this.path === null) return;
    const counted =
      this.counts && this.follows ? get(this.counts, this.questions, this.stopped.signal) : null;
    counted?.catch(() => null); // the page tells it, if it is worth telling
    const first = { start: 0, end: 0, next: undefined, questions: this.questions };
    this.runs = [first];
    this.isFetching = true;
    await this.#extend(first);
    if (counted) this.#count(await counted);
    this.isFetching = false;
    this.changed();
  }

  #count({ bins, total }) {
    let high = 1;
    let start = 0;
    this.bins = bins.map(({ low, pictures }) => ({
      low,
      high,
      pictures,
      start,
      next: (high = low),
      end: (start += pictures),
    }));
    if (this.follows === "lowest")
      this.bins.forEach((bin) => Object.assign(bin, { start: start - bin.end, end: start - bin.start }));
    this.total = Math.max(total, this.runs[0].end);
  }

  /** Have the pictures from `from` to `to` here soon. */
  async want(from, to) {
    this.wanted = [Math.max(0, from), Math.min(to, this.total)];
    if (this.isFetching) return;
    this.isFetching = true;
    try {
      let missing;
      while ((missing = this.#missing()) !== null && !this.stopped.signal.aborted) {
        const run = this.#runBefore(missing) ?? this.#seek(missing);
        if (!(await this.#extend(run))) break;
        this.changed();
      }
    } catch (error) {
      if (error.name !== "AbortError") this.failed(error);
    }
    this.isFetching = false;
  }

  #missing() {
    for (let number = this.wanted[0]; number < this.wanted[1]; number++)
      if (!this.pictures.has(number)) return number;
    return null;
  }

  #runBefore(number) {
    const before = this.runs.filter((run) => run.end <= number && run.next !== null);
    const nearest = before.reduce((best, run) => (best && best.end > run.end ? best : run), null);
    return nearest && (!this.bins || number - nearest.end <= NEAR) ? nearest : null;
  }

  #seek(number) {
    const bin = this.bins?.find((one) => one.start <= number && number < one.end);
    if (!bin) return this.runs[0];
    const into = number - bin.start;
    const isFar = into > NEAR;
    const share = isFar ? into / bin.pictures : 0; // within a bin, scores are taken for evenly spread
    const width = bin.high - bin.low;
    const { min_score: min, max_score: max } = this.questions;
    const limit =
      this.follows === "highest"
        ? { max_score: Math.min(bin.high - share * width, max ?? 1) }
        : { min_score: Math.max(bin.low + share * width, min ?? 0) };
    const start = isFar ? number : bin.start;
    const run = { start, end: start, next: undefined, questions: { ...this.questions, ...limit } };
    this.runs.push(run);
    return run;
  }

  /** Fetch the next page of a run; it takes the place of what was thought to stand there. */
  async #extend(run) {
    const asked = { limit: PAGE, ...run.questions, after: run.next };
    const { pictures, next = null, total = null } = await get(this.path, asked, this.stopped.signal);
    const seen = run.end;
    for (const picture of pictures) {
      this.arrived(picture);
      this.pictures.set(run.end++, picture);
    }
    run.next = next;
    this.#cut(run, seen);
    if (!this.bins) this.#measure(run, total);
    else if (next === null) this.total = run.end; // the count was of a moment ago
    return run.end > seen || next !== null;
  }

  #measure(run, total) {
    this.isTold = run.next === null;
    if (this.isTold) this.total = run.end;
    else if (total !== null && total <= MOST_UNSEEKABLE) {
      this.total = Math.max(total, run.end);
      this.isTold = true;
    } else this.total = run.end + 2 * PAGE;
  }

  #cut(run, seen) {
    for (const other of this.runs) {
      if (other === run || other.start >= run.end || other.end <= seen) continue;
      for (let number = run.end; number < other.end; number++) this.pictures.delete(number);
      other.end = other.start;
    }
    this.runs = this.runs.filter(
      (other) => other === run || other.end > other.start || other === this.runs[0],
    );
  }
}
