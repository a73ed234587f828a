// The workflows that runs can be started of, each as a flow.

import { get } from "./api.js";
import { fill, h, wide } from "./dom.js";
import { flow, stages } from "./flow.js";

export async function workflows(place, { signal }) {
  const found = await get("v1/workflows", signal);
  fill(place, h("h1", {}, "Workflows"), h("ul", { class: "rows" }, found.map((each) => h("li", {},
    h("a", { href: `#/workflows/${each.name}` }, each.name), h("span", {}, each.description), h("span", { class: "hint" }, `version ${each.version}`)))));
}

export async function workflow(place, { parts: [name], signal }) {
  const [found, agents] = await Promise.all([get(`v1/workflows/${encodeURIComponent(name)}`, signal), get("v1/agents", signal)]);
  const shape = stages(found.definition.do);
  const used = agents.filter((each) => shape.some((stage) => stage.agent === each.name));
  fill(place,
    h("h1", {}, found.name), h("p", {}, found.description),
    wide("Stages", flow(shape)),
    h("h2", {}, "Agents in it"), wide("Agents in it", h("table", {},
      h("thead", {}, h("tr", {}, ["Agent", "Queue", "What it does", "Seconds at most"].map((each) => h("th", { scope: "col" }, each)))),
      h("tbody", {}, used.map((each) => h("tr", {}, h("th", { scope: "row" }, each.name), h("td", {}, each.queue), h("td", {}, each.description), h("td", { class: "number" }, String(each.timeout_seconds))))))),
    h("details", {}, h("summary", {}, "Input"), h("pre", {}, JSON.stringify(found.input, null, 2))),
    h("details", {}, h("summary", {}, "Definition"), h("pre", {}, JSON.stringify(found.definition, null, 2))));
}
