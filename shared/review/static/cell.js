// A picture of the grid: the thumbnail, its score, what a person has answered.

import { bar, element, score } from "./dom.js";

export const MARKS = { yes: "✓", no: "✕", skip: "–" };

/** Fill a cell; one that shows the picture already is told only what has changed. */
export function paintCell(cell, picture, threshold) {
  if (cell.dataset.picture !== (picture?.id ?? "")) {
    cell.dataset.picture = picture?.id ?? "";
    cell.replaceChildren(...(picture ? contents(picture, threshold) : []));
    delete cell.dataset.answer;
  }
  if (!picture) return;
  const answer = picture.answer ?? "";
  if (cell.dataset.answer === answer) return;
  cell.dataset.answer = answer;
  cell
    .querySelector(".mark")
    .replaceChildren(...(answer ? [MARKS[answer], hidden(` answered ${answer} `)] : []));
}

/** Whether a picture is so small that its pixels are shown as they are. */
export const isTiny = (picture) => Math.max(picture?.width ?? 0, picture?.height ?? 0) <= 128;

const hidden = (words) => element("span", { class: "hidden" }, words);

function contents(picture, threshold) {
  const image = element("img", {
    alt: picture.alt,
    decoding: "async",
    draggable: "false",
    class: isTiny(picture) ? "tiny" : null,
  });
  image.src = `/thumbnails/${picture.id}/256`;
  const value = picture.likeness ?? picture.score ?? null;
  const figures =
    value === null ? null : element("strong", { class: picture.is_decided ? "decided" : null }, score(value));
  const place = picture.archive ? `${picture.archive.name} › ${picture.name}` : picture.name;
  const caption = element(
    "div",
    { class: "caption" },
    figures,
    element("span", { class: "name", title: place }, picture.name),
  );
  const marks = picture.likeness === undefined && threshold !== null ? [["cut", threshold]] : [];
  const scale = value === null ? null : bar(0, Math.max(0, Math.min(1, value)), marks);
  const open = element(
    "button",
    { type: "button", class: "open", tabindex: "-1", "aria-label": "large" },
    "⤢",
  ); // Enter, for the mouse
  return [
    element("div", { class: "frame" }, image, element("span", { class: "mark" }), open),
    scale,
    caption,
  ].filter(Boolean);
}
