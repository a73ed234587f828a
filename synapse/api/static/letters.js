// Messages that queues gave up: why, what they were about, and what to do with them.

import { get, post, remove } from "./api.js";
import { empty, fill, h, say, trouble, wide } from "./dom.js";
import { ago, when } from "./format.js";

export async function letters(place, { signal }) {
  const list = h("div"), shown = h("div");

  async function load() {
    const page = await get("v1/dead-letters?limit=100", signal);
    fill(list, page.letters.length ? table(page.letters) : empty("No dead letters", h("p", {}, "Every message was understood by somebody.")));
  }

  const act = (work, done) => async () => {
    try {
      await work();
      say(done);
      fill(shown);
      await load();
    } catch (error) {
      fill(shown, trouble(error));
    }
  };

  const table = (some) => wide("Dead letters", h("table", {},
    h("thead", {}, h("tr", {}, ["Died", "Queue", "Reason", "About", ""].map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", {}, some.map((each) => h("tr", {},
      h("td", { title: when(each.died_at) }, ago(each.died_at)), h("td", {}, each.queue), h("td", {}, each.reason),
      h("td", {}, each.run ? h("a", { href: `#/runs/${each.run}` }, `${each.run.slice(0, 8)} ${each.step ?? ""}`) : "unknown"),
      h("td", { class: "actions" },
        h("button", { type: "button", click: () => open(each.id) }, "Look"),
        h("button", { type: "button", click: act(() => post(`v1/dead-letters/${each.id}/requeue`), "Sent again") }, "Send again"),
        h("button", { type: "button", click: act(() => remove(`v1/dead-letters/${each.id}`), "Dropped") }, "Drop")))))));

  async function open(id) {
    try {
      const letter = await get(`v1/dead-letters/${id}`, signal);
      fill(shown, h("div", { class: "card" }, h("div", { class: "head" }, h("h2", {}, `Letter ${id}`), h("button", { type: "button", click: () => fill(shown) }, "Close")), h("pre", {}, JSON.stringify(letter, null, 2))));
    } catch (error) {
      fill(shown, trouble(error));
    }
  }

  await load();
  fill(place, h("h1", {}, "Dead letters"), h("p", { class: "hint" }, "What a queue could not deliver. A lost hint needs nothing of you: the reconciler has sent another."), shown, list);
}
