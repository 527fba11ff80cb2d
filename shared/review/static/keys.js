// The keys, and the page that tells them.

import { button, element, key } from "./dom.js";

const TOLD = [
  [
    "Moving",
    [
      ["← ↓ ↑ →, h j k l", "to the next picture"],
      ["PageUp, PageDown", "a screen"],
      ["Home, End", "the first, the last"],
      ["[, ]", "back and on by a bin of scores"],
      ["Enter", "large, with all scores and facts; Esc goes back"],
      ["o", "one by one, or the grid"],
      ["+ −", "larger and smaller pictures"],
    ],
  ],
  [
    "Answering",
    [
      ["y", "yes"],
      ["n", "no"],
      ["s", "skip: no answer is an answer too"],
      ["u", "undo, step by step, yesterday's too"],
      ["t", "learn from the answers, and order anew"],
    ],
  ],
  [
    "Many at once",
    [
      ["Shift + move", "choose a range; then y, n or s answers all of it"],
      ["Space, x", "choose this one, or not; Esc chooses none"],
      ["a", "the rest of this row is no, what is chosen in it yes"],
      ["A", "the rest of this row is yes, what is chosen in it no"],
      ["Y", "the rest of the screen is yes, what is chosen no"],
      ["N", "the rest of the screen is no, what is chosen yes"],
    ],
  ],
  [
    "Elsewhere",
    [
      ["1 to 6", "the six orders"],
      ["f", "filters"],
      ["/", "search"],
      ["m", "more like this"],
      ["r", "the list anew"],
      ["b", "all tags"],
      ["?", "these keys"],
    ],
  ],
];

export function showKeys() {
  const groups = TOLD.map(([name, keys]) =>
    element(
      "section",
      {},
      element("h3", {}, name),
      element(
        "dl",
        {},
        keys.flatMap(([names, does]) => [
          element(
            "dt",
            {},
            names.split(", ").map((one) => element("kbd", {}, one)),
          ),
          element("dd", {}, does),
        ]),
      ),
    ),
  );
  openDialog("Keys", element("div", { class: "keys" }, groups));
}

export const keysButton = (show) =>
  button([element("span", {}, "Keys "), key("?")], show, { class: "quiet keys-button" });

/** The few keys of a list of links, below it. */
export const hints = (other) =>
  element(
    "p",
    { class: "hints" },
    key("↑"),
    " ",
    key("↓"),
    ` ${other} `,
    key("Enter"),
    " open ",
    key("/"),
    " search ",
    key("?"),
    " all keys",
  );

/** A window above the page that Esc closes; what had the focus has it again. */
export function openDialog(title, ...contents) {
  const close = button("Close", () => dialog.close(), { class: "close" });
  const dialog = element(
    "dialog",
    { "aria-label": title, onclose: () => dialog.remove() },
    element("header", {}, element("h2", {}, title), close),
    ...contents,
  );
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** The key of an event: a letter is large by Shift alone, so that a locked Caps Lock answers no screens. */
export function keyOf({ key, code, shiftKey }) {
  const isElsewhere = /^Key[A-Z]$/.test(code) && !/^[a-z]$/i.test(key); // on a keyboard of other letters
  const letter = isElsewhere ? code.at(-1) : key;
  if (!/^[a-z]$/i.test(letter)) return key;
  return shiftKey ? letter.toUpperCase() : letter.toLowerCase();
}

/** Whether a key belongs to what has the focus, and not to the page. */
export function isTaken(event) {
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.isComposing ||
    document.querySelector("dialog[open]")
  )
    return true;
  const { target } = event;
  if (target.closest("input, select, textarea")) return event.key !== "Escape";
  return (event.key === "Enter" || event.key === " ") && target.closest("a, button, summary") !== null;
}
