// What is said to the server, and in which order. Errors are one sentence, the server's own where it gave one.

export class ServerError extends Error {
  /** `isUnreachable`: nobody answered, so what waits behind it would fail as well. */
  constructor(sentence, isUnreachable = false) {
    super(sentence);
    this.isUnreachable = isUnreachable;
  }
}

async function ask(path, options = {}) {
  let reply;
  try {
    reply = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    if (options.signal?.aborted) throw new DOMException("no longer wanted", "AbortError");
    throw new ServerError("The server does not answer: is review.py still running?", true);
  }
  const body = await reply.json().catch(() => null);
  if (!reply.ok) throw new ServerError(body?.error ?? `The server said ${reply.status} to ${path}.`);
  if (body === null) throw new ServerError(`The server's answer to ${path} cannot be read.`);
  return body;
}

/** Ask for something; what is null or empty is no question. */
export function get(path, questions = {}, signal = undefined) {
  const asked = Object.entries(questions).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  const query = new URLSearchParams(asked).toString();
  return ask(query ? `${path}?${query}` : path, { signal });
}

export function post(path, body = {}) {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Exchange the token of the address bar, which works once, for a cookie. */
export async function enter() {
  const address = new URL(location.href);
  const token = address.searchParams.get("token");
  if (token === null) return;
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
  await post("/session", { token });
}

/** Sends one thing after the other, so that what is on the disk is what the keys said, in their order. */
export class Line {
  #waiting = [];
  #isSending = false;

  get length() {
    return this.#waiting.length + (this.#isSending ? 1 : 0);
  }

  /** `failed` takes back what the page has shown already. */
  put(send, done, failed) {
    this.#waiting.push({ send, done, failed });
    if (!this.#isSending) this.#run();
  }

  async #run() {
    this.#isSending = true;
    while (this.#waiting.length) {
      const { send, done, failed } = this.#waiting.shift();
      try {
        done(await send());
      } catch (error) {
        // The last is taken back first: each then finds what it has changed.
        if (error.isUnreachable)
          this.#waiting
            .splice(0)
            .reverse()
            .forEach((one) => one.failed(error));
        failed(error);
      }
    }
    this.#isSending = false;
  }
}
