// Whether everything answers that a run needs, and what is under way.

import { request } from "./api.js";
import { fill, h } from "./dom.js";

const EVERY = 5000;

function verdict({ ok, degraded }) {
  if (!ok) return "The database does not answer: nothing can be asked or begun.";
  return degraded ? "Runs are taken, and wait for what does not answer." : "Everything that a run needs answers.";
}

export async function health(place, { signal }) {
  async function draw() {
    // A system that is not ready answers 503 with the same body; that is what is to be shown here.
    const response = await request("readyz", { signal }).catch((error) => {
      if (error.status !== 503) throw error;
      return { json: async () => error.problem };
    });
    const told = await response.json();
    fill(place, h("h1", {}, "Health"),
      h("p", { class: `notice ${told.ok && !told.degraded ? "good" : "bad"}` }, verdict(told)),
      h("ul", { class: "rows" }, (told.checks ?? []).map((each) => h("li", {}, h("strong", {}, each.name), h("span", { class: `state ${each.ok ? "succeeded" : "failed"}` }, each.ok ? "ok" : "not ok"), h("span", { class: "hint" }, `${each.detail} ${each.ok ? "" : each.remedy ?? ""}`)))),
      h("p", { class: "hint" }, "Looks again every five seconds. Numbers are at ", h("a", { href: "metrics" }, "/metrics"), ", the API's own page at ", h("a", { href: "docs" }, "/docs"), "."));
  }
  await draw();
  const timer = setInterval(() => { if (!document.hidden) draw().catch(() => {}); }, EVERY);
  signal.addEventListener("abort", () => clearInterval(timer));
}
