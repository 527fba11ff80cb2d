// A tag for chosen pictures: a new one, or one that there is.

import { get, post } from "./api.js";
import { element, many } from "./dom.js";
import { openDialog } from "./keys.js";

/** Ask for a tag; `given(tag)` hears of it. */
export async function askForTag(pictures, given) {
  const field = element("input", {
    name: "name",
    required: true,
    autocomplete: "off",
    maxlength: "200",
    list: "known-tags",
    "aria-label": "name of the tag",
  });
  const known = element("datalist", { id: "known-tags" });
  const wrong = element("p", { class: "error", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    const name = field.value.trim();
    try {
      const { tags } = await get("/api/board");
      const tag = tags.find((one) => one.name === name) ?? (await post("/api/tags", { name }));
      dialog.close();
      given(tag);
    } catch (error) {
      wrong.replaceChildren(error.message);
    }
  };
  const dialog = openDialog(
    "Which tag is this?",
    element(
      "p",
      {},
      `${many(pictures.length, "picture")} will be a yes of it. A name that is new makes a new tag.`,
    ),
    element(
      "form",
      { class: "inline", onsubmit: submit },
      field,
      known,
      element("button", { class: "main" }, "Yes, all"),
    ),
    wrong,
  );
  field.focus();
  const { tags } = await get("/api/board").catch(() => ({ tags: [] }));
  known.append(...tags.map(({ name }) => element("option", { value: name })));
}
