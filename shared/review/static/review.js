// Where the page begins: one view at a time, told by the address after the #.

import { Archives } from "./archives.js";
import { enter } from "./api.js";
import { Answers } from "./answers.js";
import { Board } from "./board.js";
import { element } from "./dom.js";
import { isTaken, keyOf, showKeys } from "./keys.js";
import { Pictures } from "./pictures.js";

const QUIET = 12_000; // milliseconds until what went wrong is no news any more
const [top, main, acts, said, wrong] = ["top", "main", "acts", "said", "wrong"].map((id) =>
  document.getElementById(id),
);
let view = null;
let forgetting = 0;

function say(words) {
  said.replaceChildren(words);
}

function fail(words) {
  wrong.replaceChildren(words);
  clearTimeout(forgetting);
  forgetting = setTimeout(() => wrong.replaceChildren(), QUIET);
}

const answers = new Answers({
  shown: (pictures) => view?.shown?.(pictures),
  counted: (tag, reply) => view?.counted?.(tag, reply),
  said: say,
  failed: fail,
});

const world = { said: say, failed: fail, answers, showKeys };

function viewOf(path, route) {
  const [, kind = "", id = null] = path.split("/");
  if (kind === "tags" && /^\d+$/.test(id ?? ""))
    return new Pictures({ ...world, tag: Number(id), path, route });
  if (kind === "pictures") return new Pictures({ ...world, tag: null, path, route });
  if (kind === "archives") return new Archives({ ...world, route });
  return new Board(world);
}

async function show() {
  const [path, asked = ""] = (location.hash.slice(1) || "/").split("?");
  const route = new URLSearchParams(asked);
  if (view?.path === path && view.go) return view.go(route);
  view?.leave();
  say("");
  view = viewOf(path, route);
  view.path = path;
  top.replaceChildren(...view.top);
  main.replaceChildren(...view.main);
  acts.replaceChildren(...view.acts);
  const shown = view;
  try {
    await shown.start();
  } catch (error) {
    if (error.name !== "AbortError" && view === shown)
      main.replaceChildren(element("p", { class: "error", role: "alert" }, error.message));
  }
}

const elsewhere = {
  "?": showKeys,
  b: () => (location.hash = "#/"),
  "/": () => document.querySelector("[type=search]")?.focus(),
};

document.addEventListener("keydown", (event) => {
  if (isTaken(event)) return;
  const key = keyOf(event);
  if (elsewhere[key]) elsewhere[key]();
  else if (key === "Escape" && event.target.closest("input, select")) main.focus();
  else if (!view?.pressed(key, event)) return;
  event.preventDefault();
});

window.addEventListener("beforeunload", (event) => answers.isWaiting && event.preventDefault());
window.addEventListener("hashchange", show);

try {
  await enter();
  await show();
} catch (error) {
  main.replaceChildren(element("p", { class: "error", role: "alert" }, error.message));
}
