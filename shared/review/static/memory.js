// What this browser remembers from one evening to the next: where one was, and how large tiles are.

const NAME = "review";
const MOST_PLACES = 100;

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(NAME)) ?? {};
  } catch {
    return {};
  }
}

function remember(changes) {
  try {
    localStorage.setItem(NAME, JSON.stringify({ ...remembered(), ...changes }));
  } catch {
    // A browser that keeps nothing forgets where one was, and is as good otherwise.
  }
}

export const setting = (name, otherwise) => remembered()[name] ?? otherwise;
export const set = (name, value) => remember({ [name]: value });

/** Where in a list one was: by its address, and the number of the picture. */
export const placeIn = (list) => remembered().places?.[list] ?? 0;

export function leavePlace(list, number) {
  const { [list]: _, ...others } = remembered().places ?? {};
  const kept = Object.entries(others).slice(1 - MOST_PLACES);
  remember({ places: Object.fromEntries(number ? [...kept, [list, number]] : kept) });
}
