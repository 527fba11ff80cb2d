// Elements and words. Text from outside comes in as children, which are always text, never markup.

/** Make an element: `on…` are listeners, all else attributes; null and false are left out. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A button that gives the keys back to the page when a mouse has pressed it. */
export function button(label, act, attributes = {}) {
  const press = (event) => {
    if (event.detail > 0) event.currentTarget.blur();
    act(event);
  };
  return element("button", { type: "button", ...attributes, onclick: press }, label);
}

/** Give something the focus, unless somebody is typing. */
export function focusOn(target) {
  if (!document.activeElement?.closest("input, select")) target?.focus({ preventScroll: true });
}

/** What a key is called, as a small cap beside a word. */
export const key = (name) => element("kbd", { "aria-hidden": "true" }, name);

export const count = (number) => number.toLocaleString("en");

/** "1 picture", "1,204 pictures". */
export const many = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

/** A score as the other pages of this project write it; less than a score can be known stays legible. */
export const score = (value) => value.toFixed(3);

/** A bar from 0 to 1: a share, a score, or an interval with a mark in it. */
export function bar(from, to, marks = []) {
  const filled = element("span", { class: "filled" });
  filled.style.left = `${from * 100}%`;
  filled.style.width = `${(to - from) * 100}%`;
  const made = element("span", { class: "scale", "aria-hidden": "true" }, filled);
  for (const [name, value] of marks) {
    const mark = element("span", { class: name });
    mark.style.left = `${value * 100}%`;
    made.append(mark);
  }
  return made;
}

/** Average precision with its interval, in words and as a bar. */
export function precision(figure) {
  if (!figure) return element("span", { class: "soft" }, "not measured yet");
  const { value, low, high } = figure;
  return element(
    "span",
    { class: "precision" },
    element("strong", {}, score(value)),
    element("span", { class: "soft" }, ` ${score(low)} to ${score(high)}`),
    bar(low, high, [["at", value]]),
  );
}
