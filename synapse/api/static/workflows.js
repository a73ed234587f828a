// The workflows that runs can be started of: their versions, each drawn, and whether it can be run here.

import { get, post } from "./api.js";
import { fill, h, trouble, wide } from "./dom.js";
import { stages } from "./flow.js";
import { when } from "./format.js";
import { graph } from "./graph.js";

const FROM = { builtin: "ships with Synapse", file: "a file of the operator's", tenant: "your own" };

export async function workflows(place, { signal }) {
  const found = await get("v1/workflows", signal);
  fill(place,
    h("div", { class: "head" }, h("h1", {}, "Workflows"), h("a", { class: "button", href: "#/workflows/_check" }, "Check a definition")),
    h("ul", { class: "rows" }, found.map((each) => h("li", {},
      h("a", { href: address(each.name) }, each.name), h("span", {}, each.description), h("span", { class: "hint" }, `version ${each.version}, ${FROM[each.source] ?? each.source}`)))));
}

export async function workflow(place, { parts: [name], query, signal }) {
  const at = `v1/workflows/${encodeURIComponent(name)}`;
  const wanted = query.get("version");
  const [found, kept, agents] = await Promise.all([
    get(wanted ? `${at}/versions/${encodeURIComponent(wanted)}` : at, signal), get(`${at}/versions`, signal), get("v1/agents", signal)]);
  const validity = await post("v1/workflows/validate", found.definition).then(verdict, trouble);
  fill(place,
    h("div", { class: "head" }, h("h1", {}, `${found.name}, version ${found.version}`), h("a", { class: "button", href: `#/workflows/_check?from=${encodeURIComponent(name)}&version=${found.version}` }, "Change it")),
    h("p", {}, found.description), validity,
    picture(found.definition.do, agents),
    h("h2", {}, "Versions"), versions(kept, found.version), changes(at, kept, found.version, signal),
    h("details", {}, h("summary", {}, "Input"), h("pre", {}, JSON.stringify(found.input, null, 2))),
    h("details", {}, h("summary", {}, "Definition"), h("pre", {}, JSON.stringify(found.definition, null, 2))));
}

/** A definition's tree as a drawing, and its steps as a table. */
export function picture(tree, agents) {
  const known = new Map(agents.map((each) => [each.name, each]));
  const columns = ["Step", "Agent", "Queue", "What it does", "Runs", "Seconds at most"];
  return [
    wide("Graph", graph(tree, "The workflow as a graph; the table below has the same steps")),
    h("h2", {}, "Steps"), wide("Steps", h("table", {},
      h("thead", {}, h("tr", {}, columns.map((each) => h("th", { scope: "col", class: each === "Seconds at most" ? "number" : null }, each)))),
      h("tbody", {}, stages(tree).map((each) => h("tr", {}, h("th", { scope: "row" }, each.name), h("td", {}, each.agent), h("td", {}, known.get(each.agent)?.queue ?? ""), h("td", {}, known.get(each.agent)?.description ?? ""),
        h("td", {}, [each.many ? `for each of ${each.many}` : "", each.perhaps ? `when ${each.perhaps}` : ""].filter(Boolean).join(", ") || "always"), h("td", { class: "number" }, String(known.get(each.agent)?.timeout_seconds ?? ""))))))),
  ];
}

/** Whether a definition can be run here, and every fault by its place. */
export function verdict(told) {
  if (told.valid) return h("p", { class: "notice good", role: "status" }, "Valid: runs can be started of it here.");
  return h("div", { class: "notice bad", role: "alert" }, h("strong", {}, "Not valid: runs cannot be started of it here."),
    h("ul", {}, told.faults.map((each) => h("li", {}, h("code", {}, each.path || "the whole"), ` ${each.detail}`, each.remedy ? ` What helps: ${each.remedy}.` : ""))));
}

function versions(kept, shown) {
  return wide("Versions", h("table", {},
    h("thead", {}, h("tr", {}, ["Version", "Made", "By", "Digest"].map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", {}, kept.versions.map((each) => h("tr", {},
      h("th", { scope: "row" }, h("a", { href: address(kept.name, each.version), "aria-current": each.version === shown ? "true" : null }, String(each.version)), each.version === shown ? " shown" : ""),
      h("td", {}, each.created_at ? when(each.created_at) : FROM[kept.source]), h("td", {}, each.created_by ?? ""), h("td", {}, h("code", {}, each.digest.slice(0, 12))))))));
}

/** How the shown version differs from the one before it, asked for when it is looked at. */
function changes(at, kept, shown, signal) {
  const before = kept.versions.map((each) => each.version).filter((each) => each < shown)[0];
  if (before === undefined) return null;
  const told = h("div");
  return h("details", { toggle: async (event) => {
    if (!event.target.open || told.childElementCount) return;
    await get(`${at}/diff?before=${before}&after=${shown}`, signal).then((found) => fill(told, h("pre", {}, found.text)), (error) => fill(told, trouble(error)));
  } }, h("summary", {}, `What changed since version ${before}`), told);
}

function address(name, version = null) {
  return `#/workflows/${encodeURIComponent(name)}${version === null ? "" : `?version=${version}`}`;
}
