// When each step waited and ran: a bar for every try, on one scale.

import { h, svg } from "./dom.js";
import { duration } from "./format.js";

const WIDTH = 1000;

/** A table of the steps with their bars; `choose` is called with a step's path. */
export function timeline(run, now, choose) {
  const from = run.startedAt ?? now;
  const scale = WIDTH / Math.max(1, (run.endedAt ?? now) - from);
  return h("table", { class: "timeline" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Step"), h("th", { scope: "col" }, "State"), h("th", { scope: "col", class: "number" }, "Took"), h("th", { scope: "col", class: "wide" }, "When"))),
    h("tbody", {}, [...run.steps.values()].map((step) => h("tr", {},
      h("th", { scope: "row" }, h("button", { type: "button", class: "plain", id: `step-${step.path}`, click: () => choose(step.path) }, step.path)),
      h("td", {}, h("span", { class: `state ${step.state}` }, step.state, step.tries.length > 1 ? ` (${step.tries.length} tries)` : "")),
      h("td", { class: "number" }, spent(step, now)),
      h("td", { class: "wide" }, bars(step, from, scale, now))))));
}

function spent(step, now) {
  const total = step.tries.reduce((sum, each) => sum + (each.endedAt ?? now) - each.startedAt, 0);
  return step.tries.length ? duration(total) : "";
}

function bars(step, from, scale, now) {
  const drawn = svg("svg", { viewBox: `0 0 ${WIDTH} 10`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const bar = (start, end, kind) => drawn.append(svg("rect", { x: (start - from) * scale, y: 1, width: Math.max(2, (end - start) * scale), height: 8, class: kind }));
  for (const each of step.tries) {
    if (each.readyAt !== null && each.readyAt < each.startedAt) bar(each.readyAt, each.startedAt, "queued");
    bar(each.startedAt, each.endedAt ?? now, each.state);
  }
  if (step.state === "ready" && step.readyAt !== null) bar(step.readyAt, now, "queued");
  return drawn;
}
