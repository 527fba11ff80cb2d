// The orders of a tag's pictures and the filters, as the server knows them, and how people call them.

export const ORDERS = [
  ["worth", "Most worth", "what an answer teaches most"],
  ["highest", "Highest", "the highest scores first"],
  ["lowest", "Lowest", "the lowest scores first"],
  ["around", "Around", "around the threshold, the nearest first"],
  ["suspects", "Suspects", "answers that the classifiers doubt"],
  ["unlike", "Unlike", "unlike anything labelled"],
];
export const ANSWERED = [
  ["", "answered or not"],
  ["none", "without an answer"],
  ["any", "with an answer"],
  ["yes", "yes"],
  ["no", "no"],
  ["skip", "skipped"],
];
export const WHERE = [
  ["", "everywhere"],
  ["archived", "in archives"],
  ["loose", "loose"],
  ["dataset", "in the dataset"],
];
export const FILTERS = ["min_score", "max_score", "archive", "answered", "where", "text"];
