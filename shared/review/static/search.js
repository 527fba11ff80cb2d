// The field in which one looks for a part of a name or archive, with a tag in hand or without.

import { element } from "./dom.js";

export function searchForm(tag, text = "") {
  const field = element("input", {
    type: "search",
    name: "text",
    value: text,
    placeholder: "name or archive",
    "aria-label": "search names and archives",
    autocomplete: "off",
  });
  const go = (event) => {
    event.preventDefault();
    field.blur();
    const asked = new URLSearchParams({ find: field.value.trim() });
    if (field.value.trim()) location.hash = tag === null ? `#/pictures?${asked}` : `#/tags/${tag}?${asked}`;
  };
  return element(
    "form",
    { role: "search", class: "inline search", onsubmit: go },
    field,
    element("button", {}, "Search"),
  );
}
